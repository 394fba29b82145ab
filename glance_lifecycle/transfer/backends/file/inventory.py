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


"""What lies in the data directories of a store of the filesystem driver.

A listing follows no link, opens no file, and takes no lock: one taken for a
moment would keep a writer from its own. Only a look at what was listed opens
it, for which of its blocks other files have, too. Which directory it is says
its inode, so that one that is configured twice, or by way of a link, is one.
"""

from collections.abc import Iterator
import dataclasses
import errno
import os
import stat
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer.backends.file import extent_map
from glance_lifecycle.transfer.backends.file import kept as keeping
from glance_lifecycle.transfer.backends.file import options as file_options
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer import opening

_SCHEMES = ('file', 'filesystem')

# Directories of locations, kept so that each is looked at once.
_MOST_KNOWN = 4096

# Of the bytes that st_blocks counts in, see stat(2).
_BLOCK = 512

_KINDS = {stat.S_IFLNK: 'a link', stat.S_IFDIR: 'a directory'}


class FileInventory(inventory.Inventory):
    """All names in all data directories, and what is in quarantine there.

    The driver makes no directories in them.
    """

    schemes = _SCHEMES

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        super().__init__(store, options)
        self._directories: dict[str, datadir.Datadir] = {}
        # Directory, as locations have it -> place.
        self._known: dict[str, str] = {}
        try:
            for path, _priority in options['datadirs']:
                self._open(path)
        except BaseException:
            self.close()
            raise

    def _open(self, path: str) -> None:
        with errors.translated(self.store, 'opening %s' % path):
            opened = datadir.Datadir(path)
            place = _place(os.fstat(opened.fd))
        if place in self._directories:
            opened.close()
        else:
            self._directories[place] = opened
        self._known[path] = place

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return {'datadirs': file_options.describe(conf, store)['datadirs']}

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(self._directories)

    def entries(self) -> Iterator[inventory.Entry]:
        yield from self.bounded(
            entry for place, directory in self._directories.items()
            for entry in self._of(place, directory))

    def _of(self, place: str, directory: datadir.Datadir
            ) -> Iterator[inventory.Entry]:
        doing = 'listing %s' % directory.path
        with errors.translated(self.store, doing):
            listing = os.scandir(directory.fd)
        with listing:
            while True:
                with errors.translated(self.store, doing):
                    one = next(listing, None)
                    if one is None:
                        return
                    try:
                        status = one.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        # Its name has just gone.
                        continue
                if one.name == keeping.DIRECTORY:
                    yield from self._quarantine(place, directory, status)
                else:
                    yield _entry(place, directory.path, one.name, status)

    def _quarantine(self, place: str, directory: datadir.Datadir,
                    status: os.stat_result) -> Iterator[inventory.Entry]:
        try:
            for one in self._kept_in(place, directory):
                yield one.entry if isinstance(one, quarantine.Kept) else one
        except keeping.NotOurs as error:
            found = _entry(place, directory.path, keeping.DIRECTORY, status)
            yield dataclasses.replace(found, note=str(error))

    def _kept_in(self, place: str, directory: datadir.Datadir
                 ) -> Iterator[quarantine.Kept | inventory.Entry]:
        """What is in quarantine, and what else lies there.

        :raises NotOurs: it is no quarantine
        """
        with errors.translated(
                self.store, 'listing what is in quarantine in %s'
                % directory.path):
            fd = keeping.opened(directory)
            if fd is None:
                return
            try:
                names = os.listdir(fd)
                for name in names:
                    found = _kept(place, directory.path, name, fd)
                    if found is not None:
                        yield found
            finally:
                os.close(fd)

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        directory = self._directories.get(entry.place)
        if directory is None:
            # After a restart of the host, too, a device may have another
            # number.
            raise exceptions.StoreError(
                store=self.store, detail='its data directory is another one '
                'by now, or its device has another number')
        if entry.kind is inventory.Kind.QUARANTINED:
            return next((
                one for one in self._quarantine(
                    entry.place, directory, os.fstat(directory.fd))
                if one.kind is entry.kind and one.spot == entry.spot
                and one.identity == entry.identity), None)
        with errors.translated(self.store, 'looking at the file'):
            try:
                status = os.stat(entry.name, dir_fd=directory.fd,
                                 follow_symlinks=False)
            except FileNotFoundError:
                return None
        found = _entry(entry.place, directory.path, entry.name, status)
        if not entry.identity:
            return found
        return (_alone(found, directory.fd)
                if entry.identity == found.identity else None)

    def spot(self, url: str) -> inventory.Spot | None:
        directory, name = os.path.split(_path(url))
        if not directory or not name:
            return None
        place = self._known.get(directory)
        if place is None:
            place = self._learn(directory)
        if place not in self._directories:
            return None
        return inventory.Spot(place, name)

    def _learn(self, directory: str) -> str:
        try:
            place = _place(os.stat(directory))
        except (OSError, ValueError):
            # Not there, or no path at all: nothing is below it.
            place = ''
        if len(self._known) < _MOST_KNOWN:
            self._known[directory] = place
        return place

    def subject(self, name: str) -> str:
        return inventory.image_id(datadir.unfinished(name) or '') or name

    def leads(self, entry: inventory.Entry, url: str) -> bool:
        """Also by a link, or by another name of the same file."""
        if super().leads(entry, url):
            return True
        path = _path(url)
        if not path:
            return False
        with errors.translated(self.store, 'looking at a location'):
            try:
                return is_of(entry, os.stat(path))
            except FileNotFoundError:
                # Perhaps a link to what has just been taken out of sight.
                return self.spot('file://' + os.path.realpath(path)
                                 ) == entry.spot
            except (NotADirectoryError, ValueError):
                return False

    def free(self) -> dict[int, int]:
        """Device -> bytes that are free on it, of each that the store is on.

        :raises StoreError: that cannot be told
        """
        found = {}
        with errors.translated(self.store, 'looking for free space'):
            for directory in self._directories.values():
                room = os.statvfs(directory.fd)
                found[os.fstat(directory.fd).st_dev] = (
                    room.f_bfree * room.f_frsize)
        return found

    def open(self, spot: inventory.Spot) -> int:
        """For reading, and without following a link; a regular file.

        :raises CopyMissing: it is not there
        :raises StoreError: it is something else, or cannot be opened
        """
        directory = self._directories[spot.place]
        with errors.translated(self.store, 'opening the copy'):
            try:
                fd = opening.open_image(datadir.check_name(spot.name),
                                        directory.fd)
            except (FileNotFoundError, ValueError):
                raise exceptions.CopyMissing(
                    store=self.store, detail='the file is not there'
                ) from None
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                raise exceptions.StoreError(
                    store=self.store, detail='the copy is a link') from None
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise exceptions.StoreError(
                store=self.store, detail='the copy is no regular file')
        return fd

    def close(self) -> None:
        for directory in self._directories.values():
            directory.close()


