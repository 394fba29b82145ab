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

"""Nova's directory of cached images: what is in it, and what becomes of it.

As nova.virt.libvirt.imagecache does: a file goes when nothing uses it and its
time of change, which Nova renews whenever it is used, is old enough.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import os
import stat

from glance_lifecycle.audit.caches import instances
from glance_lifecycle.audit.caches import names
from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle import exceptions

_MOST = 200_000

_AGES = {names.Kind.ORIGINAL: nova_conf.ORIGINAL_AGE,
         names.Kind.RESIZED: nova_conf.RESIZED_AGE,
         names.Kind.SWAP: nova_conf.ORIGINAL_AGE,
         names.Kind.EPHEMERAL: nova_conf.ORIGINAL_AGE}


@dataclasses.dataclass(frozen=True)
class BaseFile:
    """One cached file.

    :ivar image: id of the image it is of; empty if that is not known
    :ivar size: bytes, as it seems
    :ivar allocated: bytes, on the disk
    :ivar virtual_size: bytes that a server sees
    :ivar last_use: seconds since 1970
    :ivar used_by: directories of instances
    :ivar prunable_at: seconds since 1970; None for never, as it is now
    :ivar option: which decides that: the option of nova.conf; empty if none
    :ivar backing: what it says that it is an overlay of, which none should
    :ivar unread: why its header could not be read
    """

    name: str
    kind: names.Kind
    image: str
    size: int
    allocated: int
    virtual_size: int
    last_use: float
    used_by: tuple[str, ...] = ()
    prunable_at: float | None = None
    option: str = ''
    backing: str = ''
    unread: str = ''


@dataclasses.dataclass(frozen=True)
class Cache:
    """All of them.

    :ivar elsewhere: overlays of files that are not in the directory
    :ivar unread: what could not be looked at
    :ivar total: bytes of its file system
    :ivar free: bytes that Nova may write there
    """

    path: str
    files: tuple[BaseFile, ...]
    elsewhere: tuple[instances.Use, ...]
    unread: tuple[instances.Unread, ...]
    total: int
    free: int


def look(root: str, base: str, conf: nova_conf.NovaConf,
         images: Mapping[str, str], option: str = '') -> Cache:
    """What is there now; nothing is changed.

    :param root: the directory of instances
    :param base: the directory of cached images
    :param images: digest of a name -> id
    :param option: of the command, which names the directories; without, each
        has its own
    :raises ConfigurationError: a directory is not there, or no directory
    """
    # The last part must not be a link: who may write beside it may not
    # choose what is looked at.
    root_fd = _directory(root, option or '--instances-path', 0)
    try:
        base_fd = _directory(base, option or '--base', os.O_NOFOLLOW)
        try:
            space = os.fstatvfs(base_fd)
            found = list(_files(base_fd, images))
        finally:
            os.close(base_fd)
        users: dict[str, set[str]] = {}
        elsewhere, unread = [], []
        there = {one.name for one in found}
        for one in instances.uses(root, root_fd, os.path.basename(base)):
            if isinstance(one, instances.Unread):
                unread.append(one)
                continue
            # Nova compares the last part only.
            name = os.path.basename(one.backing)
            users.setdefault(name, set()).add(one.instance)
            if name not in there or os.path.basename(os.path.dirname(
                    one.backing)) != os.path.basename(base):
                elsewhere.append(one)
    finally:
        os.close(root_fd)
    return Cache(
        base, tuple(_decided(one, users.get(one.name, set()), conf)
                    for one in found), tuple(elsewhere), tuple(unread),
        space.f_frsize * space.f_blocks, space.f_frsize * space.f_bavail)


def age_option(kind: names.Kind) -> str:
    """The option that says how long files of a kind stay; '' for ever."""
    return _AGES.get(kind, '')


def _decided(one: BaseFile, users: set[str], conf: nova_conf.NovaConf
             ) -> BaseFile:
    """With who uses it, and when Nova may remove it."""
    age = age_option(one.kind)
    at: float | None = None
    if users:
        option = ''
    elif not age or not conf.option(nova_conf.REMOVE).value:
        option = nova_conf.REMOVE if age else ''
    elif conf.option(nova_conf.INTERVAL).value < 0:
        option = nova_conf.INTERVAL
    else:
        option, at = age, one.last_use + conf.option(age).value
    return dataclasses.replace(one, used_by=tuple(sorted(users)),
                               prunable_at=at, option=option)


def _files(base_fd: int, images: Mapping[str, str]) -> Iterator[BaseFile]:
    found = sorted(os.listdir(base_fd))
    if len(found) > _MOST:
        raise exceptions.InputRefused(detail=(
            'There are %d files in the cache, and this reads %d at most'
            % (len(found), _MOST)))
    for name in found:
        try:
            status = os.stat(name, dir_fd=base_fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield _file(name, status, base_fd, images)


def _file(name: str, status: os.stat_result, base_fd: int,
          images: Mapping[str, str]) -> BaseFile:
    overlay, unread = None, ''
    try:
        overlay = instances.header(name, base_fd)
    except (OSError, exceptions.LifecycleError) as error:
        unread = instances.reason(error)
    return BaseFile(
        name=name, kind=names.kind(name),
        image=images.get(names.digest(name), ''), size=status.st_size,
        allocated=status.st_blocks * 512,
        virtual_size=overlay.virtual_size if overlay else status.st_size,
        last_use=status.st_mtime,
        backing=os.fsdecode(overlay.name) if overlay else '', unread=unread)


def _directory(path: str, option: str, flags: int) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
                       | flags)
    except (OSError, ValueError) as error:
        link = flags and os.path.islink(path)
        raise exceptions.InputRefused(detail=(
            '%s is a symbolic link. If it leads where it should, give the '
            'directory itself with %s.' if link else
            '%%s cannot be opened: %s. Give another with %%s.' % (
                getattr(error, 'strerror', None) or 'a name with zeros')) % (
                    masking.plain(path), option)) from None
