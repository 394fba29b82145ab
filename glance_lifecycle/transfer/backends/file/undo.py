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

"""What a dead transfer left in a file store, and nothing else.

A file is known by its ``datadir.Identity``, and so is its data directory. One
that is missing, or in whose place there is another (made anew, or of another
file system that is mounted there), is no empty one: what lies in the right one
will be there again.
"""

from collections.abc import Sequence
import dataclasses
import logging
import os
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)


def made(directory: datadir.Datadir, fd: int) -> sink.Mark:
    """The mark of a file in that directory.

    :raises OSError: as statvfs(3) does
    """
    return {'datadir': directory.path,
            'directory': [*dataclasses.astuple(directory.identity())],
            **dataclasses.asdict(datadir.Identity.of(fd))}


def absent(store: str, image_id: str, options: dict[str, Any]) -> sink.Mark:
    """See Sink.absent."""
    filesystems, directories = {}, {}
    for path, _priority in options['datadirs']:
        with errors.translated(store, 'looking for the image'):
            directory = datadir.Datadir(path)
            try:
                if directory.exists(checked(store, image_id)):
                    raise exceptions.StoreDuplicate(
                        store=store, detail='a file named %s' % image_id)
                directories[path] = [*dataclasses.astuple(
                    directory.identity())]
                filesystems[path] = directory.filesystem()
            finally:
                directory.close()
    return {'absent': True, 'filesystems': filesystems,
            'directories': directories}


def apart(image_id: str, created: Sequence[sink.Mark],
          url: str) -> list[sink.Mark]:
    """See Sink.apart. A store may have several data directories."""
    found: list[sink.Mark] = []
    for mark in created:
        path = str(mark.get('datadir', ''))
        if url.startswith('file://') and url != 'file://%s' % os.path.join(
                path, image_id):
            found.append(mark)
        elif path:
            # Only in which directory it was.
            where = {'filesystems': {path: mark['filesystem']}}
            if 'directory' in mark:
                where['directories'] = {path: mark['directory']}
            found.append(where)
    return found


def undo(store: str, image_id: str, options: dict[str, Any],
         created: Sequence[sink.Mark]) -> bool:
    """See Sink.undo. Every data directory is tried before it raises."""
    removed = False
    failure: exceptions.StoreError | None = None
    # Perhaps the options are others now, in the same Glance.
    paths = dict.fromkeys(str(mark['datadir']) for mark in created
                          if 'datadir' in mark)
    for path in paths | dict.fromkeys(p for p, _ in options['datadirs']):
        try:
            removed |= _Undo(store, path, image_id, created).run()
        except exceptions.StoreError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return removed


def checked(store: str, image_id: str) -> str:
    """The name of the image's file.

    :raises StoreError: that cannot be one
    """
    try:
        return datadir.check_name(image_id)
    except ValueError:
        raise exceptions.StoreError(
            store=store, detail='the image id cannot name a file') from None


class _Undo:
    """One data directory, looked through once."""

    def __init__(self, store: str, path: str, image_id: str,
                 created: Sequence[sink.Mark]) -> None:
        self._store = store
        self._path = path
        self._name = checked(store, image_id)
        self._created = created
        self._ours = [datadir.Identity(m['filesystem'], m['inode'],
                                       m['generation'])
                      for m in created if m.get('datadir') == path]
        self._filesystems = {i.filesystem for i in self._ours} | {
            m['filesystems'][path] for m in created
            if path in m.get('filesystems', ())}
        # Marks of releases before 0.2 have none.
        self._directories = [
            datadir.Identity(*m['directory']) for m in created
            if m.get('datadir') == path and 'directory' in m] + [
            datadir.Identity(*m['directories'][path]) for m in created
            if path in m.get('directories', ())]

    def run(self) -> bool:
        with errors.translated(self._store, 'removing an unfinished image'):
            try:
                directory = datadir.Datadir(self._path)
            except (FileNotFoundError, NotADirectoryError):
                if self._created:
                    raise
                # Nothing was made there, or we would know of it.
                return False
            try:
                return self._look_through(directory)
            except datadir.Alive:
                raise exceptions.StoreError(
                    store=self._store, detail='a transfer of image %s is '
                    'still running; stop it first' % self._name) from None
            finally:
                directory.close()

    def _look_through(self, directory: datadir.Datadir) -> bool:
        removed = self._unfinished(directory)
        removed |= self._finished(directory)
        if removed:
            directory.sync()
        else:
            self._check(directory)
        return removed

    def _check(self, directory: datadir.Datadir) -> None:
        """:raises StoreError: it is not the one that was written to"""
        here = directory.identity()
        if any(here.is_same(one) for one in self._directories):
            return
        if self._filesystems and here.filesystem not in self._filesystems:
            raise exceptions.StoreError(
                store=self._store, detail='another file system is mounted '
                'at its data directory than when the image was written; '
                'mount that one again')
        if self._directories:
            raise exceptions.StoreError(
                store=self._store, detail='its data directory is another one '
                'than when the image was written: it was renamed, or made '
                'anew. Put that one back')

    def _unfinished(self, directory: datadir.Datadir) -> bool:
        name = datadir.temporary_name(self._name)
        found = directory.look(name)
        if found is None or (self._ours and not self._is_ours(found[0])):
            return False
        # Without a mark of ours it is ours all the same, if nobody writes
        # it: nobody else names a file like that.
        return directory.remove_dead(name)

    def _finished(self, directory: datadir.Datadir) -> bool:
        found = directory.look(self._name)
        if found is None:
            return False
        if self._is_ours(found[0]) or sink.vouched(self._created, found[1]):
            return directory.remove(self._name)
        LOG.warning('Store %s has a file named %s that this transfer has not '
                    'made; it stays.', self._store, self._name)
        return False

    def _is_ours(self, found: datadir.Identity) -> bool:
        return any(found.is_same(one) for one in self._ours)
