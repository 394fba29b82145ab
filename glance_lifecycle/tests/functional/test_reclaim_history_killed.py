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

"""A history whose apply, undo and purge are killed: the next run goes on."""

import hashlib
import json
import pathlib

from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import history_case
from glance_lifecycle.tests.functional import mess
from glance_lifecycle.tests.functional import mess_case

_FILE = ('glance_lifecycle.transfer.backends.file.quarantine:'
         'FileQuarantine.')

# Whatever of ours is called meanwhile, between any two calls of the system.
_WITHIN = '/transfer/backends/'

# Calls of those for one file: more are only made for others after it.
_CALLS = 60


class KilledHistoryTest(history_case.HistoryCase):

    def history(self, seed: int) -> None:
        self.chance = self.seeded(seed)
        cloud = self.mess(seed, 2)
        made = cloud.manifest
        self.needless = {one.path: one.sha256 for one in made.needless}
        before = mess_case.tree(self.api)
        self.stays = {path: one for path, one in before.items()
                      if path not in self.needless}
        plan = self.plan_all(set(self.needless), '1000', 'first')
        self.killed('put', 'apply', str(plan), *self.heeding)
        self.applied(plan)
        self.assert_is(self.stays)
        # Whoever changes her mind does not know how far it came.
        digits = json.loads(plan.read_text())['digest'][:16]
        self.killed('restore', 'undo', digits)
        self.reclaim('undo', digits)
        self.assert_is(before)
        cloud.export()
        plan = self.plan_all(set(self.needless), '1000', 'second')
        self.killed('put', 'apply', str(plan), *self.heeding)
        if self.chance.random() < 0.5:
            self.applied(plan)
        self.killed('purge', 'apply', str(plan), *self.heeding, '--purge',
                    '--yes', gone=True)
        # What was not there before is taken first.
        self.applied(plan, '--purge', '--yes')
        result = self.applied(plan, '--purge', '--yes')
        self.assertEqual(set(), set(result.values()) - {'purged', 'gone'})
        self.assert_is(self.stays)
        for store in self.api.stores:
            self.assertEqual([], self.kept(store))
        self.assertEqual(([], []), (mess.wrong(made), mess.left(made)))

    def killed(self, after: str, *argv: str, gone: bool = False) -> None:
        """A few times, each at a random call.

        :param gone: what can go may have gone
        """
        most = _CALLS * len(self.needless)
        for _again in range(3):
            number = self.chance.randrange(1, most)
            answer = self.operator().fork(
                *self.reclaiming(*argv), first=points.Kill(
                    (), _FILE + after, number, _WITHIN)).end()
            self.assertIn(answer.code, (-9, 0), f'{number}: {answer}')
            # Fewer are left to do for the next.
            most = max(2, number)
            self.assert_whole(gone)

    def assert_whole(self, gone: bool) -> None:
        """What stays is as it was; all else is there once."""
        there = mess_case.tree(self.api)
        self.assertEqual([], mess_case.differences(self.stays, {
            path: one for path, one in there.items()
            if path not in self.needless}))
        kept = {}
        for store in self.api.stores:
            directory = self.path('.lifecycle-quarantine', store)
            for name in self.kept(store):
                kept[str(directory.parent / name.partition('.')[2])] = (
                    directory / name)
        for path, sha256 in self.needless.items():
            found = [one for one in (pathlib.Path(path), kept.get(path))
                     if one is not None and one.exists()]
            self.assertIn(len(found), (0, 1) if gone else (1,), path)
            for one in found:
                self.assertEqual(sha256, hashlib.sha256(
                    one.read_bytes()).hexdigest())

    def test_known_seed(self) -> None:
        self.history(4)

    def test_new_seed(self) -> None:
        self.history(self.new_seed())
