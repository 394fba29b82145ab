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

"""What the disks of a compute host's instances are overlays of.

A guest writes its disk, and whoever owns an instance may have written its
image: nothing is believed but a name, no symbolic link is followed, and no
program reads these files.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import json
import os
import stat
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.formats.qcow2 import backing
from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file

# Overlays of overlays, in one instance: Nova makes none, snapshots do.
_DEEPEST = 8
_MOST_FILES = 1000
_MOST_INFO = 64 * 1024
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_DIRECTORY = _READ | os.O_DIRECTORY
# A FIFO would wait for ever.
_FILE = _READ | os.O_NONBLOCK | os.O_NOCTTY


@dataclasses.dataclass(frozen=True)
class Use:
    """One disk, and what it is an overlay of.

    :ivar instance: name of its directory
    :ivar disk: name of the file
    :ivar backing: path as the header has it, without what is relative in it
    """

    instance: str
    disk: str
    backing: str


@dataclasses.dataclass(frozen=True)
class Unread:
    """What could not be looked at, and so may use anything.

    :ivar reason: a sentence
    """

    instance: str
    disk: str
    reason: str


def uses(root: str, root_fd: int, skip: str) -> Iterator[Use | Unread]:
    """Of all instances.

    :param root: the directory of instances, as headers name it
    :param root_fd: the same, open
    :param skip: name of the directory of cached images in it
    """
    for name in os.listdir(root_fd):
        if name in (skip, 'locks'):
            continue
        try:
            mode = os.stat(name, dir_fd=root_fd, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                yield Unread(name, '', 'It is a symbolic link, and none is '
                             'followed.')
            if not stat.S_ISDIR(mode):
                continue
            with opened(name, _DIRECTORY, root_fd) as fd:
                yield from _of_instance(os.path.join(root, name), name, fd)
        except FileNotFoundError:
            # It went away meanwhile.
            continue
        except OSError as error:
            yield Unread(name, '', reason(error))


def header(name: str, directory_fd: int) -> backing.Overlay | None:
    """What the header of a file says; None if it is no qcow2.

    :raises OSError: it is not there, or denied
    :raises ImageRefused: it is no file, or a broken qcow2
    :raises SourceError: it cannot be read
    """
    with opened(name, _FILE, directory_fd) as fd:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise exceptions.ImageRefused(reason='bad-header',
                                          detail='it is not a file')
        # It closes what it is given.
        file = qcow2_file.ImageFile(os.dup(fd))
        try:
            return backing.overlay(file)
        finally:
            file.close()


@contextlib.contextmanager
def opened(name: str, flags: int, directory_fd: int) -> Iterator[int]:
    fd = os.open(name, flags, dir_fd=directory_fd)
    try:
        yield fd
    finally:
        os.close(fd)


def reason(error: Exception) -> str:
    """Why something could not be looked at, as a sentence."""
    if isinstance(error, exceptions.LifecycleError):
        return exceptions.sentence(error.detail)
    said = getattr(error, 'strerror', None) or type(error).__name__
    return 'It cannot be read: %s.' % said


def _of_instance(path: str, name: str, fd: int) -> Iterator[Use | Unread]:
    kinds = _disk_info(fd)
    names = os.listdir(fd)
    for disk in [one for one in names if one.startswith('disk')][:_MOST_FILES]:
        # The header of a raw disk is what its guest wrote there.
        if disk == 'disk.info' or kinds.get(disk) == 'raw':
            continue
        yield from _of_disk(path, name, disk, fd)


def _of_disk(path: str, name: str, disk: str, fd: int
             ) -> Iterator[Use | Unread]:
    """Down to the first file that is not in the instance's directory."""
    seen: list[str] = []
    current = disk
    while True:
        seen.append(current)
        try:
            found = header(current, fd)
        except FileNotFoundError:
            if len(seen) > 1:
                yield Use(name, disk, os.path.join(path, current))
            return
        except (OSError, exceptions.LifecycleError) as error:
            yield Unread(name, current, reason(error))
            return
        target = _path(found.name, path) if found else ''
        if not target:
            return
        if os.path.dirname(target) != path:
            yield Use(name, disk, target)
            return
        current = os.path.basename(target)
        if current in seen or len(seen) == _DEEPEST:
            yield Unread(name, disk, 'Its backing files are a circle, or '
                         'more than %d.' % _DEEPEST)
            return


def _path(name: bytes, directory: str) -> str:
    """What QEMU would open, as a path; empty if that is no file."""
    text = os.fsdecode(name)
    if '\0' in text:
        return ''
    if text.startswith('json:'):
        text = _of_json(text.removeprefix('json:'))
    protocol, colon, rest = text.partition(':')
    if colon and '/' not in protocol:
        text = rest if protocol == 'file' else ''
    return os.path.normpath(os.path.join(directory, text)) if text else ''


def _of_json(text: str) -> str:
    """The name in what QEMU writes where a path does not say all."""
    try:
        found = json.loads(text)
        while isinstance(found, dict) and isinstance(found.get('file'), dict):
            found = found['file']
        for key in ('filename', 'file.filename'):
            if isinstance(found.get(key), str):
                return str(found[key])
    except (AttributeError, RecursionError, ValueError):
        pass
    return ''


def _disk_info(fd: int) -> dict[str, Any]:
    """Disk -> format, as Nova has decided it; empty if it has not."""
    try:
        with opened('disk.info', _FILE, fd) as info:
            if not stat.S_ISREG(os.fstat(info).st_mode):
                return {}
            found = json.loads(os.read(info, _MOST_INFO))
    except (OSError, RecursionError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {os.path.basename(path): kind for path, kind in found.items()}
