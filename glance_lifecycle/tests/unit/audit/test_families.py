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

"""Families as the Image API lists them, each project once."""

import datetime
from typing import Any

from openstack import exceptions as sdk_exceptions
import testtools

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import families
from glance_lifecycle.audit import image_api as image_apis
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import image_api

POLICY = test_checks.policy(retain={
    'family': {'property': 'build'}, 'keep_last': 1, 'hide_after': '1 day'})
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


class FamiliesTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi())
        for number in range(1, 5):
            self.add(number)

    def add(self, number: int, **changes: Any) -> None:
        self.api.add(image_api.image(number, **{
            'created_at': '2026-01-0%dT00:00:00Z' % number, 'build': 'x',
            **changes}))

    def new(self, *, keep: bool = False) -> families.Families:
        client = self.api.connection().image
        return families.Families(image_apis.getter(client), POLICY, None, NOW,
                                 keep=keep)

    def view(self, seen: families.Families, number: int) -> Any:
        image = self.api.images[image_api.image_id(number)]
        known = drift.facts(image, NOW)
        return seen.view(image, known, POLICY.decide(known))

    def test_once(self) -> None:
        seen = self.new()
        self.assertEqual([3, 2, 1, 0], [
            self.view(seen, number).newer for number in range(1, 5)])
        listed = self.api.listed()
        self.assertEqual(['false', 'true'], [
            hidden for query in listed
            for hidden in ('false', 'true') if 'os_hidden=' + hidden in query])
        self.assertTrue(all('owner=p' in query and 'visibility=all' in query
                            for query in listed), listed)

    def test_strangers(self) -> None:
        """Of another project, and of one that says it is ours."""
        for number in range(5, 9):
            self.add(number, owner='q')
        self.assertEqual(0, self.view(self.new(), 4).newer)

    def test_strange_owner(self) -> None:
        """What names of projects are is no part of the query."""
        self.add(5, owner='p&owner=q')
        self.assertEqual(0, self.view(self.new(), 5).newer)
        self.assertIn('owner=p&owner=q', self.api.listed()[0])

    def test_hidden_and_others(self) -> None:
        self.add(5, os_hidden=True)
        self.add(6, status='queued')
        self.add(7, created_at='yesterday')
        self.assertEqual(1, self.view(self.new(), 3).newer)
        self.assertIsNone(self.view(self.new(), 7))
        self.add(8, build='')
        self.assertIsNone(self.view(self.new(), 8).key)

    def test_not_asked(self) -> None:
        """Where no family is said, nothing is listed."""
        image = self.api.images[image_api.image_id(1)]
        known = drift.facts(image, NOW)
        policy = test_checks.policy(retain={'hide_after': '1 day'})
        self.assertIsNone(self.new().view(image, known,
                                               policy.decide(known)))
        self.assertEqual([], self.api.listed())

    def test_fails(self) -> None:
        self.api.fail['/v2/images'] = 403
        self.assertRaises(sdk_exceptions.HttpException,
                          self.view, self.new(), 1)

    def test_other_members(self) -> None:
        """All of the families that were asked for, but those met."""
        self.add(5, build='y')
        self.add(6, owner='q')
        for keep, lists in ((False, 4), (True, 2)):
            self.api.requests.clear()
            seen = self.new(keep=keep)
            self.assertEqual([], [*seen.others(())])
            self.view(seen, 4)
            self.assertEqual(
                [image_api.image_id(number) for number in (1, 3)],
                [image['id'] for image in seen.others(
                    {image_api.image_id(2), image_api.image_id(4)})])
            self.assertEqual(lists, len(self.api.listed()))

    def test_of_two_families(self) -> None:
        """One was kept, and the other is listed again."""
        for number in (5, 6):
            self.add(number, build='y')
        seen = self.new(keep=True)
        self.view(seen, 4)
        self.view(seen, 6)
        self.assertEqual(
            [image_api.image_id(number) for number in (1, 2, 3, 5)],
            sorted(image['id'] for image in seen.others(
                {image_api.image_id(4), image_api.image_id(6)})))
