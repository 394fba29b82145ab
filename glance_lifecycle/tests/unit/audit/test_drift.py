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


"""Images of a catalogue against the policy, page by page."""

from collections.abc import Mapping
import datetime
from typing import Any
import unittest

from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.signing import properties
from glance_lifecycle.tests.unit.policy import test_checks

NOW = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
IMAGE = {
    'id': 'i1', 'name': 'golden', 'status': 'active', 'owner': 'p',
    'visibility': 'public', 'protected': True, 'os_hidden': False,
    'tags': ['a', 'b'], 'disk_format': 'raw', 'container_format': 'bare',
    'size': 5, 'virtual_size': None, 'min_ram': 0, 'min_disk': 0,
    'created_at': '2026-11-20T00:00:00Z', 'updated_at': 'x', 'self': 'x',
    'file': 'x', 'schema': 'x', 'checksum': 'x', 'os_hash_algo': 'x',
    'os_hash_value': 'x', 'stores': 's1,s2', 'os_distro': 'debian'}


class Catalogue:
    """GET /v2/images: the order, the marker and "next" as in Glance."""

    def __init__(self, count: int, hidden: int = 0) -> None:
        self.images: list[Mapping[str, Any]] = [
            {'id': 'i%d' % number, 'status': 'active',
             'os_hidden': number >= count, 'protected': number % 2 == 0}
            for number in range(count + hidden)]
        self.requests: list[dict[str, Any]] = []

    def get(self, path: str, query: Mapping[str, Any]) -> Any:
        self.requests.append(dict(query))
        found = [image for image in self.images if image['os_hidden'] is (
            query['os_hidden'] == 'true')]
        if 'marker' in query:
            ids = [image['id'] for image in found]
            if query['marker'] not in ids:
                return None
            found = found[ids.index(query['marker']) + 1:]
        page = found[:query['limit']]
        answer = {'images': page, 'first': '/v2/images'}
        # Glance shows "next" wherever a page is full.
        if len(page) == query['limit']:
            answer['next'] = '/v2/images?marker=' + str(page[-1]['id'])
        return answer


class FactsTest(unittest.TestCase):

    def test_facts(self) -> None:
        found = drift.facts(IMAGE, NOW, {'s1': 'rbd'})
        self.assertEqual(decision.Facts(
            'raw', 'bare', 5, None, name='golden', project='p',
            visibility='public', tags=frozenset('ab'),
            properties={'os_distro': 'debian'}, signed=False, age=86400,
            stores=('s1', 's2'), store_kinds={'s1': 'rbd'}, protected=True,
            hidden=False), found)

    def test_little(self) -> None:
        found = drift.facts({'id': 'x', 'created_at': 'never'}, NOW)
        self.assertEqual((None, '', (), None), (
            found.age, found.project, found.stores, found.protected))

    def test_signed(self) -> None:
        signed = dict.fromkeys(properties.NAMES, 'x')
        self.assertTrue(drift.facts({**IMAGE, **signed}, NOW).signed)
        signed.pop(properties.NAMES[0])
        self.assertFalse(drift.facts({**IMAGE, **signed}, NOW).signed)


class CatalogueTest(unittest.TestCase):

    def ids(self, catalogue: Catalogue, **query: Any) -> list[str]:
        return [image['id']
                for image in drift.catalogue(catalogue.get, **query)]

    def test_pages(self) -> None:
        for count in (0, 1, 4, 5, 9, 10, 11):
            catalogue = Catalogue(count, hidden=3)
            self.assertEqual(['i%d' % n for n in range(count + 3)],
                             self.ids(catalogue, page_size=5), count)

    def test_query(self) -> None:
        catalogue = Catalogue(3)
        self.ids(catalogue, visibility='public', owner='p')
        self.assertEqual(
            {'visibility': 'public', 'owner': 'p', 'limit': drift.PAGE,
             'os_hidden': 'false'}, catalogue.requests[0])

    def test_deleted_meanwhile(self) -> None:
        """Neither lost nor twice, though the marker is gone."""
        catalogue = Catalogue(20)
        found = []
        for image in drift.catalogue(catalogue.get, page_size=5):
            found.append(image['id'])
            if image['id'] in ('i4', 'i9'):
                # This one and the two before it.
                at = catalogue.images.index(image)
                del catalogue.images[at - 2:at + 1]
        self.assertEqual(['i%d' % n for n in range(20)], found)

    def test_one_page_at_a_time(self) -> None:
        catalogue = Catalogue(1000)
        found = drift.catalogue(catalogue.get, page_size=10)
        for _ in range(11):
            next(found)
        self.assertEqual(2, len(catalogue.requests))


class DriftedTest(unittest.TestCase):

    def test_drifted(self) -> None:
        policy = test_checks.policy(protect={'protected': True})
        images = drift.catalogue(Catalogue(4, hidden=2).get, page_size=3)
        found = list(drift.drifted(images, policy, now=NOW))
        self.assertEqual(['i1', 'i3', 'i5'], [f.image_id for f in found])
        self.assertEqual(('protected', 'the-rule'), (
            found[0].drift.field, found[0].drift.rule))

    def test_only_with_bytes(self) -> None:
        policy = test_checks.policy(protect={'protected': False})
        for status, expected in (
                ('active', 1), ('deactivated', 1), ('queued', 0),
                ('importing', 0), ('killed', 0)):
            self.assertEqual(expected, len(list(drift.drifted(
                [{**IMAGE, 'status': status}], policy))), status)
