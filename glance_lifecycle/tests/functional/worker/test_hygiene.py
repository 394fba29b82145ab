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
"""What lies in file stores and no image needs, and a worker that looks."""

import os
import stat
from typing import Any

from glance_lifecycle.tests.functional.fixtures import forking
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import looking_case
from glance_lifecycle.tests import waiting

NEVER = 'version: 1\n'


class DyingWorker(worker.Worker):
    """See ``dying``."""

    origin = forking.Origin('glance_lifecycle.tests.functional.worker.dying')
    number = 1

    def argv(self) -> list[str]:
        python, _script, *rest = super().argv()
        path = self.api.base / 'number'
        path.write_text(str(self.number))
        return [python, '-m', 'glance_lifecycle.tests.functional.worker'
                '.dying', str(path), *rest]


class HygieneTest(looking_case.LookingCase):

    def test_observed(self) -> None:
        """Plans, and nothing else: whatever the policy says."""
        images = self.new_images()
        orphan = self.orphan()
        self.put(images[0], store='s2')
        paths = [self.path(orphan), self.path(images[0], 's2')]
        before = [self.look(path) for path in paths]
        daemon = self.looks(looking_case.policy('s1'), mode='observe')
        self.until_ended(daemon)
        made = self.plans()
        self.assertEqual({'s1', 's2 s3'}, made.keys())
        path, plan = made['s1']
        self.assertEqual([('GLC020', orphan)], [
            (step.code, step.image_id) for step in plan.steps])
        # What is young is not in it.
        self.assertEqual((), made['s2 s3'][1].steps)
        self.assertEqual((0o600, 0o700), (
            stat.S_IMODE(path.stat().st_mode),
            stat.S_IMODE(path.parent.stat().st_mode)))
        self.assertEqual(before, [self.look(each) for each in paths])
        self.assertEqual([], self.kept())
        said, _others = self.story(daemon, 'planned')
        self.assertIn(f'Plan {plan.id}: Store s1: 1 objects, ', said)
        self.assertIn(said.partition(': ')[2], daemon.log_text())
        # It is as good as one that an operator has made.
        answer = self.reclaim('apply', str(path))
        self.assertEqual({orphan: 'quarantined'}, self.outcomes(answer))

    def test_taken(self) -> None:
        """Where the policy says so; and it comes back."""
        images = self.new_images()
        orphan = self.orphan()
        path = self.path(orphan)
        path.chmod(0o604)
        os.chown(path, 1234, 4321)
        self.put(images[0], store='s2')
        before, other = self.look(path), self.look(self.path(images[0], 's2'))
        daemon = self.looks(looking_case.policy('s1'))
        self.until_ended(daemon)
        self.assertFalse(path.exists())
        plan = self.plans()['s1'][1]
        self.assertEqual([f'{plan.id}.{orphan}'], self.kept())
        self.assertIn(f'quarantined by plan {plan.id}',
                      str(daemon.story(orphan)))
        self.assertEqual(other, self.look(self.path(images[0], 's2')))
        answer = self.reclaim('undo', plan.id)
        self.assertEqual({orphan: 'restored'}, self.outcomes(answer))
        self.assertEqual(before, self.look(path))
        self.assertEqual(images, [image for image in images
                                  if self.path(image).exists()])

    def test_never(self) -> None:
        """Silence is no permission."""
        self.new_images(2)
        path = self.path(self.orphan())
        daemon = self.looks(NEVER)
        self.until_ended(daemon)
        self.assertEqual(['s1 s2 s3'], list(self.plans()))
        self.assertTrue(path.exists())

    def test_purged(self) -> None:
        """What is needed by then comes back; the rest goes for good."""
        images = self.new_images()
        copy, orphan = self.path(images[0], 's2'), self.orphan()
        self.put(images[0], b'0' * 1000, store='s2')
        before = self.look(copy)
        daemon = self.looks(looking_case.policy(
            's1', 's2', more=', purge: {after: 0 seconds}'))
        self.until_ended(daemon)
        self.assertEqual((1, 1), (len(self.kept()), len(self.kept('s2'))))
        self.register(images[0], 's2')
        self.again(daemon)
        waiting.until('that it is brought back is told',
                      lambda: self.story(daemon, 'halted'))
        self.assertEqual(before, self.look(copy))
        waiting.until('that the other has gone is told', lambda: (
            'purged by plan' in str(daemon.story(orphan))))
        self.assertEqual([], self.kept())
        self.assertFalse(self.path(orphan).exists())

    def test_store_away(self) -> None:
        """Of which something might go: then nothing does, until it is back.
        """
        self.new_images(2)
        path = self.path(self.orphan())
        store, away = self.api.store_dir('s2'), self.api.base / 'away'
        store.rename(away)
        daemon = self.looks(looking_case.policy('s1', 's2'))
        self.until_ended(daemon)
        self.assertTrue(path.exists())
        self.assertIn('store s2 cannot be listed',
                      str(self.story(daemon, 'halted')))
        away.rename(store)
        self.again(daemon)
        waiting.until('it is taken', lambda: not path.exists())

    def test_no_export(self) -> None:
        """What other Glances need is not known: then there is no plan."""
        path = self.path(self.orphan())
        daemon = self.looks(looking_case.policy('s1'),
                            hygiene_exports='/no/export')
        self.until_ended(daemon)
        self.assertIn('/no/export is not used', str(
            self.story(daemon, 'failed')))
        self.assertFalse((self.api.state_dir / 'hygiene').exists())
        self.assertTrue(path.exists())

    def test_killed(self) -> None:
        """With signal 9, before each call that matters."""
        self.new_images(2)
        before = {}
        for number in range(4):
            orphan = self.orphan(b'%d' % number * 3000)
            before[orphan] = self.look(self.path(orphan))
        daemon = self.looks(looking_case.policy('s1'), DyingWorker)
        while True:
            waiting.until('it dies, or ends its look', lambda: (
                not daemon.running or self.ended(daemon)))
            self.assert_there(before)
            if daemon.running:
                break
            daemon.number += 1
            daemon.start()
        self.assertLess(4, daemon.number)
        self.assertEqual(4, len(self.kept()))
        for plan in {name.partition('.')[0] for name in self.kept()}:
            self.reclaim('undo', plan)
        self.assertEqual(before, {
            orphan: self.look(self.path(orphan)) for orphan in before})
        self.assertEqual([], self.kept())

    def assert_there(self, before: dict[str, Any]) -> None:
        """Each of them is, once."""
        kept = {name.partition('.')[2]: name for name in self.kept()}
        for orphan, looks in before.items():
            path = self.path(orphan)
            self.assertNotEqual(path.exists(), orphan in kept)
            if orphan in kept:
                path = self.path('.lifecycle-quarantine') / kept[orphan]
            self.assertEqual(looks, self.look(path))
