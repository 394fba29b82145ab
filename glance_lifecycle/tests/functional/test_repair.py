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

"""An image and its copies, mended on a host of a real Glance."""

import os
import pathlib
import signal
import subprocess
from typing import Any
import uuid

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import repair_case


class FileRepairCase(repair_case.RepairCase):

    size = 8 * images.MIB

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()
        self.source = self.sparse(self.size)
        self.expected = images.digests(self.source)

    def copied(self, *stores: str) -> str:
        """An image in the first store, and in these."""
        image_id = self.new_image(self.source)
        if stores:
            self.rows('copy', image_id, *(
                word for store in stores for word in ('--to', store)))
        return image_id

    def assert_whole(self, image_id: str, *stores: str) -> None:
        """All is as if nothing had ever happened, and looks like it."""
        self.assert_stored(self.api, self.admin.get(image_id), self.expected,
                           *stores)
        self.assert_nothing_left(self.api, image_id)
        self.assertEqual(
            {store: ('good', 'none', 'well') for store in stores},
            self.brief(self.repaired(image_id)))

    def path(self, image_id: str, store: str) -> pathlib.Path:
        return self.api.stored_copy(image_id, store)

    def set_null(self, image_id: str, *names: str) -> None:
        self.api.sql('update images set %s where id = \'%s\'' % (
            ', '.join(f'{name} = null' for name in names), image_id))

    def seen(self, image_id: str) -> tuple[Any, ...]:
        """All that a repair could change."""
        return (self.api.sql('select * from images order by id'),
                self.api.sql('select * from image_locations order by id'),
                {store: (os.lstat(path).st_ino, os.lstat(path).st_ctime_ns)
                 for store in self.api.stores
                 for path in [self.path(image_id, store)] if path.exists()})


