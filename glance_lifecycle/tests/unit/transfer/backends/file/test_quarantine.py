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

"""Files are taken out of sight, and are never in two places, or in none."""

import dataclasses
import errno
import fcntl
import os
import pathlib
import sys
from types import FrameType
from typing import Any
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import kept as keeping
from glance_lifecycle.transfer.backends.file import quarantine as file
from glance_lifecycle.transfer.backends.file import renaming
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine

IMAGE = helpers.IMAGE
PLAN = '0123456789abcdef'
OTHER = 'fedcba9876543210'
Kind = inventory.Kind

# Modules of which each line may be the last one of whoever runs it.
LINES = tuple(module.__file__ for module in (file, keeping, renaming))


def no_renameat2(*_arguments: Any) -> None:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


class QuarantineCase(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = (pathlib.Path(self.path, name)
                              for name in ('one', 'two'))
        self.one.mkdir()
        self.two.mkdir()
        self.found = self.opened()

    def opened(self) -> file.FileQuarantine:
        found = file.FileQuarantine('fast', {'datadirs': [
            [str(path), 0] for path in (self.one, self.two)]})
        self.addCleanup(found.close)
        return found

    def write(self, name: str = IMAGE, data: bytes = b'x' * 5000
              ) -> inventory.Entry:
        (self.one / name).write_bytes(data)
        return self.entry(name)

    def entry(self, name: str = IMAGE) -> inventory.Entry:
        return next(one for one in self.found.entries()
                    if one.name == name and one.kind is not Kind.QUARANTINED)

    def only(self, plan: str = '') -> quarantine.Kept:
        one, = self.found.kept(plan)
        return one

    @property
    def there(self) -> pathlib.Path:
        return self.one / keeping.DIRECTORY

    def names(self) -> tuple[list[str], list[str]]:
        """Before, and in quarantine."""
        names = os.listdir(self.one)
        if keeping.DIRECTORY not in names:
            return sorted(names), []
        names.remove(keeping.DIRECTORY)
        return sorted(names), sorted(os.listdir(self.there))

    def stat(self, path: pathlib.Path) -> tuple[Any, ...]:
        status = path.lstat()
        return (status.st_ino, status.st_mode, status.st_mtime_ns,
                status.st_uid, path.read_bytes())


class FileQuarantineTest(QuarantineCase):

    def test_put_and_restore(self) -> None:
        for name in (IMAGE, f'.{IMAGE}.lifecycle'):
            entry = self.write(name)
            (self.one / name).chmod(0o604)
            os.utime(self.one / name, ns=(1, 10 ** 18 + 1))
            entry = self.entry(name)
            before = self.stat(self.one / name)
            self.assertTrue(self.found.put(entry, PLAN))
            self.assertEqual(([], [f'{PLAN}.{name}']), self.names())
            self.assertEqual(0o700, self.there.stat().st_mode & 0o7777)
            one = self.only(PLAN)
            self.assertEqual((PLAN, entry.spot, IMAGE, Kind.QUARANTINED),
                             (one.plan, one.entry.spot, one.entry.image_id,
                              one.entry.kind))
            self.assertEqual((self.there / f'{PLAN}.{name}').stat().st_ctime,
                             one.since)
            self.assertEqual([], list(self.found.kept(OTHER)))
            # Again, by one who does not know.
            self.assertTrue(self.found.put(entry, PLAN))
            self.assertTrue(self.found.restore(one))
            self.assertEqual(([name], []), self.names())
            self.assertEqual(before, self.stat(self.one / name))
            self.assertTrue(self.found.restore(one))
            self.assertFalse(self.found.purge(one))
            (self.one / name).unlink()

    def test_purge(self) -> None:
        self.found.put(self.write(), PLAN)
        one = self.only()
        self.assertFalse(self.found.purge(dataclasses.replace(
            one, entry=dataclasses.replace(one.entry, identity='1:2:3'))))
        self.assertTrue(self.found.purge(one))
        self.assertEqual(([], []), self.names())
        self.assertTrue(self.found.purge(one))
        self.assertFalse(self.found.restore(one))

    def test_another_by_now(self) -> None:
        entry = self.write()
        for change in (
                lambda path: path.write_bytes(b'y' * 5000),
                lambda path: path.chmod(0o600),
                lambda path: (path.unlink(), path.write_bytes(b'x')),
                lambda path: (path.unlink(), path.symlink_to('/etc/passwd')),
                lambda path: (path.unlink(), path.mkdir()),
                lambda path: path.rmdir()):
            change(self.one / IMAGE)
            self.assertFalse(self.found.put(entry, PLAN))
            self.assertEqual([], self.names()[1])

    def test_not_of_ours(self) -> None:
        entry = self.write()
        for other, plan in (
                ({'kind': Kind.FOREIGN}, PLAN), ({'place': '1:2'}, PLAN),
                ({'name': 'x'}, PLAN), ({'name': '../one/' + IMAGE}, PLAN),
                ({}, '../../etc'), ({}, '')):
            self.assertFalse(self.found.put(
                dataclasses.replace(entry, **other), plan))
        self.assertEqual(([IMAGE], []), self.names())

    def test_replaced_at_the_last_moment(self) -> None:
        """What was taken is not what was looked at: it goes back."""
        entry = self.write()
        move = renaming.move

        def late(*arguments: Any) -> None:
            if not list(self.found.kept()):
                (self.one / 'other').write_bytes(b'new')
                os.replace(self.one / 'other', self.one / IMAGE)
            move(*arguments)

        with mock.patch.object(renaming, 'move', late):
            self.assertFalse(self.found.put(entry, PLAN))
        self.assertEqual(([IMAGE], []), self.names())
        self.assertEqual(b'new', (self.one / IMAGE).read_bytes())

    def test_written_at_the_last_moment(self) -> None:
        entry = self.write()
        move = renaming.move

        def late(*arguments: Any) -> None:
            if not list(self.found.kept()):
                with (self.one / IMAGE).open('ab') as stream:
                    stream.write(b'more')
            move(*arguments)

        with mock.patch.object(renaming, 'move', late):
            self.assertFalse(self.found.put(entry, PLAN))
        self.assertEqual(([IMAGE], []), self.names())
        self.assertEqual(5004, (self.one / IMAGE).stat().st_size)

    def test_being_written(self) -> None:
        """The lock of the sink, whose process lives."""
        entry = self.write(f'.{IMAGE}.lifecycle')
        with (self.one / entry.name).open('rb') as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            self.assertFalse(self.found.put(entry, PLAN))
        self.assertTrue(self.found.put(entry, PLAN))

    def test_name_is_taken(self) -> None:
        self.found.put(self.write(), PLAN)
        self.write(data=b'new')
        self.assertFalse(self.found.restore(self.only()))
        self.assertEqual(([IMAGE], [f'{PLAN}.{IMAGE}']), self.names())
        # Nor is what is in quarantine replaced.
        self.assertFalse(self.found.put(self.entry(), PLAN))
        self.assertEqual(b'new', (self.one / IMAGE).read_bytes())
        self.assertTrue(self.found.put(self.entry(), OTHER))
        self.assertEqual(2, len(list(self.found.kept())))

    def test_listed(self) -> None:
        self.found.put(self.write(), PLAN)
        (self.there / 'x').write_bytes(b'')
        (self.there / f'{PLAN}.x').write_bytes(b'')
        (self.there / f'{OTHER}.{IMAGE}').symlink_to('/etc/passwd')
        (self.there / f'{PLAN}.{IMAGE}\n').mkdir()
        entries = {one.where.removeprefix(str(self.there) + '/'): one
                   for one in self.found.entries()}
        self.assertEqual(
            {f'{PLAN}.{IMAGE}': Kind.QUARANTINED, 'x': Kind.FOREIGN,
             f'{PLAN}.x': Kind.FOREIGN, f'{OTHER}.{IMAGE}': Kind.FOREIGN,
             f'{PLAN}.{IMAGE}\n': Kind.FOREIGN},
            {name: one.kind for name, one in entries.items()})
        one = entries[f'{PLAN}.{IMAGE}']
        self.assertRegex(one.note, r'^It is in quarantine since 20\S+, by the '
                         r'plan %s\.$' % PLAN)
        self.assertEqual(one, self.only().entry)
        self.assertEqual(one, self.found.look(one))
        self.assertEqual(one.subject, self.found.subject(one.name))
        # No location leads to any.
        for name in entries:
            self.assertIsNone(self.found.spot(f'file://{self.there}/{name}'))

    def test_directory_is_not_ours(self) -> None:
        entry = self.write()

        def check() -> None:
            for call in (lambda: self.found.put(entry, PLAN),
                         lambda: list(self.found.kept())):
                self.assertRaises(exceptions.StoreError, call)
            listed = {one.name: one for one in self.found.entries()}
            self.assertEqual({IMAGE, keeping.DIRECTORY}, set(listed))
            self.assertIs(Kind.FOREIGN, listed[keeping.DIRECTORY].kind)
            self.assertTrue(listed[keeping.DIRECTORY].note.endswith('.'))
            self.assertTrue((self.one / IMAGE).exists())

        self.there.symlink_to(self.two)
        check()
        self.there.unlink()
        self.there.write_bytes(b'')
        check()
        self.there.unlink()
        self.there.mkdir(0o700)
        self.there.chmod(0o770)
        check()
        if os.geteuid() == 0:
            self.there.chmod(0o700)
            os.chown(self.there, 1234, -1)
            check()

    def test_leads_by_a_link(self) -> None:
        """Also when what it leads to is out of sight."""
        entry = self.write()
        (self.two / 'link').symlink_to(self.one / IMAGE)
        url = f'file://{self.two}/link'
        self.assertTrue(self.found.leads(entry, url))
        self.found.put(entry, PLAN)
        self.assertTrue(self.found.leads(entry, url))
        self.assertFalse(self.found.leads(entry, url + 's'))

    def test_another_directory(self) -> None:
        entry = self.write()
        self.assertRaises(exceptions.StoreError, self.found.look,
                          dataclasses.replace(entry, place='1:2'))

    def test_read_only(self) -> None:
        entry = self.write()
        with mock.patch.object(renaming, 'move', side_effect=OSError(
                errno.EROFS, os.strerror(errno.EROFS))):
            self.assertRaisesRegex(
                exceptions.StoreError, 'EROFS', self.found.put, entry, PLAN)


class Killed(BaseException):
    """Nothing handles it: all that runs after it closes descriptors."""


class KilledTest(QuarantineCase):
    """At each line: then the next one ends it.

    By an exception, which takes a hundredth of the time of a process. Real
    ones are killed in the functional tests.
    """

    def killed_at(self, line: int, call: Any) -> bool:
        """Whether there was such a line."""
        left = line

        def trace(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal left
            if frame.f_code.co_filename not in LINES or left < 1:
                return None
            if event == 'line':
                left -= 1
                if not left:
                    raise Killed()
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            self.assertTrue(call())
        except Killed:
            return True
        finally:
            sys.settrace(before)
        return False

    def each(self, begin: Any, call: Any, check: Any) -> None:
        line = 1
        while True:
            begin()
            killed = self.killed_at(line, call)
            check()
            for names in (self.one, self.there):
                for name in os.listdir(names):
                    if name != keeping.DIRECTORY:
                        (names / name).unlink()
            if not killed:
                break
            line += 1
        self.assertLess(10, line)

    def begin(self) -> None:
        self.made = self.write()
        self.inode = (self.one / IMAGE).stat().st_ino

    def begin_kept(self) -> None:
        self.begin()
        self.assertTrue(self.found.put(self.made, PLAN))
        self.kept = self.only()

    def put(self) -> bool:
        return self.found.put(self.made, PLAN)

    def is_put(self) -> None:
        self.assertIn(self.names(), (
            ([IMAGE], []), ([], [f'{PLAN}.{IMAGE}']),
            *self.both()))
        entry = next((one for one in self.found.entries()
                      if one.kind is Kind.IMAGE), self.made)
        self.assertTrue(self.found.put(entry, PLAN))
        self.assertEqual(([], [f'{PLAN}.{IMAGE}']), self.names())
        self.assertEqual(self.inode, int(
            self.only().entry.identity.split(':')[1]))

    def both(self) -> list[tuple[list[str], list[str]]]:
        return []

    def is_restored(self) -> None:
        self.assertIn(self.names(), (
            ([IMAGE], []), ([], [f'{PLAN}.{IMAGE}']), *self.both()))
        self.assertTrue(self.found.restore(self.kept))
        self.assertEqual(([IMAGE], []), self.names())
        self.assertEqual(self.inode, (self.one / IMAGE).stat().st_ino)

    def is_purged(self) -> None:
        self.assertTrue(self.found.purge(self.kept))
        self.assertEqual(([], []), self.names())

    def test_put(self) -> None:
        self.each(self.begin, self.put, self.is_put)

    def test_restore(self) -> None:
        self.each(self.begin_kept,
                  lambda: self.found.restore(self.kept), self.is_restored)

    def test_purge(self) -> None:
        self.each(self.begin_kept,
                  lambda: self.found.purge(self.kept), self.is_purged)


class KilledWithoutRenameTest(KilledTest):
    """As on NFS: two names for a moment, never none."""

    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.object(renaming, '_renamed', no_renameat2)
        patch.start()
        self.addCleanup(patch.stop)

    def both(self) -> list[tuple[list[str], list[str]]]:
        return [([IMAGE], [f'{PLAN}.{IMAGE}'])]
