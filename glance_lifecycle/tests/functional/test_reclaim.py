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


"""From a plan to the purge, and back, with file stores of a real Glance."""

import json
import os
import shutil
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import reclaim_case

_FILE = ('glance_lifecycle.transfer.backends.file.quarantine:'
         'FileQuarantine.')


class ReclaimTest(reclaim_case.ReclaimCase):

    def test_whole_way(self) -> None:
        images = self.new_images()
        orphan, copy = self.orphan(), images[0]
        self.put(copy, store='s2')
        self.put(f'.{orphan}.lifecycle', store='s3')
        paths = [self.path(orphan), self.path(copy, 's2'),
                 self.path(f'.{orphan}.lifecycle', 's3')]
        paths[0].chmod(0o604)
        os.utime(paths[0], ns=(1, 10 ** 18 + 123))
        os.chown(paths[0], 1234, 4321)
        before = [self.look(path) for path in paths]
        needed = [self.look(self.path(image)) for image in images]
        plan = self.plan()
        self.assertEqual(
            {(1, 'GLC020', 's1', orphan), (2, 'GLC025', 's2', copy),
             (3, 'GLC022', 's3', orphan)},
            {(row['Step'], row['Code'], row['Store'], row['Image'])
             for row in self.planned.json})
        digits = json.loads(plan.read_text())['digest'][:16]
        self.assertIn('Plan %s: 3 objects' % digits, self.planned.stderr)
        # It says what it would do, and does it.
        answer = self.reclaim('apply', str(plan), '--dry-run')
        self.assertEqual(['quarantined'] * 3, [
            row['Result'] for row in answer.json])
        self.assertEqual(before, [self.look(path) for path in paths])
        answer = self.reclaim('apply', str(plan))
        self.assertEqual(['quarantined'] * 3, [
            row['Result'] for row in answer.json])
        self.assertFalse(any(path.exists() for path in paths))
        self.assertEqual([f'{digits}.{orphan}'], self.kept())
        rows = self.found(code=0)
        self.assertEqual({'GLC038': sorted((orphan, copy, orphan))},
                         self.about(rows))
        self.assertIn('by the plan %s.' % digits, rows[0]['Evidence'])
        # Again, it is as it was.
        answer = self.reclaim('apply', str(plan))
        self.assertEqual(['in quarantine'] * 3, [
            row['Result'] for row in answer.json])
        answer = self.reclaim('undo', digits)
        self.assertEqual(['restored'] * 3, [
            row['Result'] for row in answer.json])
        self.assertEqual(before, [self.look(path) for path in paths])
        self.assertEqual([], self.reclaim('undo', str(plan)).json)
        # Its ctime is another: it is to be planned again.
        answer = self.reclaim('apply', str(plan), code=3)
        self.assertEqual(['left'] * 3, [
            row['Result'] for row in answer.json])
        plan = self.plan(name='again')
        self.reclaim('apply', str(plan))
        answer = self.operator().spawn(*self.reclaiming(
            'apply', str(plan), '--purge'))
        self.assertEqual(1, answer.code)
        self.assertIn('3 objects, ', answer.stderr)
        self.assertIn('Nothing was done: there is no terminal', answer.stderr)
        answer = self.reclaim('apply', str(plan), '--purge', '--yes')
        self.assertEqual(['purged'] * 3, [
            row['Result'] for row in answer.json])
        self.assertEqual([], self.found(code=0))
        self.assertEqual([], self.kept())
        answer = self.reclaim('apply', str(plan), '--purge', '--yes')
        self.assertEqual(['gone'] * 3, [
            row['Result'] for row in answer.json])
        self.assertEqual(needed, [self.look(self.path(image))
                                  for image in images])

    def test_changed_before(self) -> None:
        """Between the plan and its steps."""
        images = self.new_images()
        for image in images:
            self.put(image, store='s2')
        orphan = self.orphan()
        plan = self.plan()
        self.register(images[0], 's2')
        os.replace(self.put('new', store='s2'), self.path(images[1], 's2'))
        self.path(orphan).unlink()
        answer = self.reclaim('apply', str(plan), code=3)
        self.assertEqual(
            {images[0]: 'left', images[1]: 'left', images[2]: 'quarantined',
             orphan: 'gone'}, self.outcomes(answer))
        details = {row['Image']: row['Detail'] for row in answer.json}
        self.assertEqual('A location leads to it. It has 5000 bytes, and '
                         'Glance says 1000.', details[images[0]])
        self.assertIn('another thing by now', details[images[1]])
        self.assertTrue(self.path(images[0], 's2').exists())
        self.assertTrue(self.path(images[1], 's2').exists())

    def test_rescued(self) -> None:
        """Images were registered with what was stored for deleted ones."""
        images = self.new_images()
        orphans = [self.orphan() for _each in range(2)]
        before = [self.look(self.path(image)) for image in orphans]
        plan = self.plan()
        self.register(images[0], 's1', self.path(orphans[0]))
        answer = self.reclaim('apply', str(plan), code=3)
        self.assertEqual({orphans[0]: 'left', orphans[1]: 'quarantined'},
                         self.outcomes(answer))
        # The second one too late; and its own image is forgotten.
        self.register(images[1], 's1', self.path(orphans[1]))
        self.forget(orphans[1])
        answer = self.reclaim('apply', str(plan), '--purge', '--yes', code=3)
        self.assertEqual({orphans[0]: 'left', orphans[1]: 'restored'},
                         self.outcomes(answer))
        self.assertEqual([one[0] for one in before], [
            self.look(self.path(image))[0] for image in orphans])
        # By a way that nobody here can follow: it is not even planned.
        orphan = self.orphan()
        self.register(images[2], 's1', f'/another/mount/{orphan}')
        self.assertEqual([], self.reclaim(
            'plan', *self.at_once, *self.all_of_it, '--out',
            str(self.work / 'none'), code=0).json)

    def test_needed_while_out_of_sight(self) -> None:
        """Between the rename and the second judgement; and after it."""
        images = self.new_images()
        for image in images[:2]:
            self.put(image, b'y' * 1000, store='s2')
        before = [self.look(self.path(image, 's2')) for image in images[:2]]
        plan = self.plan('--most', '1')
        first = self.planned.json[0]['Image']
        stop = points.Stop(
            'glance_lifecycle.reclaim.second_look:SecondLook.away', self.work)
        applying = self.operator().fork(*self.reclaiming(
            'apply', str(plan)), first=stop)
        stop.wait()
        self.assertFalse(self.path(first, 's2').exists())
        # Nor may another one be at work.
        for argv in (('apply', str(plan)), ('undo', str(plan))):
            self.assertIn('is at work on this host', self.reclaim(
                *argv, code=1).stderr)
        self.register(first, 's2')
        stop.go_on()
        answer = applying.end()
        self.assertEqual(3, answer.code, str(answer))
        other, = set(images[:2]) - {first}
        self.assertEqual({first: 'restored', other: 'not yet'},
                         self.outcomes(answer))
        self.assertIn('not yet: 1, ', answer.stderr)
        answer = self.reclaim('apply', str(plan), code=3)
        self.assertEqual({first: 'left', other: 'quarantined'},
                         self.outcomes(answer))
        self.register(other, 's2')
        answer = self.reclaim('apply', str(plan), '--purge', '--yes', code=3)
        self.assertEqual({first: 'left', other: 'restored'},
                         self.outcomes(answer))
        self.assertEqual(before, [self.look(self.path(image, 's2'))
                                  for image in images[:2]])

    def test_name_taken(self) -> None:
        images = self.new_images()
        copy = images[0]
        self.put(copy, b'o' * 1000, store='s2')
        plan = self.plan()
        self.reclaim('apply', str(plan))
        # There is room for a copy again.
        self.assertEqual({'s2': 'copied'}, self.results_of_copy(copy))
        answer = self.reclaim('undo', str(plan), code=1)
        self.assertEqual({copy: 'failed'}, self.outcomes(answer))
        self.assertEqual(1, len(self.kept('s2')))
        answer = self.reclaim('apply', str(plan), '--purge', '--yes')
        self.assertEqual({copy: 'purged'}, self.outcomes(answer))
        self.assertEqual(b'0' * 1000, self.path(copy, 's2').read_bytes())

    def results_of_copy(self, image: str) -> dict[str, str]:
        return {store: row['Result'] for store, row in self.rows(
            'copy', image, '--to', 's2').items()}

    def test_another_glance(self) -> None:
        """What it has in the same directory is never touched."""
        self.new_images(4)
        other = self.useFixture(glance.GlanceApi())
        theirs = {}
        for number in range(2):
            image = other.admin().create_image(disk_format='raw')
            other.admin().upload(image['id'], b'%d' % number * 2000)
            path = self.path(image['id'])
            shutil.copy2(other.stored_copy(image['id'], 's1'), path)
            theirs[path] = self.look(path)
        mine = self.orphan()
        path = self.plan(code=3)
        self.assertEqual(['left'], [row['Step']
                                    for row in self.planned.json])
        self.assertIn('Store s1: nothing is taken. 2 of its objects',
                      self.planned.stderr)
        self.assertEqual([], self.reclaim('apply', str(path)).json)
        path = self.plan('--alone', 's1', name='alone')
        for argv in ((), ('--purge', '--yes')):
            answer = self.reclaim('apply', str(path), *argv)
            self.assertEqual([mine], list(self.outcomes(answer)))
        self.assertFalse(self.path(mine).exists())
        self.assertEqual(theirs, {path: self.look(path) for path in theirs})
        answer = self.operator().spawn(*self.reclaiming(
            'plan', '--alone', 's9'))
        self.assertIn('Store s9 is not among', answer.stderr)

    def test_not_a_plan(self) -> None:
        plan = self.plan()
        plan.write_text(plan.read_text().replace('"most": 1000',
                                                 '"most": 9999'))
        for argv in (('apply', str(plan)), ('undo', str(plan))):
            self.assertIn('its digest is another', self.reclaim(
                *argv, code=1).stderr)
        self.assertIn('cannot be written: File exists.', self.reclaim(
            'plan', '--out', str(plan), code=1).stderr)


