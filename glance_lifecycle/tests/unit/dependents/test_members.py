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

"""Members, as Glance lists them."""

import unittest

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import members
from glance_lifecycle.tests.unit.dependents import fakes

MEMBERS = {'members': [
    {'member_id': status, 'status': status}
    for status in ('accepted', 'pending', 'rejected')]}


class MembersTest(unittest.TestCase):

    def setUp(self) -> None:
        self.client = fakes.Client(lambda path, query: MEMBERS)

    def ask(self, image: base.Image, project: str = 'p') -> base.Answer:
        return members.MembersProvider(fakes.Connection(
            'member', image=self.client, project=project),
            base.Settings()).ask(image)

    def test_found(self) -> None:
        answer = self.ask(base.Image('i', project='p', visibility='shared'))
        self.assertEqual(
            [('accepted', 'shared with it, accepted'),
             ('pending', 'shared with it, pending')],
            [(found.id, found.detail) for found in answer.dependents])
        self.assertEqual('', answer.reason)
        self.assertEqual('/images/i/members', self.client.asked[0][0])

    def test_not_the_owner(self) -> None:
        answer = self.ask(base.Image('i', project='p', visibility='shared'),
                          'q')
        self.assertIn('only your own project', answer.reason)

    def test_not_shared(self) -> None:
        answer = self.ask(base.Image('i', visibility='public'))
        self.assertEqual((True, []), (answer.asked, [*answer.dependents]))
        self.assertEqual([], self.client.asked)
