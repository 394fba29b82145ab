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

"""Plans of migrations, made from images as the Image API shows them."""

from typing import Any
import unittest
from unittest import mock

from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker.migrating import migrating_case
from glance_lifecycle.worker.migrating import plan as plans
from glance_lifecycle.worker.migrating import planning

PROTECT: dict[str, Any] = {'protect': {'protected': True}}
NOBODY: dict[str, Any] = {'match': {'name': 'x'}, **PROTECT}


def image(number: int, **changes: Any) -> dict[str, Any]:
    return image_api.image(number, **{
        'stores': 'bulk', 'os_hash_value': 'aa', **changes})


class MakeTest(unittest.TestCase):

    def make(self, *images: dict[str, Any], policy: Any = NOBODY,
             dependents: Any = None, room: int | None = None,
             **wishes: Any) -> plans.Plan:
        return planning.make(
            images, test_checks.policy(**policy), image_api.STORES,
            dependents or {}, planning.Wishes(**{
                'source': 'bulk', 'target': 'fast',
                'settings': plans.Settings(False, True, 0.0, 4, 3, ()),
                'forecast': plans.Forecast(100.0, 1.0, 'given', room),
                'canary': 1, **wishes}), migrating_case.NOW)

    def moved(self, plan: plans.Plan) -> list[list[int]]:
        return [[int(one.id[-12:]) for one in wave.images]
                for wave in plan.waves]

    def test_order(self) -> None:
        """The canary is no golden one, and nobody needs it."""
        plan = self.make(
            image(1, protected=True), image(2), image(3), image(4),
            image(5, stores='far'),
            dependents={image_api.image_id(2): 2, image_api.image_id(3): 1})
        self.assertEqual([[4], [3, 2, 1]], self.moved(plan))
        self.assertEqual([True, False],
                         [wave.canary for wave in plan.waves])
        self.assertEqual(plan, plans.load(plan.to_json().encode()))

    def test_golden_by_policy(self) -> None:
        plan = self.make(image(1), image(2, size=2000), policy={
            'match': {'size': {'max': '1500 B'}}, **PROTECT})
        self.assertEqual([[2], [1]], self.moved(plan))

    def test_where(self) -> None:
        plan = self.make(image(1), image(2, disk_format='iso'),
                         where=lambda facts: facts.disk_format == 'iso')
        self.assertEqual(([[2]], ()), (self.moved(plan), plan.left))

    def test_left(self) -> None:
        plan = self.make(
            image(1, status='deactivated'), image(2, os_hash_value=None),
            image(3, size=3000), image(4, size=1),
            policy={'match': {'name': 'kept'}, 'place': {
                'stores': ['bulk']}}, room=2000)
        self.assertEqual([[4]], self.moved(plan))
        self.assertEqual(
            {1: 'it is deactivated, and only an active image is copied',
             2: 'it has no os_hash_value, so that no copy can be verified',
             3: 'there is no room for it in fast'},
            {int(one.id[-12:]): one.why for one in plan.left})

    def test_left_by_policy(self) -> None:
        plan = self.make(image(1), image(2, name='kept'), policy={
            'match': {'name': 'kept'}, 'place': {'stores': ['bulk']}})
        self.assertEqual([[1]], self.moved(plan))
        self.assertIn('the-rule', plan.left[0].why)

    def test_too_many(self) -> None:
        """Those with the least risk first; how many more there are is told.
        """
        images = [image(number, size=size) for number, size in (
            (1, 50), (2, 40), (3, 30), (4, 20), (5, 10))]
        with mock.patch.object(plans, 'MOST', 3):
            plan = self.make(*images, canary=0)
            self.assertEqual([[5, 4, 3]], self.moved(plan))
            last, = plan.left
            self.assertEqual('', last.id)
            self.assertIn('2 more images would move, and a plan has 3 at '
                          'most. Make another plan', last.why)
            self.assertEqual(plan, plans.load(plan.to_json().encode()))
            # When these have moved.
            again = self.make(*images[:2], canary=0)
            self.assertEqual(([[2, 1]], ()), (self.moved(again), again.left))

    def test_too_many_left(self) -> None:
        with mock.patch.object(plans, 'MOST', 3):
            plan = self.make(*(image(number, status='deactivated')
                               for number in range(1, 6)))
        self.assertEqual(2, len(plan.left))
        self.assertIn('4 more images stay', plan.left[1].why)

    def test_kept_and_there(self) -> None:
        """Nothing would be done, and a plan after the next would have it."""
        settings = plans.Settings(True, True, 0.0, 4, 3, ())
        plan = self.make(image(1, stores='bulk,fast'), image(2),
                         settings=settings)
        self.assertEqual(([[2]], ()), (self.moved(plan), plan.left))

    def test_there(self) -> None:
        """What is in the target already takes no room in it."""
        plan = self.make(image(1, stores='bulk,fast', size=3000),
                         room=2000)
        self.assertEqual([[1]], self.moved(plan))
        self.assertTrue(plan.waves[0].images[0].there)
