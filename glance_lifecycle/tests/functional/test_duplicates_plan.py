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

"""The newer of two images that nothing needs is hidden, and shown again."""

import dataclasses
import json
import os
import pty
import subprocess
from typing import Any

from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.tests.functional import duplicates_case
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack

NOT_HIDDEN = duplicates_case.NOT_HIDDEN


class HideTest(duplicates_case.DuplicatesPlanCase):

    def test_hidden_and_shown(self) -> None:
        first, used, newer, protected = (self.image() for _ in range(4))
        other = self.image(b'y' * 1000)
        self.cloud.make_volume(used)
        self.admin.update(protected, protected=True)
        rows = self.plan('hide', code=3)
        self.assertEqual(
            {newer: ('', first, 'hash'), used: (
                '0 servers and 1 volumes need it.', '', ''),
             protected: ('It is protected.', '', '')},
            {row['Image']: (row['Why'], row['Instead'], row['Same By'])
             for row in rows})
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        # Nothing without a yes.
        self.assertEqual({newer: 'hidden'}, self.results('--dry-run'))
        answer = self.duplicates('apply', str(self.file), code=1)
        self.assertIn('no terminal to ask on', answer.stderr)
        self.assertIn(f'Image {newer} (image) of project ', answer.stderr)
        self.assertIn(f'becomes hidden; image {first} stays as it is.',
                      answer.stderr)
        self.assertEqual(NOT_HIDDEN, self.hidden(newer))
        # It gets a server before it is applied.
        server = self.cloud.boot(newer)
        (result, detail), = self.apply('--yes', code=3).values()
        self.assertEqual(('left', f'It is needed by server {server}.'),
                         (result, detail))
        self.cloud.servers.clear()
        self.cloud.down = True
        (result, detail), = self.apply('--yes', code=3).values()
        self.assertIn('It is not known what needs it: servers', detail)
        self.cloud.down = False
        self.assertEqual(NOT_HIDDEN, self.hidden(newer))
        # Nobody needs it.
        plan = plans.load(self.file.read_bytes())
        self.assertEqual({newer: 'hidden'}, self.results('--yes'))
        self.assertEqual((True, plan.id, first), self.hidden(newer))
        for image_id in (first, used, protected, other):
            self.assertEqual(NOT_HIDDEN, self.hidden(image_id))
        self.assertEqual({newer: 'done before'}, self.results('--yes'))
        self.assertNotIn(newer, [row['Image'] for row in self.plan(
            'hide', '--any-name', code=3)])
        # And back.
        self.file.write_text(plan.to_json())
        before = {'updated_at': ''}
        self.admin.update(newer, os_hidden=False)
        (result, detail), = self.apply('--yes', code=3).values()
        self.assertIn(f'shown it again after plan {plan.id} had', detail)
        self.admin.update(newer, os_hidden=True)
        self.assertEqual({newer: 'shown again'},
                         self.results('--dry-run', word='undo'))
        self.assertTrue(self.admin.get(newer)['os_hidden'])
        self.assertEqual({newer: 'shown again'}, self.results(word='undo'))
        self.assertEqual({**self.admin.get(first), 'id': newer, **before},
                         {**self.like(newer, first), **before})
        self.assertEqual({newer: 'done before'}, self.results(word='undo'))

    def like(self, image_id: str, other: str) -> dict[str, Any]:
        """As the other, but for what each has of its own."""
        mine, theirs = map(self.admin.get, (image_id, other))
        return {**mine, **{name: theirs[name] for name in (
            'created_at', 'self', 'file', 'locations', 'direct_url')
            if name in theirs}}

    def test_asked(self) -> None:
        """On a terminal; what was not shown is not done."""
        pairs = [[self.image(b'%d' % number * 1000) for _ in range(2)]
                 for number in range(2)]
        self.plan('hide')
        server = self.cloud.boot(pairs[0][1])
        answer = self.answered('n')
        self.assertEqual(1, answer.code, str(answer))
        self.assertIn('Nothing was done.', answer.stderr)
        self.assertEqual([NOT_HIDDEN] * 2, [
            self.hidden(newer) for _older, newer in pairs])
        answer = self.answered('y')
        self.assertEqual(3, answer.code, str(answer))
        self.assertIn(f'Image {pairs[1][1]} (image)', answer.stderr)
        self.assertNotIn(f'Image {pairs[0][1]} (image)', answer.stderr)
        self.assertEqual(
            [('left', f'It is needed by server {server}.'), ('hidden', '')],
            [(row['Result'], row['Detail']) for row in answer.json])
        self.assertEqual([False, True], [
            self.hidden(newer)[0] for _older, newer in pairs])

    def answered(self, text: str) -> openstack.Answer:
        """``apply``, whose question is answered on a terminal."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        os.write(ours, text.encode() + b'\n')
        operator = self.operator()
        with os.fdopen(theirs) as terminal:
            process = subprocess.Popen(
                operator.argv(*self.words_of('apply', str(self.file))),
                text=True, stdin=terminal, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=operator.environ())
            return operator.end(process)

    def test_changed(self) -> None:
        """Between the plan and its steps."""
        pairs = {}
        for number in range(7):
            older, newer = (self.image(b'%d' % number * 1000)
                            for _ in range(2))
            pairs[newer] = older
        self.plan('hide')
        (hashed, hidden, deleted, no_older, hidden_older, property_,
         good) = pairs
        self.api.sql("update images set os_hash_value = 'ab' where id = "
                     f"'{hashed}'")
        self.admin.update(hidden, os_hidden=True)
        self.admin.delete(deleted)
        self.admin.delete(pairs[no_older])
        self.admin.update(pairs[hidden_older], os_hidden=True)
        self.admin.update(property_, hw_disk_bus='scsi')
        found = self.apply('--yes', code=3)
        self.assertEqual(
            {hashed: 'left', hidden: 'left', deleted: 'gone',
             no_older: 'left', hidden_older: 'left', property_: 'left',
             good: 'hidden'},
            {image_id: result for image_id, (result, _) in found.items()})
        for image_id, why in (
                (hashed, 'since the plan was made: its os_hash_value.'),
                (hidden, 'Somebody else has hidden it.'),
                (no_older, 'is not there any more.'),
                (hidden_older, 'is hidden or busy.'),
                (property_, 'differs in hw_disk_bus.')):
            self.assertIn(why, found[image_id][1])
        # What somebody else has hidden stays so.
        self.assertEqual(
            {hidden: 'left', good: 'shown again', deleted: 'gone'},
            {image_id: result for image_id, result in self.results(
                word='undo', code=3).items() if result != 'done before'})
        self.assertTrue(self.admin.get(hidden)['os_hidden'])

    def test_killed(self) -> None:
        self.newer = [self.image() for _ in range(4)][1:]
        self.plan('hide')
        self.assertEqual(5, self.killed(
            ('change', 'check_unused'), duplicates_case.RUN, 'apply',
            str(self.file), '--yes') + 1)
        self.assertTrue(all(self.hidden(one)[0] for one in self.newer))
        self.killed(('change',), duplicates_case.UNDO, 'undo',
                    str(self.file))
        self.assertEqual([NOT_HIDDEN] * 3, [*map(self.hidden, self.newer)])

    def check_killed(self) -> None:
        """Who is hidden says so, and who is not says nothing."""
        for one in self.newer:
            self.assertEqual(1, len(set(map(bool, self.hidden(one)))))

    def test_not_this_plan(self) -> None:
        first, newer = self.image(), self.image()
        self.plan('hide')
        plan = plans.load(self.file.read_bytes())
        changes: tuple[dict[str, Any], ...] = (
            {'cloud': 'http://elsewhere:9292'},
            {'remedy': plans.Remedy.TELL, 'cloud': 'x'})
        for change in changes:
            self.file.write_text(dataclasses.replace(
                plan, **change).to_json())
            answer = self.duplicates('apply', str(self.file), '--yes',
                                     '--notices', str(self.work / 'n'),
                                     code=1)
            self.assertIn('and you are logged in to that at', answer.stderr)
        answer = self.duplicates('undo', str(self.file), code=1)
        self.assertIn('it has changed nothing', answer.stderr)
        text = plan.to_json().replace(newer, first)
        self.file.write_text(text)
        answer = self.duplicates('apply', str(self.file), '--yes', code=1)
        self.assertIn('its digest is another', answer.stderr)
        # Who may not see what others have plans nothing.
        self.file.unlink()
        demo = openstack.OpenStack(self.api, 'demo')
        answer = demo.spawn(*self.words_of('plan', '--remedy', 'hide'))
        self.assertEqual(1, answer.code, str(answer))
        self.assertIn('are you an administrator', answer.stderr)
        self.assertEqual(NOT_HIDDEN, self.hidden(newer))

    def test_not_known(self) -> None:
        """Nobody can be asked what is needed: nothing is hidden."""
        newer = [self.image() for _ in range(2)][1]
        self.cloud.down = True
        answer = self.duplicates('plan', '--remedy', 'hide', code=3)
        self.assertEqual(
            [('left', newer, 'It is not known which servers and volumes need '
              'it.')], [(row['Step'], row['Image'], row['Why'])
                        for row in answer.json])
        self.assertIn('Servers are not counted: ', answer.stderr)
        self.assertIn('0 images to hide. 1 are left.', answer.stderr)

    def test_read(self) -> None:
        """Glance has hashes of two kinds: they are read, and are the same."""
        data = os.urandom(4 * images.MIB)
        first = self.image(data)
        self.image(os.urandom(4 * images.MIB))
        self.api.configure(DEFAULT={'hashing_algorithm': 'sha256'})
        self.api.restart()
        newer = self.image(data)
        self.assertEqual([], self.plan('hide'))
        self.file.unlink()
        answer = self.duplicates('plan', '--remedy', 'hide', '--deep',
                                 '--out', str(self.file))
        self.assertEqual(
            [(newer, first, 'content')],
            [(row['Image'], row['Instead'], row['Same By'])
             for row in answer.json])
        self.assertEqual({newer: 'hidden'}, self.results('--yes'))

    def test_groups(self) -> None:
        """Those of a name, and no more than are asked for."""
        for number in range(3):
            for _ in range(2):
                self.image(b'%d' % number * 1000)
        rows = self.plan('hide')
        answer = self.duplicates('plan', '--remedy', 'hide', '--limit', '1')
        self.assertEqual(1, len(answer.json))
        self.assertIn('Only 1 of 3 groups were looked at.', answer.stderr)
        group = rows[2]['Group']
        self.assertEqual([group], [row['Group'] for row in self.plan(
            'hide', '--group', group)])
        answer = self.duplicates('plan', '--remedy', 'hide', '--group', '0',
                                 code=1)
        self.assertIn('There is no group 0.', answer.stderr)
        self.assertEqual([], json.loads(self.duplicates(
            'plan', '--remedy', 'hide', '--project', 'nobody').stdout))
