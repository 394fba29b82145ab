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

"""Formats that qemu-img decodes: VMDK, VHD, VHDX and VDI.

The image is inspected and its tables are walked (``layout``) before qemu-img
sees it. It is then told to read one file, by descriptor and without a
parent, runs under limits where it can open nothing else (``confine``), and
writes a sparse scratch file, which is read like any raw image.
"""

from collections.abc import Callable
from collections.abc import Iterator
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats.foreign import layout
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer.formats import raw
from glance_lifecycle.transfer import held
from glance_lifecycle.transfer import source

# Glance's disk_format -> qemu's name of the driver.
FORMATS = {'vmdk': 'vmdk', 'vhd': 'vpc', 'vhdx': 'vhdx', 'vdi': 'vdi'}

# Glance's staging cleaner knows ``<image id>.<anything>``.
SUFFIX = '.lifecycle-convert'

# qemu-img 7.2 needs 0.4 to 0.7 GiB of address space (not memory), for its
# libraries and its threads' stacks; the largest compressed grain that
# ``layout`` lets in needs 0.2 GiB more.
MEMORY_LIMIT = 2 << 30
CPU_LIMIT = 3600

# Seconds for any image, and bytes a second that the slowest store of staged
# files gives. A qemu-img that waits for something uses no CPU time.
WALL_LIMIT = 3600
SLOWEST = 4 << 20

POLL = 0.05
STDERR_KEPT = 4096
STDERR_SHOWN = 300

_NO_ROOM = 'No space left on device'

# What qemu-img, its loader and Python say under too low a limit.
_NO_MEMORY = ('Cannot allocate memory', 'failed to map', 'failed to allocate',
              'error while loading shared libraries', 'MemoryError',
              'Resource temporarily unavailable')