class RepairTest(FileRepairCase):

    def test_well(self) -> None:
        image_id = self.copied('s2')
        before = self.seen(image_id)
        answer = self.repair(image_id)
        self.assertEqual(0, answer.code, str(answer))
        self.assertNotIn('Go on?', answer.stderr)
        self.assert_whole(image_id, 's1', 's2')
        self.assertEqual(before, self.seen(image_id))

    def test_missing_wrong_and_short(self) -> None:
        image_id = self.copied('s2', 's3')
        self.corrupt(self.path(image_id, 's1'))
        self.path(image_id, 's2').unlink()
        before = self.seen(image_id)
        answer = self.repair(image_id, '--dry-run')
        self.assertEqual(1, answer.code, str(answer))
        self.assertEqual(
            {'s1': 'planned', 's2': 'planned', 's3': 'well'},
            {row['Store']: row['Result'] for row in answer.json})
        self.assertIn('store s1: wrong; replace', answer.stderr)
        self.assertNotIn('DESTRUCTIVE', answer.stderr)
        # Nobody to ask.
        self.assertIn('Nothing was changed', self.repair(image_id).stderr)
        self.assertEqual(before, self.seen(image_id))
        self.assertEqual({
            's1': ('wrong', 'replace', 'mended'),
            's2': ('missing', 'write', 'mended'),
            's3': ('good', 'none', 'well')},
            self.brief(self.repaired(image_id)))
        self.assert_whole(image_id, 's1', 's2', 's3')
        os.truncate(self.path(image_id, 's3'), 1000)
        self.assertEqual(('wrong', 'replace', 'mended'), self.brief(
            self.repaired(image_id))['s3'])
        self.assert_whole(image_id, 's1', 's2', 's3')

    def test_all_wrong(self) -> None:
        image_id = self.copied('s2')
        self.corrupt(self.path(image_id, 's1'))
        self.path(image_id, 's2').unlink()
        before = self.seen(image_id)
        for argv in ((), ('--drop',)):
            found = self.repaired(image_id, *argv, code=1)
            self.assertEqual({
                's1': ('wrong', 'leave', 'left'),
                's2': ('missing', 'leave', 'left'),
                'no good copy': ('no good copy', 'leave', 'left')},
                self.brief(found))
            self.assertEqual(before, self.seen(image_id))
        found = self.repaired(image_id, '--deactivate', code=1)
        self.assertEqual(('no good copy', 'deactivate', 'done'),
                         self.brief(found)['no good copy'])
        self.assertEqual('deactivated', self.admin.get(image_id)['status'])
        # It came back, from a backup.
        self.corrupt(self.path(image_id, 's1'))
        self.assertEqual(('missing', 'write', 'mended'), self.brief(
            self.repaired(image_id))['s2'])
        self.assert_nothing_left(self.api, image_id)

    def test_drop(self) -> None:
        image_id = self.copied('s2', 's3')
        self.path(image_id, 's2').unlink()
        self.assertEqual(('missing', 'drop', 'mended'), self.brief(
            self.repaired(image_id, '--drop'))['s2'])
        self.assert_whole(image_id, 's1', 's3')

    def test_not_the_store(self) -> None:
        """None of the others is there either: it is not mounted."""
        image_id, other = self.copied('s2'), self.copied('s2')
        for one in (image_id, other):
            self.path(one, 's2').unlink()
        before = self.seen(image_id)
        for argv in ((), ('--drop',)):
            found = self.repaired(image_id, *argv, code=1)
            self.assertEqual(('missing', 'leave', 'left'),
                             self.brief(found)['s2'])
            self.assertIn('is mounted', found['s2']['Detail'])
        self.assertEqual(before, self.seen(image_id))

    def test_of_another_name(self) -> None:
        """The new one has the name of all others, and Glance is told."""
        image_id = self.copied('s2')
        right = self.path(image_id, 's2')
        other = right.with_name(str(uuid.uuid4()))
        right.rename(other)
        self.corrupt(other)
        self.api.sql(f"update image_locations set value = 'file://{other}' "
                     f"where value = 'file://{right}'")
        found = self.repaired(image_id)
        self.assertEqual(('wrong', 'write', 'mended'),
                         self.brief(found)['s2'])
        self.assertEqual([(f'file://{right}',)], self.api.sql(
            "select value from image_locations where value like '%/s2/%' "
            'and deleted = 0'))
        self.assertTrue(other.exists())
        other.unlink()
        self.assert_whole(image_id, 's1', 's2')

    def test_something_else_is_there(self) -> None:
        """No link is followed, and nothing is written over one."""
        image_id = self.copied('s2')
        path = self.path(image_id, 's2')
        path.unlink()
        path.symlink_to('/etc/passwd')
        self.assertEqual(('unclear', 'leave', 'left'), self.brief(
            self.repaired(image_id, code=3))['s2'])
        self.assertTrue(path.is_symlink())

    def test_an_id_that_is_none(self) -> None:
        image_id = self.copied()
        self.api.sql('delete from image_properties')
        self.api.sql(f"update image_locations set image_id = 'no-id' "
                     f"where image_id = '{image_id}'")
        self.api.sql(f"update images set id = 'no-id', name = 'odd' "
                     f"where id = '{image_id}'")
        answer = self.repair('odd', '--yes')
        self.assertEqual(1, answer.code)
        self.assertIn('the id of the image is no UUID', answer.stderr)


