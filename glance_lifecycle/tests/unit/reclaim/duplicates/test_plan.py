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

"""A plan is what it was when it was made, or it is refused."""

import dataclasses
import json
from typing import Any

import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers

Remedy = plans.Remedy
A, B = helpers.A, helpers.B

DROP = {'remedy': Remedy.DROP, 'policy': 'ab'}


def drop(store: str = 's1') -> plans.Step:
    return helpers.step(instead=None, store=store)


class PlanTest(testtools.TestCase):

    def test_there_and_back(self) -> None:
        for one in (helpers.plan(),
                    helpers.plan(helpers.step(), any_name=True),
                    helpers.plan(drop(), drop('s2'), **DROP),
                    helpers.plan(helpers.step(), remedy=Remedy.TELL)):
            found = plans.load(one.to_json().encode())
            self.assertEqual(one, found)
            self.assertEqual(one.id, found.id)
            self.assertEqual(json.loads(one.to_json())['digest'][:16],
                             found.id)

    def test_bytes_back(self) -> None:
        """A hidden image takes as much as before."""
        self.assertEqual((0, 100), (helpers.step().back, drop().back))

    def refused(self, plan: plans.Plan, why: str) -> None:
        # The digest is that of what is refused.
        error = self.assertRaises(
            exceptions.ConfigurationError, plans.load,
            plan.to_json().encode())
        self.assertIn(why, str(error))

    def test_digest(self) -> None:
        text = helpers.plan(helpers.step()).to_json()
        for old, new in ((A, helpers.C), ('"hide"', '"tell"'),
                         ('http://glance', 'http://other'),
                         ('"servers": 0', '"servers": 1')):
            self.assertIn(old, text)
            self.assertRaises(exceptions.ConfigurationError, plans.load,
                              text.replace(old, new).encode())

    def test_right_digest(self) -> None:
        def of(**other: Any) -> plans.Step:
            return helpers.step(image=dataclasses.replace(
                helpers.step().image, **other))
        for step, why in (
                (of(id='../../etc'), 'no id of an image'),
                (of(id='a' * 36 + '\n'), 'no id of an image'),
                (of(size=-1), 'no number'), (of(stores=('x' * 8193,)), 'long'),
                (of(hidden=1), 'neither true nor false'),
                (helpers.step(servers=-1), 'no number'),
                (drop(), 'of another remedy'),
                (helpers.step(store='s1'), 'of another remedy')):
            self.refused(helpers.plan(step), why)
        self.refused(helpers.plan(helpers.step(), **DROP),
                     'of another remedy')
        self.refused(helpers.plan(helpers.step(), helpers.step()),
                     'a step twice')
        self.refused(helpers.plan(drop(), drop(), **DROP), 'a step twice')
