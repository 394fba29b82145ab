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

import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import plan as duplicates
from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.tests.unit.reclaim.formats import helpers


class PlanTest(testtools.TestCase):

    def refused(self, text: str, why: str) -> None:
        error = self.assertRaises(exceptions.ConfigurationError, plans.load,
                                  text.encode())
        self.assertIn(why, str(error))

    def test_there_and_back(self) -> None:
        for one in (helpers.plan(), helpers.plan(helpers.step()),
                    helpers.plan(
                        helpers.step(virtual_size=None, users=None,
                                     dropped=('img_signature',)),
                        left=(plans.Left(helpers.B, 'n', 'It is raw.'),))):
            found = plans.load(one.to_json().encode())
            self.assertEqual(one, found)
            self.assertEqual(json.loads(one.to_json())['digest'][:16],
                             found.id)

    def test_secret(self) -> None:
        """Whoever knows all but that does not know the digest."""
        one = helpers.plan(helpers.step())
        self.assertNotEqual(one.digest, dataclasses.replace(
            one, secret='cd' * 16).digest)

    def test_refused(self) -> None:
        step = helpers.step()
        text = helpers.plan(step).to_json()
        self.refused(text.replace('ubuntu', 'other'), 'its digest is another')
        self.refused(helpers.plan(step, step).to_json(),
                     'it has an image twice')
        self.refused(helpers.plan(dataclasses.replace(
            step, image=dataclasses.replace(step.image, id='../x'))
            ).to_json(), 'is no id of an image')
        self.refused(helpers.plan(helpers.step(members=-1)).to_json(),
                     'is no number from 0 on')
        self.refused('{}', 'it does not say that it is one')
        self.refused(text.replace(plans.FORMAT, duplicates.FORMAT),
                     'it does not say that it is one')
        self.refused('[' * 100_000, 'it is not JSON')
