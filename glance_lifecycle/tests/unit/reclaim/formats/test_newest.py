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

"""Which images have a newer one in their family."""

import datetime
from typing import Any

import testtools

from glance_lifecycle.policy import decision
from glance_lifecycle.reclaim.formats import newest
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import image_api

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
RETAIN = {'family': {'property': 'build'}, 'keep_last': 1,
          'delete_after': '30 days'}
POLICY = test_checks.policy(retain=RETAIN)


class NewestTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi())

    def add(self, number: int, **changes: Any) -> None:
        self.api.add(image_api.image(number, **{
            'created_at': '2026-01-0%dT00:00:00Z' % number, 'build': 'x',
            'disk_format': 'qcow2', **changes}))

    def why(self, number: int, *but: str,
            policy: decision.Policy = POLICY) -> str:
        return newest.Newest(self.api.cloud(), policy, NOW).why_not(
            self.api.images[image_api.image_id(number)], ['fast'], but)

    def test_families(self) -> None:
        self.add(1)
        self.add(2, disk_format='raw')
        self.add(3, build='y')
        self.add(4, owner='q')
        self.assertEqual(
            'Image %s of its family is newer: one made of this one now would '
            'be the newest, and that one would be retired instead.'
            % image_api.image_id(2), self.why(1))
        self.assertEqual(['', '', ''], [*map(self.why, (2, 3, 4))])
        self.assertEqual('', self.why(1, policy=test_checks.policy(
            protect={'protected': True})))

    def test_whoever_sees_it(self) -> None:
        """The raw one of what is public is newer for the private one, too."""
        for theirs, mine in (('public', 'private'), ('private', 'public')):
            self.add(1, visibility=theirs)
            self.add(2, visibility=mine)
            self.assertIn(image_api.image_id(2), self.why(1))

    def test_unusable(self) -> None:
        """It is retired as well, though nobody finds it now."""
        for changes in ({'os_hidden': True}, {'status': 'deactivated'}):
            self.add(1)
            self.add(2, **changes)
            self.assertIn(image_api.image_id(2), self.why(1))

    def test_own(self) -> None:
        """What the plan has made of it does not count, others do."""
        for number in (1, 2, 3):
            self.add(number)
        own = image_api.image_id(3)
        self.assertIn(image_api.image_id(2), self.why(1, own))
        self.assertEqual('', self.why(2, own))

    def test_family_of_raw_ones(self) -> None:
        """Of which the other image is none, and its raw one would be."""
        policy = test_checks.policy(match={'disk_format': 'raw'},
                                    retain=RETAIN)
        self.add(1)
        self.add(2)
        self.assertEqual('', self.why(1, policy=policy))
        self.add(2, disk_format='raw')
        self.assertIn(image_api.image_id(2), self.why(1, policy=policy))
