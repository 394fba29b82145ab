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

"""One listing of the images in use, shared by the processes of a host."""

from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import tempfile
import threading

# An id takes 40 bytes: a cloud of a million images in use.
_MAX_BYTES = 64 * 1024 ** 2


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """What was in use.

    :ivar taken: when the listing began, in seconds since 1970: what was
        booted since may not be in it
    """

    taken: float
    ids: frozenset[str]


class ListingFile:
    """The file of one provider; reading it again costs a stat().

    :param directory: made at the first write, for the service only
    """

    def __init__(self, directory: str, name: str) -> None:
        self._directory = pathlib.Path(directory)
        self._path = self._directory / (name + '.json')
        self._lock_path = self._directory / (name + '.lock')
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._listing: Listing | None = None

    def read(self) -> Listing | None:
        """None if there is none, or none that can be used."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            with self._lock:
                self._listing, self._seen = _load(self._path), seen
        return self._listing

    def write(self, taken: float, ids: Collection[str]) -> None:
        """Replace it, at once.

        :raises OSError: it cannot be written
        """
        self._make_directory()
        fd, name = tempfile.mkstemp(dir=self._directory)
        try:
            with open(fd, 'w', encoding='ascii') as file:
                json.dump({'taken': taken, 'ids': sorted(ids)}, file)
            os.replace(name, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """True for one process of the host at a time; never waits.

        :raises OSError: the lock cannot be made
        """
        self._make_directory()
        fd = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                     | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(fd)

    def _make_directory(self) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)


def _load(path: pathlib.Path) -> Listing | None:
    try:
        with path.open('rb') as file:
            data = json.loads(file.read(_MAX_BYTES))
        return Listing(float(data['taken']), frozenset(map(str, data['ids'])))
    except (OSError, ValueError, TypeError, KeyError):
        return None