class FactsTest(FileRepairCase):

    def facts(self, image_id: str) -> tuple[Any, ...]:
        return self.api.sql(
            'select os_hash_algo, os_hash_value, checksum, size, '
            f"virtual_size from images where id = '{image_id}'")[0]

    def test_all_absent(self) -> None:
        """And a copy that is missing besides, which needs the hash."""
        image_id = self.copied('s2', 's3')
        before = self.facts(image_id)
        self.assertNotIn(None, before)
        self.set_null(image_id, 'os_hash_algo', 'os_hash_value', 'checksum',
                      'size', 'virtual_size')
        self.path(image_id, 's2').unlink()
        answer = self.repair(image_id, '--dry-run')
        self.assertEqual(1, answer.code, str(answer))
        self.assertEqual((None,) * 5, self.facts(image_id))
        found = self.brief(self.repaired(image_id))
        self.assertEqual({'s1', 's2', 's3', 'no checksum, os_hash_algo, '
                          'os_hash_value, size, virtual_size'}, set(found))
        self.assertEqual(before, self.facts(image_id))
        self.assert_whole(image_id, 's1', 's2', 's3')

    def test_two_that_differ(self) -> None:
        image_id = self.copied('s2')
        self.set_null(image_id, 'os_hash_value', 'checksum')
        self.corrupt(self.path(image_id, 's2'))
        before = self.seen(image_id)
        found = self.repaired(image_id, '--deactivate', '--drop', code=1)
        self.assertEqual({
            's1': ('differs', 'leave', 'left'),
            's2': ('differs', 'leave', 'left'),
            'no checksum, os_hash_value': (
                'no checksum, os_hash_value', 'leave', 'left')},
            self.brief(found))
        self.assertEqual(before, self.seen(image_id))

    def test_the_checksum_tells(self) -> None:
        image_id = self.copied('s2')
        before = self.facts(image_id)
        self.set_null(image_id, 'os_hash_value', 'os_hash_algo')
        self.corrupt(self.path(image_id, 's1'))
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.brief(self.repaired(image_id))['s1'])
        self.assertEqual(before, self.facts(image_id))
        self.assert_whole(image_id, 's1', 's2')

    def test_a_hash_that_no_copy_fits(self) -> None:
        image_id = self.copied('s2')
        self.api.sql("update images set os_hash_value = '%s', checksum = null"
                     % ('0' * 128))
        before = self.seen(image_id)
        found = self.repaired(image_id, code=1)
        self.assertEqual('wrong', found['s1']['Found'])
        self.assertEqual('wrong', found['s2']['Found'])
        self.assertEqual(before, self.seen(image_id))

    def test_virtual_size_of_a_qcow2(self) -> None:
        image_id = self.new_image(
            images.make(self.work / 'a.qcow2'), 'qcow2')
        before = self.facts(image_id)
        self.assertGreater(before[4], before[3])
        self.set_null(image_id, 'virtual_size')
        self.assertEqual(('no virtual_size', 'fill in', 'mended'), self.brief(
            self.repaired(image_id))['no virtual_size'])
        self.assertEqual(before, self.facts(image_id))

    def test_virtual_size_of_what_is_none(self) -> None:
        image_id = self.copied()
        self.api.sql("update images set disk_format = 'qcow2', "
                     'virtual_size = null')
        self.assertEqual(('no virtual_size', 'leave', 'left'), self.brief(
            self.repaired(image_id, code=3))['no virtual_size'])


class BusyTest(FileRepairCase):

    def test_locked(self) -> None:
        image_id = self.copied('s2')
        self.path(image_id, 's2').unlink()
        self.api.sql(
            'insert into image_properties (image_id, name, value, '
            f"created_at, deleted) values ('{image_id}', "
            "'os_glance_import_task', 't1', '2026-01-01', 0)")
        found = self.repaired(image_id, code=3)
        self.assertEqual('left', found['busy']['Result'])
        self.assertIn('by task t1', found['busy']['Detail'])

    def test_not_of_a_status(self) -> None:
        image_id = str(self.admin.create_image()['id'])
        found = self.repaired(image_id, code=3)
        self.assertIn('it is queued', found['busy']['Detail'].lower())


class InterruptedCase(FileRepairCase):

    size = 64 * images.MIB

    def setUp(self) -> None:
        super().setUp()
        self.source = self.noise(self.size)
        self.expected = images.digests(self.source)
        self.image_id = self.copied('s2', 's3')
        self.corrupt(self.path(self.image_id, 's2'))
        self.path(self.image_id, 's3').unlink()

    def begin_repair(self) -> subprocess.Popen[str]:
        process = self.operator().popen(*self.words_of(
            self.image_id, '--yes'))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


