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

from glance_lifecycle.tests.functional import reclaim_case


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