class KilledTest(reclaim_case.ReclaimCase):
    """With signal 9, before each call that matters: the next run goes on."""

    calls = ('_put', 'move', '_unchanged', '_durable', 'away', 'restore')

    def test_killed(self) -> None:
        self.new_images(2)
        before = {}
        for number in range(6):
            orphan = self.orphan(b'%d' % number * 3000)
            before[orphan] = self.look(self.path(orphan))
        plan = self.plan()
        self.until_done(_FILE + 'put', before, 'apply', str(plan))
        self.assertEqual(6, len(self.kept()))
        self.until_done(_FILE + 'restore', before, 'undo', str(plan))
        self.assertEqual([], self.kept())
        self.assertEqual(before, {
            orphan: self.look(self.path(orphan)) for orphan in before})
        self.assertEqual({'GLC020': sorted(before)},
                         self.about(self.found(code=4)))

    def until_done(self, after: str, before: dict[str, Any], *argv: str
                   ) -> None:
        number = 0
        while True:
            number += 1
            answer = self.operator().fork(
                *self.reclaiming(*argv),
                first=points.Kill(self.calls, after, number)).end()
            # Each of them is there once.
            kept = {name.partition('.')[2]: name for name in self.kept()}
            for orphan, looks in before.items():
                path = self.path(orphan)
                self.assertNotEqual(path.exists(), orphan in kept)
                if orphan in kept:
                    path = self.path('.lifecycle-quarantine') / kept[orphan]
                self.assertEqual(looks, self.look(path))
            if answer.code != -9:
                break
        self.assertEqual(0, answer.code, str(answer))
        self.assertLess(4, number)
