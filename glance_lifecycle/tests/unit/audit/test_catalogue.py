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

"""Sums over images."""

from typing import Any
import unittest

from glance_lifecycle.audit import catalogue
from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document

NOT_SIGNED, SIGNED, MALFORMED = (
    catalogue.NOT_SIGNED, catalogue.SIGNED, catalogue.MALFORMED)


def image(**changes: Any) -> dict[str, Any]:
    return {'id': 'i', 'status': 'active', 'disk_format': 'raw', 'size': 10,
            'visibility': 'public', 'stores': 's1,s2', **changes}


class CatalogueTest(unittest.TestCase):

    def counted(self, *images: dict[str, Any], stores: tuple[str, ...] = (
            's1', 's2', 's3')) -> catalogue.Catalogue:
        found = catalogue.Catalogue(stores)
        self.assertEqual(list(images), list(found.through(images)))
        return found

    def test_stores(self) -> None:
        found = self.counted(image(), image(stores='s2', size=5),
                             image(stores=None))
        self.assertEqual({'s1': 1, 's2': 2, 's3': 0}, dict(found.stores))
        self.assertEqual((15, 25), (found.copies['s2', 'raw'], found.bytes))
        self.assertEqual((3, 25), (found.formats['raw'], found.held['raw']))

    def test_without_multi_store(self) -> None:
        one = image()
        del one['stores']
        found = self.counted(one, {**one, 'size': 0}, stores=())
        self.assertEqual({catalogue.ONLY_STORE: 1}, dict(found.stores))

    def test_on_their_way(self) -> None:
        found = self.counted(image(status='queued', size=None), image(
            status='deactivated'))
        self.assertEqual((2, 1), (found.images, found.formats.total()))

    def test_signatures(self) -> None:
        whole = {
            'img_signature': 'c2ln', 'img_signature_key_type': 'RSA-PSS',
            'img_signature_hash_method': 'SHA-256',
            'img_signature_certificate_uuid':
                '00000000-0000-4000-8000-000000000001'}
        found = self.counted(image(), image(**whole), image(
            img_signature='c2ln', visibility='private'))
        self.assertEqual({
            ('public', NOT_SIGNED): 1, ('public', SIGNED): 1,
            ('private', MALFORMED): 1}, dict(found.signatures))


class ClassesTest(unittest.TestCase):

    def test_first_rule(self) -> None:
        """In the order of the document, whichever section it decides."""
        policy = decision.Policy(document.load(b"""
version: 1
rules:
- name: golden
  match: {tags: [golden]}
  protect: {protected: true}
- name: all-raw
  match: {disk_format: [raw]}
  place: {stores: [s1]}
"""))
        found = catalogue.Classes(policy, lambda *_known: None)
        list(drift.drifted([
            image(tags=['golden']), image(), image(disk_format='iso')],
            policy, view=found.view))
        self.assertEqual({'golden': 1, 'all-raw': 1, 'defaults': 1},
                         dict(found.images))
        self.assertEqual(10, found.held['golden'])
