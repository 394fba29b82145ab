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

"""A copy in any other store, read as glance_store's driver reads it.

One stream from its first byte to its last: what glance_store offers
everywhere. The child builds the driver from Glance's own configuration
files and reads its secrets there.
"""

from collections.abc import Iterator
import contextlib
import importlib
import threading
from typing import Any
import urllib.parse

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.driver import store as driver_store
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import extents


class StoredStream(stored.StoredSource):
    """What the driver's ``get`` yields, begun with the first read.

    :param driver: its name in ``glance_store.drivers``
    :param url: the location, which holds no user and password
    """

    def __init__(self, fd: int = -1, *, store: str, driver: str, url: str,
                 config_files: list[str], config_dirs: list[str],
                 size: int | None = None) -> None:
        super().__init__(fd, store=store, size=size)
        self._name = driver
        self._driver = driver_store.build(store, {
            'driver': driver, 'config_files': config_files,
            'config_dirs': config_dirs})
        with self._translated('looking for the copy'):
            self._location = driver_store.location_of_url(self._driver, url)
            # Some drivers answer 0 for whatever went wrong.
            self.virtual_size = int(
                self._driver.get_size(self._location) or size or 0)
        self.check_size()
        self._stream: Iterator[bytes] | None = None
        self._rest = memoryview(b'')
        self._position = 0
        self._turn = threading.Condition()
        self._broken = False

    @classmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        driver = (conf.enabled_backends or {}).get(store)
        if driver == 'http':
            # It only reads, which is all that is asked here.
            options = {'driver': driver, **settings.files(conf)}
        else:
            options = driver_store.describe(conf, store)
        if '@' in urllib.parse.urlsplit(url).netloc:
            raise exceptions.ConfigurationError(
                detail='store %s: its location holds a password, which is '
                'not passed on' % store)
        return {**options, 'store': store, 'url': url, 'size': size}

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return driver_store.reach(options)

    def extents(self) -> Iterator[extents.Extent]:
        if self.virtual_size:
            yield extents.Extent(0, self.virtual_size, extents.Kind.DATA)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Several threads ask, for one window after the other; each waits
        for its turn.
        """
        with self._turn:
            self._turn.wait_for(
                lambda: self._position == offset or self._broken)
            try:
                if self._broken:
                    raise self.failed('reading the copy',
                                      'an earlier read failed')
                with self._translated('reading the copy'):
                    self._fill(buffer)
                self._position += len(buffer)
                if self._position == self.virtual_size:
                    self._check_end()
            except BaseException:
                self._broken = True
                raise
            finally:
                self._turn.notify_all()

    @property
    def bytes_read(self) -> int:
        return self._position

    @property
    def fingerprint(self) -> str:
        return ''

    def close(self) -> None:
        """The stream goes with it; whoever waits is told."""
        with self._turn:
            self._broken = True
            self._stream = None
            self._turn.notify_all()

    def _fill(self, buffer: memoryview) -> None:
        if self._stream is None:
            stream, _size = self._driver.get(self._location)
            self._stream = iter(stream)
        done = 0
        while done < len(buffer):
            if not self._rest:
                self._rest = memoryview(self._next())
            part = self._rest[:len(buffer) - done]
            buffer[done:done + len(part)] = part
            self._rest = self._rest[len(part):]
            done += len(part)

    def _next(self) -> bytes:
        assert self._stream is not None  # noqa: S101 - for mypy
        for chunk in self._stream:
            if chunk:
                return chunk
        raise exceptions.CopyCorrupt(
            store=self.store, detail='it ended before byte %d'
            % self.virtual_size)

    def _check_end(self) -> None:
        if self._rest or (self._stream is not None
                          and any(self._stream)):
            raise exceptions.CopyCorrupt(
                store=self.store, detail='it goes on after byte %d'
                % self.virtual_size)

    @contextlib.contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Our errors for a driver's, whose text may hold a URL and a key."""
        try:
            yield
        except exceptions.LifecycleError:
            raise
        except Exception as error:
            raise self._explained(doing, error) from None

    def _explained(self, doing: str,
                   error: Exception) -> exceptions.StoreError:
        theirs = importlib.import_module('glance_store.exceptions')
        if isinstance(error, theirs.NotFound):
            return self.missing('the object')
        if isinstance(error, OSError):
            return errors.store_error(self.store, doing, error)
        return self.failed(doing, 'its %s driver raised %s' % (
            self._name, type(error).__name__))
