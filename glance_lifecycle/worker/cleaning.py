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

"""What is left on this host of images that need it no more.

Staged files, and what is known of verified copies. Journals are not here: they
are removed by ``recovery``, with the last that they tell of. Glance removes
staged files of deleted images too, but only as glance-api starts, and none of
an image that is there: what a killed process or a failed copy-image has staged
of an active one stays for ever.

Nothing is removed because an answer is empty. Of a file that is removed the
Image API says, and the database of this host's Glance, that its image is gone,
or is stored and nobody works on it; nobody has it open; and nothing has been
written to it for long.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import os
import re
import stat
import time
from typing import TYPE_CHECKING

from oslo_log import log as logging

from glance_lifecycle.audit import drift
from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle.transfer import lease
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker import reconcile

if TYPE_CHECKING:
    from glance_lifecycle import glance_host

LOG = logging.getLogger(__name__)

# As Glance names them: what is converted or unpacked has something after it.
_NAME = re.compile(
    r'([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(\..*)?',
    re.DOTALL)

_GONE = 'an image that is gone'


@dataclasses.dataclass(frozen=True, slots=True)
class Places:
    """Where things lie on a host of glance-api.

    :ivar staging: the staging directory
    :ivar state_dir: of ``[lifecycle]``
    :ivar state: what the database of this Glance says of an image; None if
        that is gone
    """

    staging: str
    state_dir: str
    state: Callable[[str], glance_host.ImageState | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Removed:
    """Something that was removed, or would be.

    :ivar what: for people, without its path
    :ivar size: bytes
    """

    image_id: str
    what: str
    size: int


class Cleaner:
    """Looks at one host.

    :param stale_after: seconds since a staged file was written; 0 to leave
        these
    :ivar act: False to say only what would be removed
    """

    def __init__(self, places: Places, cloud: clouds.Cloud,
                 stale_after: float, *, act: bool) -> None:
        self._places = places
        self._cloud = cloud
        self._stale_after = stale_after
        self.act = act

    def clean(self) -> Iterator[Removed]:
        """Each thing once it is removed.

        :raises LifecycleError: the Image API or the database cannot be asked
        :raises OSError: a directory cannot be read
        """
        if self.act:
            verified.remove_temporary(self._places.state_dir)
        records = verified.listed(self._places.state_dir)
        staged = list(self._staged()) if self._stale_after else []
        ids = {*records, *(image_id for image_id, _name in staged)}
        if not ids:
            return
        if not self._cloud.has_images():
            LOG.warning('The Image service shows no image at all, so that '
                        'nothing is removed of %d images that this host '
                        'knows.', len(ids))
            return
        shown = self._cloud.among(sorted(ids), self._sketch)
        for image_id in sorted(records.keys() - shown.keys()):
            if self._why(image_id) == _GONE:
                yield self._forget(image_id, records[image_id])
        for image_id, name in staged:
            if shown.get(image_id, True):
                yield from self._unstage(image_id, name)

    @staticmethod
    def _sketch(image: clouds.Image) -> bool:
        """All that is kept of one: whether it may need no staged file."""
        return image.get('status') in drift.SETTLED and not image.get(
            reconcile.LOCK)

    def _why(self, image_id: str, found: os.stat_result | None = None
             ) -> str:
        """Whose it is, where that needs it no more; else empty.

        :param found: of a staged file
        """
        image = self._cloud.image(image_id)
        state = self._places.state(image_id)
        if image is None and state is None:
            return _GONE
        if (image is None or state is None or state.lock
                or not self._sketch(image)
                or state.status not in drift.SETTLED):
            return ''
        if found is not None and any(
                _is_at(found, url) for url in state.locations.values()):
            # A store has the same directory.
            return ''
        return 'an image that is %s' % state.status

    # What is known of verified copies.

    def _forget(self, image_id: str, names: list[str]) -> Removed:
        size = sum(verified.size(self._places.state_dir, name)
                   for name in names)
        if self.act:
            for name in names:
                verified.remove(self._places.state_dir, name)
        return Removed(image_id, '%d records of verified copies of %s' % (
            len(names), _GONE), size)

    # Staged files.

    def _staged(self) -> Iterator[tuple[str, str]]:
        """Image and name of each that was not written to for long."""
        with _directory(self._places.staging) as parent:
            for name in sorted(os.listdir(parent)):
                match = _NAME.fullmatch(name)
                if match and self._old(_status(name, parent)):
                    yield match.group(1), name

    def _old(self, found: os.stat_result | None) -> bool:
        return (found is not None and stat.S_ISREG(found.st_mode)
                and time.time() - found.st_mtime > self._stale_after)

    def _unstage(self, image_id: str, name: str) -> Iterator[Removed]:
        with _directory(self._places.staging) as parent:
            try:
                fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW
                             | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
            except OSError:
                # Removed by now, or a link, or not ours.
                return
            try:
                with _alone(fd, name) as still:
                    found = os.fstat(fd)
                    if not still() or not self._old(found):
                        return
                    why = self._why(image_id, found)
                    # Last: who wants it waits until it is closed.
                    if not why or not still() or not _same(
                            found, _status(name, parent)):
                        return
                    if self.act:
                        os.unlink(name, dir_fd=parent)
            finally:
                os.close(fd)
            yield Removed(image_id, 'staged file %s of %s' % (
                ascii(name[:100])[1:-1], why), found.st_size)


@contextlib.contextmanager
def _directory(path: str) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _alone(fd: int, name: str) -> Iterator[Callable[[], bool]]:
    """See ``lease.alone``; what has no lease is taken to be open."""
    with contextlib.ExitStack() as stack:
        try:
            still = stack.enter_context(lease.alone(fd))
        except OSError as error:
            LOG.debug('Staged file %(name)s is kept: it is open, or nobody '
                      'can tell (%(error)s).', {'name': ascii(name),
                                                'error': error.strerror})
            yield lambda: False
            return
        yield still


def _status(name: str, parent: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except OSError:
        return None


def _same(found: os.stat_result, now: os.stat_result | None) -> bool:
    return now is not None and os.path.samestat(found, now)


def _is_at(found: os.stat_result, url: str) -> bool:
    try:
        return url.startswith('file:') and os.path.samestat(
            found, os.stat(url.removeprefix('file://')))
    except OSError:
        return False


def said(removed: Removed, *, act: bool) -> str:
    """As a sentence."""
    return exceptions.sentence('%s, %d bytes, %s' % (
        removed.what[0].upper() + removed.what[1:], removed.size,
        'removed' if act else 'would be removed'))
