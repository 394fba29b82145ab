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

"""Pages, and services that misbehave."""

from typing import Any
import unittest

from keystoneauth1 import exceptions as ksa_exceptions

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import listing
from glance_lifecycle.tests.unit.dependents import fakes


def items(count: int) -> list[dict[str, Any]]:
    return [{'id': str(number)} for number in range(count)]


class PagesTest(unittest.TestCase):

    def read(self, client: fakes.Client) -> list[str]:
        with listing.asking('Nova'):
            return [item['id'] for page in listing.pages(
                client, '/things', 'things', {'x': 'y'}) for item in page]

    def test_pages(self) -> None:
        for count in range(6):
            client = fakes.Client(fakes.paged('things', items(count)))
            self.assertEqual([str(n) for n in range(count)],
                             self.read(client))
        self.assertEqual(
            [{'limit': 1000, 'x': 'y'},
             {'limit': 1000, 'x': 'y', 'marker': '1'},
             {'limit': 1000, 'x': 'y', 'marker': '3'}],
            [query for _, query in client.asked])

    def test_marker_deleted(self) -> None:
        client = fakes.Client(fakes.paged('things', items(6), 3, ('2', '1')))
        self.assertEqual(['0', '1', '2', '3', '4', '5'], self.read(client))

    def test_all_markers_deleted(self) -> None:
        client = fakes.Client(fakes.paged('things', items(6), 3,
                                          ('2', '1', '0')))
        with self.assertRaises(base.NotAsked):
            self.read(client)

    def test_the_same_page_for_ever(self) -> None:
        client = fakes.Client(lambda path, query: {
            'things': items(2), 'things_links': [{'rel': 'next'}]})
        with self.assertRaises(base.NotAsked):
            self.read(client)

    def test_failures(self) -> None:
        for answer, said in (
                (403, 'Nova does not let this user (403)'),
                (401, 'Nova does not let this user (401)'),
                (500, 'Nova failed (500)'),
                (ksa_exceptions.EndpointNotFound('secret'),
                 'this cloud has no Nova in its catalogue'),
                (ksa_exceptions.ConnectFailure('secret'),
                 'Nova cannot be asked (ConnectFailure)'),
                (TimeoutError('secret'),
                 'Nova cannot be asked (TimeoutError)'),
                ([], 'Nova answered something that is no such list '
                     '(TypeError)'),
                ({}, 'Nova answered something that is no such list '
                     '(KeyError)'),
                ({'things': [3]}, 'Nova answered something that is no such '
                                  'list (TypeError)')):
            with self.subTest(said):
                client = fakes.Client(lambda path, query, a=answer: a)
                with self.assertRaises(base.NotAsked) as caught:
                    self.read(client)
                self.assertEqual(said, str(caught.exception))


class AdminTest(unittest.TestCase):

    def test_roles(self) -> None:
        self.assertTrue(listing.is_admin(fakes.Connection('reader',
                                                          'admin')))
        self.assertFalse(listing.is_admin(fakes.Connection('member')))
        self.assertFalse(listing.is_admin(object()))
