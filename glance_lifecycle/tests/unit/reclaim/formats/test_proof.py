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

"""Only who has the plan knows the ids, and makes a proof."""

import itertools
import uuid

import testtools

from glance_lifecycle.reclaim.formats import proof
from glance_lifecycle.tests.unit.reclaim.formats import helpers

A, B = helpers.A, helpers.B
ONE, OTHER = 'ab' * 32, 'cd' * 32


class ProofTest(testtools.TestCase):

    def test_ids(self) -> None:
        """The same for each run, and others for each image and plan."""
        found = [*proof.ids(ONE, A)]
        self.assertEqual(found, [*proof.ids(ONE, A)])
        every = [*itertools.chain(found, proof.ids(ONE, B),
                                  proof.ids(OTHER, A))]
        self.assertEqual(len(every), len(set(every)))
        for one in every:
            self.assertEqual(one, str(uuid.UUID(one)))

    def test_holds(self) -> None:
        new = helpers.image(id=B)
        self.assertFalse(proof.holds(ONE, A, new))
        good = {**new, proof.PROOF: proof.of(ONE, A, new)}
        self.assertTrue(proof.holds(ONE, A, good))
        self.assertFalse(proof.holds(OTHER, A, good))
        self.assertFalse(proof.holds(ONE, B, good))
        for name, value in (('id', A), ('owner', 'p2'),
                            ('os_hash_value', 'ff'),
                            ('os_hash_algo', 'sha256'),
                            (proof.PROOF, 'é'), (proof.PROOF, '')):
            self.assertFalse(proof.holds(ONE, A, {**good, name: value}))
        # What the owner may change of it says nothing of the bytes.
        self.assertTrue(proof.holds(ONE, A, {**good, 'name': 'x'}))
