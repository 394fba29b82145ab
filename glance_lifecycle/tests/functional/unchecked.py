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

"""Sources without the first wall, by which the second one is tested.

They run in the child process, which loads them by name as it does any other.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import ctypes
import errno
import functools
import json
import os
import pathlib
import socket
import subprocess
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats.foreign import source as foreign_source
from glance_lifecycle.transfer.formats.foreign import tables
from glance_lifecycle.transfer import source

HERE = 'glance_lifecycle.tests.functional.unchecked:'


class Unchecked(foreign_source.ForeignSource):
    """Neither inspected nor walked; qemu-img gets it as it is.

    :param naive: and is not told that there is no parent, nor which format
        it is to be
    """

    def __init__(self, fd: int, *, naive: bool = True,
                 **options: Any) -> None:
        self._naive = naive
        super().__init__(fd, **options)

    def _check(self, max_virtual_size: int | None) -> None:
        size = 1 << 20
        self._file_size = os.fstat(self._fd).st_size
        self._layout = tables.Layout((size,), size)
        self.virtual_size = size
        self._bytes_read = 0

    def _description(self) -> str:
        if self._naive:
            return '/proc/self/fd/%d' % self._fd
        return super()._description()


class Escaping(source.Source):
    """Runs as if the image had taken the process over: tries everything.

    :param attempts: of ATTEMPTS the name, and what it is tried on
    :param read: what it reaches, and whether it has a network
    :raises SourceError: always; its text is JSON, what became of each
    """

    disk_format = 'raw'

    def __init__(self, fd: int, *, attempts: list[list[str]],
                 **_options: Any) -> None:
        self._fd = fd
        found = []
        for name, where in attempts:
            try:
                self.attempt(name, where)
                found.append('done')
            except OSError as error:
                found.append(os.strerror(error.errno or 0))
        raise exceptions.SourceError(detail=json.dumps(found))

    def attempt(self, name: str, where: str) -> None:
        ATTEMPTS[name](where)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return confine.Reach(read=tuple(options.get('read', ())),
                             network=options.get('network', False))

    def extents(self) -> Iterator[extents.Extent]:
        raise NotImplementedError

    def read_into(self, offset: int, buffer: memoryview) -> None:
        raise NotImplementedError

    @property
    def bytes_read(self) -> int:
        return 0

    def close(self) -> None:
        os.close(self._fd)


class EscapingConverter(Escaping):
    """The same in a process that is to run qemu-img."""

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return foreign_source.ForeignSource.reach(options)

    @classmethod
    def reserve(cls, options: dict[str, Any]) -> dict[str, int]:
        return foreign_source.ForeignSource.reserve(options)


def _call(what: str) -> None:
    """A function of the C library by its name; numbers, texts, - for none."""
    name, *words = what.split()
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*(
            None if word == '-' else ctypes.c_long(int(word))
            if word.lstrip('-').isdigit() else word.encode()
            for word in words)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def any_of(found: Iterable[Callable[[], object]]) -> None:
    """The first that succeeds; else as the last one.

    But for a process that ended meanwhile: this is no denial.
    """
    last = OSError(errno.ENOENT, '')
    for attempt in found:
        try:
            attempt()
            return
        except ProcessLookupError:
            continue
        except OSError as error:
            last = error
    raise last


def _open(path: str, directory: int | None = None) -> None:
    os.close(os.open(path, os.O_RDONLY, dir_fd=directory))


def _from_descriptors(path: str) -> None:
    """Upwards from all that are open."""
    up = '../' * 20 + path.lstrip('/')
    any_of(functools.partial(_open, up, fd) for fd in range(256))


def _from_directory(where: str) -> None:
    """Upwards from a directory that may be opened."""
    directory, _, path = where.partition(':')
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _open('../' * 20 + path.lstrip('/'), fd)
    finally:
        os.close(fd)


def _through_processes(path: str) -> None:
    """By the links that lead through every other process."""
    own = str(os.getpid())
    any_of(functools.partial(_open, f'/proc/{pid}/{path}')
         for pid in os.listdir('/proc') if pid.isdigit() and pid != own)


def _connect(where: str) -> None:
    host, _, port = where.rpartition(':')
    socket.create_connection((host, int(port)), 1).close()


def _connect_path(where: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(where)


ATTEMPTS: dict[str, Callable[[str], Any]] = {
    'read': lambda path: pathlib.Path(path).read_bytes(),
    'list': os.listdir,
    'create': lambda path: pathlib.Path(path).write_bytes(b'x'),
    'append': lambda path: os.close(os.open(path, os.O_WRONLY)),
    'remove': os.unlink,
    'mkdir': os.mkdir,
    'fifo': os.mkfifo,
    'symlink': lambda path: os.symlink('/etc/passwd', path),
    'run': lambda path: subprocess.run([path, '--version'], check=False,
                                       stdout=subprocess.DEVNULL),
    'kill': lambda pid: os.kill(int(pid), 0),
    'connect': _connect,
    'connect-path': _connect_path,
    'connect-abstract': lambda name: _connect_path('\0' + name),
    'call': _call,
    'from-descriptors': _from_descriptors,
    'from-directory': _from_directory,
    'through-processes': _through_processes,
}