class InterruptedTest(InterruptedCase):

    def unfinished(self, store: str) -> pathlib.Path:
        return self.api.base / store / f'.{self.image_id}.lifecycle'

    def writing(self) -> tuple[subprocess.Popen[str], int]:
        """The command, and its child that has begun to write, stopped."""
        command = self.begin_repair()
        transfer.until('it writes', lambda: self.unfinished('s2').exists())
        child = transfer.find_below(command.pid)
        with transfer.Throttle(child, 0.03, 0.07, then=signal.SIGSTOP):
            transfer.until('both stores are written', lambda: all(
                self.unfinished(store).stat().st_blocks
                for store in ('s2', 's3')))
        return command, child

    def kill(self, command: subprocess.Popen[str], child: int) -> None:
        command.kill()
        os.kill(child, signal.SIGKILL)
        command.wait()
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))

    def test_killed_while_it_writes(self) -> None:
        wrong = self.path(self.image_id, 's2').stat().st_ino
        self.kill(*self.writing())
        self.assertEqual(wrong, self.path(self.image_id, 's2').stat().st_ino)
        self.assertEqual(['s1', 's2', 's3'], self.stores_of(self.image_id))
        self.assertEqual({
            's1': ('good', 'none', 'well'),
            's2': ('wrong', 'replace', 'mended'),
            's3': ('missing', 'write', 'mended')},
            self.brief(self.repaired(self.image_id)))
        self.assert_whole(self.image_id, 's1', 's2', 's3')

    def test_killed_when_it_is_written(self) -> None:
        """All is in place, and nobody has said so."""
        command, child = self.writing()
        with self.api.database_locked():
            os.kill(child, signal.SIGCONT)
            transfer.until('the copies are there', lambda: (
                self.path(self.image_id, 's3').exists()
                and not self.unfinished('s2').exists()))
            command.kill()
            command.wait()
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))
        self.assertEqual(3, len(self.repaired(self.image_id)))
        self.assert_whole(self.image_id, 's1', 's2', 's3')

    def test_deleted_meanwhile(self) -> None:
        command, child = self.writing()
        self.admin.delete(self.image_id)
        os.kill(child, signal.SIGCONT)
        answer = self.operator().end(command)
        self.assertEqual(1, answer.code)
        self.assertIn('the image was deleted', answer.stdout + answer.stderr)
        self.assert_nothing_left(self.api)

    def test_copied_meanwhile(self) -> None:
        """Glance has begun, and ended, a copy since all was looked at."""
        self.repaired(self.image_id, '--drop')
        self.corrupt(self.path(self.image_id, 's2'))
        before = self.path(self.image_id, 's2').stat().st_ino
        command = self.begin_repair()
        child = transfer.find_below(command.pid)
        with transfer.frozen(child):
            self.admin.import_image(self.image_id, 'copy-image',
                                    stores=['s3'])
            self.admin.wait_import(self.image_id)
        answer = self.operator().end(command)
        self.assertEqual(1, answer.code, str(answer))
        self.assertIn('changed meanwhile', answer.stdout)
        self.assertEqual(before, self.path(self.image_id, 's2').stat().st_ino)
        self.assertEqual(('wrong', 'replace', 'mended'), self.brief(
            self.repaired(self.image_id))['s2'])

    def test_dropped_meanwhile(self) -> None:
        """Nobody gets back a copy that he has dropped."""
        command, child = self.writing()
        self.admin.request('DELETE', f'stores/s2/{self.image_id}')
        os.kill(child, signal.SIGCONT)
        answer = self.operator().end(command)
        self.assertEqual(1, answer.code, str(answer))
        self.assertIn('somebody has removed its location', answer.stdout)
        self.assert_whole(self.image_id, 's1', 's3')

    def test_changed_meanwhile(self) -> None:
        """What was found to be bad is another thing by now, and stays."""
        command, child = self.writing()
        for store in ('s2', 's3'):
            path = self.path(self.image_id, store)
            path.unlink(missing_ok=True)
            path.write_bytes(b'precious')
        os.kill(child, signal.SIGCONT)
        answer = self.operator().end(command)
        self.assertEqual(1, answer.code, str(answer))
        self.assertIn('It was not overwritten', answer.stdout)
        for store in ('s2', 's3'):
            path = self.path(self.image_id, store)
            self.assertEqual(b'precious', path.read_bytes())
            self.assertFalse(self.unfinished(store).exists())
