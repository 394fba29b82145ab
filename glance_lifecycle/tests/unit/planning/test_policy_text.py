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


"""The policy that is written is good, and wants what was advised."""

import dataclasses
import unittest
from unittest import mock

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import policy_text
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import shadow
from glance_lifecycle.tests.unit.planning import small_clouds


class PolicyTextTest(unittest.TestCase):

    def written(self, cloud: clouds.Cloud
                ) -> tuple[str, placement.Placement, decision.Policy]:
        plan = layout.plan(cloud)
        found = placement.search(cloud, plan)
        text = policy_text.document(cloud, plan, found)
        loaded = document.load(text.encode())
        self.assertEqual([], shadow.warnings(loaded))
        return text, found, decision.Policy(loaded)

    def decided(self, policy: decision.Policy, name: str
                ) -> tuple[str, ...] | None:
        return policy.decide(decision.Facts(
            'qcow2', 'bare', 1, 1, name=name, project='p',
            stores=('ceph',))).place.stores

    def test_wanted(self) -> None:
        text, _found, policy = self.written(small_clouds.paper_with_room())
        self.assertEqual(('archive',), self.decided(policy, 'ubuntu-18.04'))
        self.assertEqual(('ceph',), self.decided(policy, 'windows-2022'))
        # What stays is left alone, and so is what would be a new image.
        self.assertIsNone(self.decided(policy, 'ubuntu-24.04'))
        # windows-2022: 12 GiB for 1.08 and 40 GiB for 0.80, which goes;
        # ubuntu-18.04: 0.07, and then 0.02; ubuntu-24.04, which would be a
        # new image: 0.01, and no more.
        self.assertIn('# 1.96 EUR a month today, 1.11 EUR a month with this:'
                      ' 2 images to move.', text)
        self.assertIn('# 1 more would move and is not in it: that takes '
                      'another import.', text)
        self.assertIn('  # 1 image: saves 0.80 EUR a month. windows-2022 '
                      'leaves archive', text)

    def test_names(self) -> None:
        """Of strangers: patterns, quotes, and what ends a comment."""
        for name in ('a*[b]?', 'x"y\\', 'back\\slash', ': #', '\u2028line',
                     'no: yes', '\u00fcml\u00e4ut'):
            cloud = small_clouds.paper_with_room()
            cloud = dataclasses.replace(cloud, images=(
                *cloud.images[:2], dataclasses.replace(
                    cloud.images[2], name=name)))
            _text, _found, policy = self.written(cloud)
            self.assertEqual(('archive',), self.decided(policy, name))
            self.assertIsNone(self.decided(policy, 'another'))

    def named(self, *images: dict[str, object]) -> tuple[
            str, decision.Policy]:
        """Images such as ubuntu-18.04, which moves to the archive."""
        cloud = small_clouds.paper_with_room()
        old = cloud.images[2]
        cloud = dataclasses.replace(cloud, images=tuple(
            dataclasses.replace(
                old, name='image-%d' % number,
                **one)  # type: ignore[arg-type]
            for number, one in enumerate(images)))
        text, _found, policy = self.written(cloud)
        return text, policy

    def test_name_in_glance(self) -> None:
        """Not what they are called here to tell them apart."""
        text, policy = self.named({'glance_name': 'x'}, {'glance_name': 'x'},
                                  {'glance_name': ''})
        self.assertEqual(('archive',), self.decided(policy, 'x'))
        self.assertNotIn('"image-', text)
        self.assertEqual(1, text.count('"x"'))
        # Of 0.78 GiB each: 3 x 0.07 before, and one stays.
        self.assertIn('# 0.21 EUR a month today, 0.10 EUR a month with this: '
                      '2 images to move.', text)
        self.assertIn('# 1 more would move and is not in it: by name and '
                      'project, no rule can say which.', text)

    def test_not_told_apart(self) -> None:
        """One stays: a rule would move it, too."""
        stays = {'glance_name': 'x', 'golden': True}
        for one, other, there in (
                ({}, {}, False), ({'project': 'p'}, {'project': 'p'}, False),
                ({'project': 'p'}, {'project': 'q'}, True),
                # It may be of that project, or of any.
                ({'project': 'p'}, {}, False), ({}, {'project': 'p'}, False)):
            with self.subTest(one=one, other=other):
                text, policy = self.named({'glance_name': 'x', **one},
                                          {**stays, **other})
                self.assertEqual(('archive',) if there else None,
                                 self.decided(policy, 'x'))
                self.assertEqual(not there, 'no rule can' in text)

    def test_too_long_a_pattern(self) -> None:
        """Each bracket takes three characters of the 255."""
        text, _policy = self.named({'glance_name': '[' * 200})
        self.assertNotIn('rules:', text)

    def test_many(self) -> None:
        """A document has its limits; what saves the most is in it."""
        with mock.patch.object(policy_text, '_MOST_NAMES', 60):
            text, found, policy = self.written(small_clouds.many(300))
        self.assertRegex(text, r'# \d+ more would move and are not in it: a '
                         'policy holds')
        wanted = [one for one in found.images if self.decided(
            policy, one.image.name)]
        self.assertEqual(60, len(wanted))
        for one in wanted:
            self.assertEqual(tuple(store.name for store in one.stores),
                             self.decided(policy, one.image.name))