class ForeignSource(source.Source):
    """An image that ``prepare()`` converts into a scratch file.

    The constructor inspects, and refuses what can be refused without work;
    ``prepare`` must be called once before ``extents`` and ``read_into``.

    :param fd: regular file open for reading; owned by the source, also
        when the constructor raises
    :param disk_format: one of FORMATS
    :param image_id: names the scratch file
    :param scratch_dir: where the scratch file goes: Glance's staging
        directory
    :param max_virtual_size: largest size accepted, in bytes
    :param qemu_img: the program, by name or path
    :param memory_limit: of qemu-img, bytes of address space
    :param cpu_limit: of qemu-img, in seconds
    :param wall_limit: of qemu-img, in seconds, beside what the size needs
    :param scratch: what ``reserve`` made
    :raises ImageRefused: ``format-mismatch``, ``size-limit``, and the
        reasons of ``inspect.inspect`` and ``layout.check``
    :raises SourceError: the file cannot be read
    """

    def __init__(self, fd: int, *, disk_format: str, image_id: str,
                 scratch_dir: str, max_virtual_size: int | None = None,
                 qemu_img: str = 'qemu-img',
                 memory_limit: int = MEMORY_LIMIT,
                 cpu_limit: int = CPU_LIMIT,
                 wall_limit: float = WALL_LIMIT, scratch: int = -1) -> None:
        self._fd = fd
        self._reserved = scratch
        self._raw: raw.RawSource | None = None
        self._bytes_read = 0
        self.disk_format = disk_format
        self._scratch = _scratch_path(scratch_dir, image_id)
        self._qemu_img = qemu_img
        self._memory_limit = memory_limit
        self._cpu_limit = cpu_limit
        self._wall_limit = wall_limit
        try:
            self._check(max_virtual_size)
        except BaseException:
            self.close()
            raise

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        """qemu-img and its libraries, and Python to limit it."""
        program = shutil.which(options['qemu_img'])
        if program is None:
            # Which ``prepare`` says, if the image is a good one.
            return confine.Reach()
        return confine.Reach(read=confine.linked(program),
                             execute=(sys.executable, program))

    @classmethod
    def reserve(cls, options: dict[str, Any]) -> dict[str, int]:
        """The scratch file. It lies where other images are staged, so a
        process that could still make it could also read those.
        """
        return {'scratch': _create(_scratch_path(
            options['scratch_dir'], options['image_id']))}

    def prepare(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Convert. Must be called in a thread that outlives it.

        :param cancelled: asked every 50 ms; True kills qemu-img
        :raises ConfigurationError: qemu-img is not installed
        :raises ImageRefused: ``conversion-failed``
        :raises SourceError: no room for the scratch file
        :raises TransferFailed: qemu-img reached a limit or was killed
        :raises TransferCancelled: as asked
        """
        program = find(self._qemu_img)
        scratch, self._reserved = self._reserved, -1
        if scratch < 0:
            scratch = _create(self._scratch)
        try:
            self._check_room(scratch)
            self._convert(program, scratch, cancelled)
        except BaseException:
            os.close(scratch)
            raise
        self._raw = raw.RawSource(scratch)
        self.virtual_size = self._raw.virtual_size
        self._bytes_read += self._file_size
        if self.virtual_size not in self._layout.sizes:
            raise exceptions.ImageRefused(
                reason='conversion-failed',
                detail='qemu-img made %d bytes of a disk that says it has '
                '%d.' % (self.virtual_size, self._layout.sizes[0]))

    def extents(self) -> Iterator[extents.Extent]:
        return self._opened().extents()

    def read_into(self, offset: int, buffer: memoryview) -> None:
        self._opened().read_into(offset, buffer)

    @property
    def bytes_read(self) -> int:
        """Of the image, by us and by qemu-img; not of the scratch file."""
        return self._bytes_read

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()
        for fd in (self._fd, self._reserved):
            if fd >= 0:
                os.close(fd)
        self._fd = self._reserved = -1

    def _opened(self) -> raw.RawSource:
        if self._raw is None:
            raise exceptions.InternalError(
                detail='a foreign image was read before it was converted')
        return self._raw

    def _check(self, max_virtual_size: int | None) -> None:
        if self.disk_format not in FORMATS:
            raise exceptions.InternalError(
                detail='%s is no foreign format' % self.disk_format)
        # The operator's wider rules were applied when it was admitted.
        rules = inspect.Rules(
            gpt_safety_checks_nonfatal=('mbr', 'gptmbr'))
        found = inspect.inspect(self._fd, rules)
        inspect.check_declared(found, self.disk_format, rules)
        if max_virtual_size is not None:
            # Before the walk, which takes time by the size.
            raw.check_size(found.virtual_size or 0, max_virtual_size)
        self._file_size = found.file_size
        self._layout = layout.check(self._fd, self.disk_format)
        self.virtual_size = self._layout.sizes[0]
        self._bytes_read = found.bytes_read
        if max_virtual_size is not None:
            raw.check_size(max(self._layout.sizes), max_virtual_size)

    def _check_room(self, scratch: int) -> None:
        needed = min(self._layout.data, max(self._layout.sizes))
        status = os.fstatvfs(scratch)
        free = status.f_bavail * status.f_frsize
        if needed > free:
            raise exceptions.SourceError(
                detail='its conversion may need %d bytes in the staging '
                'directory, where %d are free. Free some space, then import '
                'again.' % (needed, free))

    def _convert(self, program: str, scratch: int,
                 cancelled: Callable[[], bool]) -> None:
        walls = confine.converter(program, self._fd, scratch)
        ruleset = walls[0]
        argv = [program, 'convert', '-O', 'raw', self._description(),
                '/proc/self/fd/%d' % scratch]
        keep = tuple(fd for fd in (self._fd, scratch, ruleset) if fd >= 0)
        seconds = self._wall_limit + (
            self._file_size + self._layout.data) / SLOWEST
        try:
            with held.start(
                    argv, walls, keep, _environment(),
                    **{'as': self._memory_limit, 'cpu': self._cpu_limit,
                       'fsize': max(self._layout.sizes)}) as process:
                try:
                    text = _wait(process, cancelled, seconds)
                finally:
                    process.kill()
        finally:
            if ruleset >= 0:
                os.close(ruleset)
        if process.returncode:
            raise self._failure(process.returncode, text)

    def _description(self) -> str:
        """The image as qemu's block layer takes it: one file, no parent.

        The link in /proc names the open file itself: no path that somebody
        could have put another file at.
        """
        return 'json:' + json.dumps({
            'driver': FORMATS[self.disk_format], 'read-only': True,
            'backing': None,
            'file': {'driver': 'file', 'read-only': True,
                     'filename': '/proc/self/fd/%d' % self._fd}})

    def _failure(self, code: int,
                 text: str) -> exceptions.LifecycleError:
        if _NO_ROOM in text:
            return exceptions.SourceError(
                detail='the staging directory became full during its '
                'conversion. Free some space, then import again.')
        if any(sign in text for sign in _NO_MEMORY):
            return exceptions.TransferFailed(
                detail='qemu-img could not get the memory it needed, with a '
                'limit of %d bytes of address space. Ask the operator to '
                'raise the limit.' % self._memory_limit)
        if -code == signal.SIGXCPU:
            return exceptions.TransferFailed(
                detail='qemu-img needed more than the %d CPU seconds it may '
                'have for this image. If the image is sound, ask the '
                'operator to raise the limit.' % self._cpu_limit)
        if -code == signal.SIGKILL:
            return exceptions.TransferFailed(
                detail='qemu-img was killed, as happens when memory runs '
                'out. Import again, or ask the operator to look.')
        if -code == signal.SIGXFSZ:
            text = 'it wrote more than the size of the disk'
        elif code < 0:
            text = 'it crashed, %s. %s' % (signal.strsignal(-code), text)
        return exceptions.ImageRefused(
            reason='conversion-failed',
            detail='qemu-img cannot convert the %s file: %s' % (
                self.disk_format, text or 'exit status %d' % code))


def find(qemu_img: str) -> str:
    """The path of the program.

    :raises ConfigurationError: it is not installed
    """
    path = shutil.which(qemu_img)
    if path is None:
        raise exceptions.ConfigurationError(
            detail='%s is not installed on this host, and %s images need '
            'it. Install qemu-utils (Debian, Ubuntu), qemu-img (RHEL, '
            'CentOS, Fedora) or qemu-tools (SUSE).' % (
                os.path.basename(qemu_img), ', '.join(sorted(FORMATS))))
    return path


def clean(text: str) -> str:
    """What a program said, without paths of this host, on one line.

    Parts of it may come out of the image: printable characters only.
    """
    text = re.sub(r'/proc/self/fd/\d+', 'image', text)
    # How it was told to open the image.
    text = re.sub(r"json:\{.*?\}\}(?=')", 'image', text)
    text = re.sub(r'(?<![\w/])/[^\s\'",:;]+', '(path)', text)
    text = ''.join(c if c.isprintable() else ' ' for c in text)
    text = ' '.join(text.replace('qemu-img: ', '').split())
    return text[:STDERR_SHOWN]


def _scratch_path(scratch_dir: str, image_id: str) -> str:
    return os.path.join(scratch_dir, os.path.basename(image_id) + SUFFIX)


def _create(path: str) -> int:
    """A new file without a name.

    The name is taken away at once, so that however this process ends
    nothing stays; only a crash between the two calls leaves it, empty.
    """
    flags = (os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
             | os.O_CLOEXEC)
    try:
        try:
            fd = os.open(path, flags, 0o600)
        except FileExistsError:
            # Left by such a crash: nobody else converts this image, whose
            # import lock we hold.
            os.unlink(path)
            fd = os.open(path, flags, 0o600)
        os.unlink(path)
    except OSError as e:
        raise exceptions.SourceError(
            detail='a scratch file cannot be made in the staging directory: '
            '%s' % e.strerror) from e
    return fd


def _environment() -> dict[str, str]:
    # Untranslated messages; and one heap for each of its many threads would
    # use up the address space.
    return {'PATH': os.environ.get('PATH', os.defpath), 'LC_ALL': 'C',
            'MALLOC_ARENA_MAX': '2'}


def _wait(process: subprocess.Popen[bytes], cancelled: Callable[[], bool],
          seconds: float) -> str:
    """Wait for the end; what it said on stderr, the end of it, cleaned.

    :raises TransferCancelled: as asked
    :raises TransferFailed: it did not end in that many seconds
    """
    ends = time.monotonic() + seconds
    assert process.stderr is not None
    stderr = process.stderr.fileno()
    os.set_blocking(stderr, False)
    said = b''
    while True:
        ended = process.poll() is not None
        # Emptied while it runs too: a full pipe would stop it.
        try:
            while data := os.read(stderr, 65536):
                said = (said + data)[-STDERR_KEPT:]
        except BlockingIOError:
            pass
        if ended:
            return clean(said.decode('ascii', 'replace'))
        if cancelled():
            raise exceptions.TransferCancelled(
                detail='during the conversion by qemu-img')
        if time.monotonic() > ends:
            raise exceptions.TransferFailed(
                detail='qemu-img did not end within %d seconds. If the image '
                'is sound, the staging directory is too slow: ask the '
                'operator to look.' % seconds)
        try:
            process.wait(POLL)
        except subprocess.TimeoutExpired:
            continue
