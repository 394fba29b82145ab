# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


"""The sink of every glance_store driver that has no sink of its own.

The driver's ``add`` runs in a thread and reads what ``write`` and ``zero``
hand over. It stores every byte, zeros too, and computes md5 and one more
hash of them, of which nothing is used: glance_store offers no way without.
Visibility is the driver's too: some show the object while it grows.

A driver does not tell what it makes, so what it made is known in one of two
ways. Where its location can be foretold, nothing was there when it began.
Otherwise it makes up a new name each time, which is on record when it is done.
"""

from collections.abc import Sequence
import importlib
import logging
import os
import threading
from typing import Any
import urllib.parse

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.driver import handover
from glance_lifecycle.transfer.backends.driver import store as driver_store
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

# Thrown away, so the cheapest that hashlib.new knows: 0.6 CPU seconds a
# GiB with the CPU's own instructions, where sha512 takes 1.4 and md5 1.6.
_HASH = 'sha1'

# Seconds until begin() stops waiting for the driver's first read. What goes
# wrong later is raised by the first write instead.
_START_TIMEOUT = 30.0

# Seconds that abort() gives a driver to notice. The thread is a daemon and
# dies with the child process, and the journal has the image undone.
_ABORT_TIMEOUT = 30.0


# In a mark: what is there is not ours, whatever the other marks say.
_NOT_OURS = 'not_ours'


def _explain(store: str, error: BaseException,
             doing: str = 'storing the image') -> exceptions.StoreError:
    """Our exception for what a driver raised.

    A driver's own text may hold a path, a URL with its key, or a page of
    HTML: it goes to the log, and the class name to the user.
    """
    if isinstance(error, exceptions.StoreError):
        return error
    if isinstance(error, OSError):
        return errors.store_error(store, doing, error)
    theirs = importlib.import_module('glance_store.exceptions')
    if isinstance(error, theirs.StorageFull):
        return exceptions.StoreFull(store=store, detail='its driver says so')
    if isinstance(error, theirs.Duplicate):
        return exceptions.StoreDuplicate(
            store=store, detail='its driver says so')
    if isinstance(error, theirs.StorageWriteDenied):
        return exceptions.StoreError(
            store=store, detail='permission to write was denied; check the '
            'rights of the user that Glance runs as')
    return exceptions.StoreError(
        store=store, detail='its driver raised %s; the log has the details' %
        type(error).__name__)