def _path(url: str) -> str:
    # As the driver, which does not unquote.
    scheme, colon, path = url.partition('://')
    return path if colon and scheme in _SCHEMES else ''


def _place(status: os.stat_result) -> str:
    return '%d:%d' % (status.st_dev, status.st_ino)


def identity(status: os.stat_result) -> str:
    return '%s:%d' % (_place(status), status.st_ctime_ns)


def is_of(entry: inventory.Entry, status: os.stat_result) -> bool:
    """The same file, whatever has become of it."""
    return entry.identity.startswith(_place(status) + ':')


def _alone(entry: inventory.Entry, directory: int) -> inventory.Entry:
    """With the bytes that it alone takes, as far as that can be told."""
    if entry.kind is inventory.Kind.FOREIGN or not entry.allocated:
        return entry
    if entry.hangs.links:
        return dataclasses.replace(entry, allocated=0)
    try:
        fd = opening.open_image(entry.name, directory)
    except OSError:
        return entry
    try:
        shared = extent_map.shared(fd, entry.size or 0)
    except OSError:
        # The file system has no such map, and so shares nothing.
        return entry
    finally:
        os.close(fd)
    if not shared:
        return entry
    return dataclasses.replace(
        entry, allocated=max(0, entry.allocated - shared),
        hangs=dataclasses.replace(entry.hangs, shared=shared))


def _kept(place: str, directory: str, name: str, fd: int
          ) -> quarantine.Kept | inventory.Entry | None:
    """None for what has just gone."""
    try:
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    where = os.path.join(keeping.DIRECTORY, name)
    parsed = keeping.parsed(name)
    if parsed is None or not stat.S_ISREG(status.st_mode):
        return dataclasses.replace(
            _entry(place, directory, where, status),
            kind=inventory.Kind.FOREIGN, image_id='')
    plan, original = parsed
    return quarantine.Kept(plan, dataclasses.replace(
        _entry(place, directory, original, status),
        kind=inventory.Kind.QUARANTINED,
        where=os.path.join(directory, where),
        note=keeping.note(plan, status.st_ctime)), status.st_ctime)


def _entry(place: str, directory: str, name: str, status: os.stat_result
           ) -> inventory.Entry:
    kind, image_id, note = _kind(name, status.st_mode)
    return inventory.Entry(
        name, kind, place, image_id, status.st_size,
        status.st_blocks * _BLOCK,
        # The one can be set, by whoever restores a backup, the other not.
        max(status.st_mtime, status.st_ctime),
        identity(status), True,
        inventory.NOTHING_ASKED if status.st_nlink == 1 else
        inventory.Hangs(links=status.st_nlink - 1),
        os.path.join(directory, name), note)


def _kind(name: str, mode: int) -> tuple[inventory.Kind, str, str]:
    """With the image's id, and a note."""
    image_id = inventory.image_id(name)
    if not stat.S_ISREG(mode):
        # With the id, so that what it may lead to is not thought needless.
        return inventory.Kind.FOREIGN, image_id, 'It is %s.' % _KINDS.get(
            stat.S_IFMT(mode), 'no regular file')
    if image_id:
        return inventory.Kind.IMAGE, image_id, ''
    unfinished = datadir.unfinished(name)
    if unfinished is not None:
        return (inventory.Kind.UNFINISHED,
                inventory.image_id(unfinished), '')
    return inventory.Kind.FOREIGN, '', ''
