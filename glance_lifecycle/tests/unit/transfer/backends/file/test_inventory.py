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


"""What lies in directories: nothing is followed, opened or changed."""

import os
import pathlib
import stat
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import inventory as file
from glance_lifecycle.transfer.backends import inventory

IMAGE = helpers.IMAGE
Kind = inventory.Kind


class FileInventoryTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = (pathlib.Path(self.path, name)
                              for name in ('one', 'two'))
        self.one.mkdir()
        self.two.mkdir()

    def opened(self, *directories: Any) -> file.FileInventory:
        found = file.FileInventory('fast', {'datadirs': [
            [str(path), 0] for path in directories or (self.one, self.two)]})
        self.addCleanup(found.close)
        return found

    def listed(self, *directories: Any) -> dict[str, inventory.Entry]:
        return {os.path.relpath(one.where, self.path): one
                for one in self.opened(*directories).entries()}

    def test_image(self) -> None:
        path = self.two / IMAGE
        with path.open('wb') as stream:
            stream.truncate(10 * 1024 ** 2)
        one = self.listed()['two/' + IMAGE]
        status = path.stat()
        self.assertEqual(
            (IMAGE, Kind.IMAGE, IMAGE, 10 * 1024 ** 2, True, ''),
            (one.name, one.kind, one.image_id, one.size, one.usable,
             one.note))
        self.assertLess(one.held, 10 ** 6)
        self.assertEqual(max(status.st_mtime, status.st_ctime), one.changed)
        os.utime(path, (1, 1))
        self.assertEqual(path.stat().st_ctime,
                         self.listed()['two/' + IMAGE].changed)

    def test_kinds(self) -> None:
        os.mkfifo(self.one / 'pipe')
        (self.one / 'directory').mkdir()
        (self.one / 'directory' / IMAGE).write_bytes(b'x')
        (self.one / IMAGE).symlink_to('/dev/zero')
        for name in (f'.{IMAGE}.lifecycle', '.x.lifecycle', 'x\n',
                     os.fsdecode(b'\xff')):
            (self.one / name).write_bytes(b'x')
        self.assertEqual(
            {'one/pipe': (Kind.FOREIGN, '', 'It is no regular file.'),
             'one/directory': (Kind.FOREIGN, '', 'It is a directory.'),
             'one/' + IMAGE: (Kind.FOREIGN, IMAGE, 'It is a link.'),
             f'one/.{IMAGE}.lifecycle': (Kind.UNFINISHED, IMAGE, ''),
             'one/.x.lifecycle': (Kind.UNFINISHED, '', ''),
             'one/x\n': (Kind.FOREIGN, '', ''),
             'one/' + os.fsdecode(b'\xff'): (Kind.FOREIGN, '', '')},
            {name: (one.kind, one.image_id, one.note)
             for name, one in self.listed().items()})

    def test_hard_links(self) -> None:
        (self.one / IMAGE).write_bytes(b'x')
        os.link(self.one / IMAGE, self.two / 'other')
        listed = self.listed().values()
        self.assertEqual({1}, {one.hangs.links for one in listed})
        found = self.opened()
        for one in listed:
            looked = found.look(one)
            assert looked is not None
            # Nothing comes back while the other name is there.
            self.assertEqual(one.identity, looked.identity)
            self.assertEqual(0 if one.name == IMAGE else one.held,
                             looked.held)

    def test_subject(self) -> None:
        found = self.opened()
        for name, subject in ((IMAGE, IMAGE), (f'.{IMAGE}.lifecycle', IMAGE),
                              ('.x.lifecycle', '.x.lifecycle'), ('x', 'x')):
            self.assertEqual(subject, found.subject(name))
            (self.one / name).write_bytes(b'')
        for entry in found.entries():
            self.assertEqual(entry.subject, found.subject(entry.name))

    def test_one_directory_twice(self) -> None:
        (self.one / IMAGE).write_bytes(b'x')
        link = pathlib.Path(self.path, 'link')
        link.symlink_to(self.one)
        found = self.opened(self.one, link, f'{self.one}/')
        self.assertEqual(1, len(found.places))
        entry, = found.entries()
        for directory in (self.one, link, f'{self.one}/../one'):
            self.assertEqual(entry.spot, found.spot(
                f'file://{directory}/{IMAGE}'))
        self.assertEqual(found.places, self.opened(link).places)

    def test_locations(self) -> None:
        found = self.opened()
        for url in (f'http://{self.one}/{IMAGE}',
                    f'file://{self.path}/{IMAGE}',
                    f'file://{self.one}/', 'file://', '', 'file:///a\0/b',
                    f'file:///nowhere/{IMAGE}', f'file:{self.one}/x'):
            self.assertIsNone(found.spot(url), url)
        spot = found.spot(f'filesystem://{self.two}/{IMAGE}')
        self.assertEqual(IMAGE, spot and spot.name)

    def test_leads(self) -> None:
        """Also by a link, and by another name of the same file."""
        path = self.one / IMAGE
        path.write_bytes(b'x')
        found = self.opened(self.one)
        entry, = found.entries()
        (self.two / 'link').symlink_to(path)
        (self.two / 'loop').symlink_to(self.two / 'loop')
        (self.two / 'other').write_bytes(b'')
        for name, expected in (('link', True), ('other', False),
                               ('nothing', False), ('other/x', False)):
            self.assertEqual(expected, found.leads(
                entry, f'file://{self.two}/{name}'), name)
        os.link(path, self.two / 'hard')
        entry, = found.entries()
        self.assertTrue(found.leads(entry, f'file://{self.two}/hard'))
        self.assertFalse(found.leads(entry, 'rbd://x'))
        self.assertRaises(exceptions.StoreError, found.leads, entry,
                          f'file://{self.two}/loop')

    def test_look(self) -> None:
        path = self.one / IMAGE
        path.write_bytes(b'x')
        found = self.opened()
        entry, = found.entries()
        self.assertEqual(entry, found.look(entry))
        path.rename(self.one / 'kept')
        path.write_bytes(b'x')
        self.assertIsNone(found.look(entry))
        named = inventory.Entry(IMAGE, Kind.IMAGE, entry.place)
        now = found.look(named)
        self.assertEqual(1, now and now.size)
        path.unlink()
        self.assertIsNone(found.look(named))

    def test_missing(self) -> None:
        with self.assertRaisesRegex(exceptions.StoreError, 'ENOENT'):
            self.opened(self.one, self.two / 'nothing')
        (self.two / 'file').write_bytes(b'')
        self.assertRaises(exceptions.StoreError, self.opened,
                          self.two / 'file')

    def test_moved_meanwhile(self) -> None:
        """It is the directory that was opened, whatever is there now."""
        (self.one / IMAGE).write_bytes(b'x')
        found = self.opened(self.one)
        self.one.rename(self.two / 'away')
        self.one.mkdir()
        self.assertEqual([IMAGE], [one.name for one in found.entries()])

    def test_nothing_changes(self) -> None:
        path = self.one / IMAGE
        path.write_bytes(b'x')
        path.chmod(0)
        before = path.lstat(), self.one.lstat()
        found = self.opened()
        for entry in found.entries():
            found.look(entry)
            found.leads(entry, f'file://{path}')

        def facts(status: os.stat_result) -> Any:
            return (status.st_ino, stat.S_IMODE(status.st_mode),
                    status.st_mtime_ns, status.st_ctime_ns,
                    status.st_atime_ns if stat.S_ISREG(
                        status.st_mode) else 0)
        self.assertEqual(list(map(facts, before)),
                         [facts(path.lstat()), facts(self.one.lstat())])