class DriverSink(sink.Sink):
    """One image streamed into one glance_store driver.

    ``abort`` after a commit that succeeded does nothing; ``undo`` takes
    such a copy back. Options: see ``driver_store.describe``.
    """

    # For all that is known here.
    late = True

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self._driver: Any = None
        self._handover = handover.Handover()
        self._thread: threading.Thread | None = None
        self._result: tuple[Any, ...] | None = None
        self._error: BaseException | None = None
        self._written = 0
        self._ended = False
        self._committed = False

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return driver_store.describe(conf, store)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return driver_store.reach(options)

    @classmethod
    def undo(cls, store: str, image_id: str, options: dict[str, Any],
             created: Sequence[sink.Mark]) -> bool:
        driver = driver_store.build(store, options)
        try:
            return _remove(driver, options['driver'], image_id, created)
        except Exception as error:
            LOG.exception('Cannot remove image %s from store %s.', image_id,
                          store)
            raise _explain(store, error, 'removing the image') from error

    @classmethod
    def absent(cls, store: str, image_id: str,
               options: dict[str, Any]) -> sink.Mark:
        """See Sink. Where its driver makes up new names, nothing ever is."""
        return _absent(driver_store.build(store, options), store,
                       options['driver'], image_id)

    @property
    def bytes_written(self) -> int:
        return self._written

    def begin(self, size: int, data_size: int | None = None) -> None:
        self._size = size
        self._driver = driver_store.build(self.store, self.options)
        if driver_store.is_foretold(self.options['driver']):
            self._made(_absent(self._driver, self.store,
                               self.options['driver'], self.image_id))
        self._thread = threading.Thread(
            target=self._add, name='store-%s' % self.store, daemon=True)
        self._thread.start()
        self._handover.wait_asked(_START_TIMEOUT)
        if self._error is not None:
            raise _explain(self.store, self._error) from self._error

    def write(self, offset: int, data: memoryview) -> None:
        self._after_giving(self._handover.give(data), len(data))

    def zero(self, offset: int, length: int) -> None:
        self._after_giving(self._handover.give_zeros(length), length)

    def commit(self) -> sink.Stored:
        if self._written != self._size or self._thread is None:
            raise exceptions.InternalError(
                detail='store %s was given %d of %d bytes' %
                (self.store, self._written, self._size))
        self._handover.finish()
        self._thread.join()
        if self._result is None:
            assert self._error is not None  # noqa: S101 - for mypy
            raise _explain(self.store, self._error) from self._error
        self._note_end()
        url, stored, _md5, _multihash, metadata = self._result
        if stored != self._size:
            raise exceptions.StoreError(
                store=self.store, detail='its driver stored %d of %d bytes' %
                (stored, self._size))
        self._committed = True
        return sink.Stored(url=url, metadata=dict(metadata))

    def abort(self) -> None:
        if self._committed:
            return
        self._handover.break_off()
        if self._thread is None:
            return
        self._thread.join(_ABORT_TIMEOUT)
        if self._thread.is_alive():
            LOG.error('Store %s does not let go of image %s; recovery, '
                      'or the next import of this image, removes what is left '
                      'of it.', self.store,
                      self.image_id)
            return
        try:
            self._note_end()
            if self._handover.was_asked:
                _remove(self._driver, self.options['driver'], self.image_id,
                        self.marks)
        except Exception:
            LOG.exception('Cannot remove image %s from store %s. '
                          'Recovery, or the next import of this image, '
                          'removes it.', self.image_id,
                          self.store)

    def _add(self) -> None:
        try:
            self._result = self._driver.add(
                self.image_id, self._handover, self._size, _HASH)
        except handover.Broken as error:
            self._error = error
        except BaseException as error:
            self._error = error
            LOG.exception('Store %s failed to add image %s.', self.store,
                          self.image_id)
        finally:
            self._handover.reader_left()

    def _after_giving(self, taken: bool, length: int) -> None:
        if taken:
            self._written += length
            return
        if self._error is not None:
            raise _explain(self.store, self._error) from self._error
        raise exceptions.StoreError(
            store=self.store, detail='its driver stopped reading after %d of '
            '%d bytes' % (self._written, self._size))

    def _note_end(self) -> None:
        """What the end of ``add`` says of what is there."""
        if self._ended:
            return
        self._ended = True
        theirs = importlib.import_module('glance_store.exceptions')
        if isinstance(self._error, theirs.Duplicate):
            # It came after we had looked.
            self._made({_NOT_OURS: True})
        elif self._result is not None:
            url = str(self._result[0])
            if not driver_store.is_foretold(self.options['driver']) and (
                    _is_plain(url)):
                self._made({'url': url})


def _is_plain(url: str) -> bool:
    """Whether a location can go into a journal: it holds no credential."""
    parts = urllib.parse.urlsplit(url)
    return '@' not in parts.netloc and not parts.query


def _absent(driver: Any, store: str, name: str, image_id: str) -> sink.Mark:
    theirs = importlib.import_module('glance_store.exceptions')
    try:
        for location in driver_store.locations_of_image(
                driver, name, image_id) or ():
            try:
                driver_store.look(driver, name, location)
            except theirs.NotFound:
                continue
            raise exceptions.StoreDuplicate(
                store=store, detail='an object named %s' % image_id)
    except exceptions.StoreError:
        raise
    except Exception as error:
        LOG.exception('Cannot look for image %s in store %s.', image_id,
                      store)
        raise _explain(store, error, 'looking for the image') from error
    return {'absent': True}


def _remove(driver: Any, name: str, image_id: str,
            created: Sequence[sink.Mark]) -> bool:
    if any(_NOT_OURS in mark for mark in created):
        return False
    locations = driver_store.locations_of_image(driver, name, image_id)
    if locations is None:
        urls = [mark['url'] for mark in created if 'url' in mark]
        if not urls:
            LOG.warning('Where the %s driver of store %s puts image %s is '
                        'known only to itself: if it was interrupted, look '
                        'for what it left.', name, driver.backend_group,
                        image_id)
        locations = [driver_store.location_of_url(driver, url)
                     for url in urls]
    else:
        locations = [one for one in locations
                     if sink.vouched(created, _made_at(name, one))]
    return any([_delete(driver, location) for location in locations])


def _made_at(name: str, location: Any) -> float:
    """When an object was made; of drivers that do not tell, long ago."""
    if name == 'file':
        try:
            return os.stat(location.store_location.path).st_ctime
        except FileNotFoundError:
            pass
    return 0.0


def _delete(driver: Any, location: Any) -> bool:
    theirs = importlib.import_module('glance_store.exceptions')
    try:
        driver.delete(location)
    except theirs.NotFound:
        return False
    return True
