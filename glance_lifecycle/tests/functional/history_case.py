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

"""A history in the stores of a real Glance, by a seed: plan, apply, purge."""

import os
import pathlib
import random

from testtools import content

from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import mess
from glance_lifecycle.tests.functional import mess_case
from glance_lifecycle.tests.functional import reclaim_case

# Of the environment: to repeat what has failed.
_SEED = 'HYGIENE_SEED'


class SeededCase(reclaim_case.ReclaimCase):

    def new_seed(self) -> int:
        """Another in each run, but for that of the environment."""
        given = os.environ.get(_SEED)
        return int(given) if given else random.SystemRandom().getrandbits(32)

    def seeded(self, seed: int) -> random.Random:
        """A test that fails says how to repeat it."""
        self.addDetail('seed', content.text_content(f'{_SEED}={seed}'))
        return random.Random(seed)  # noqa: S311 - to be repeated


class HistoryCase(SeededCase):

    def setUp(self) -> None:
        super().setUp()
        self.exported = self.work / 'west'
        self.heeding = ('--export', str(self.exported), '--unsigned')

    def mess(self, seed: int, number: int = 3) -> mess.Mess:
        made = mess.Mess(
            mess_case.Cloud(self.admin), mess_case.stores(self.api),
            mess.Wishes(seed, number, self.exported, 8192))
        made.make()
        return made

    def plan_all(self, needless: set[str], most: str, name: str
                 ) -> pathlib.Path:
        """All that can go, and nothing else."""
        plan = self.plan(*self.heeding, '--most', most, name=name)
        self.assertEqual(sorted(needless), sorted(
            row['Object'] for row in self.planned.json))
        return plan

    def applied(self, plan: pathlib.Path, *argv: str) -> dict[str, str]:
        """As often as the brake says; path -> result."""
        found: dict[str, str] = {}
        while True:
            answer: openstack.Answer = self.operator().spawn(
                *self.reclaiming('apply', str(plan), *self.heeding, *argv))
            self.assertIn(answer.code, (0, 4), str(answer))
            before = dict(found)
            found.update({row['Object']: row['Result']
                          for row in answer.json})
            if answer.code == 0:
                return found
            self.assertNotEqual(before, found)

    def assert_is(self, expected: mess_case.Tree) -> None:
        self.assertEqual([], mess_case.differences(
            expected, mess_case.tree(self.api)))
