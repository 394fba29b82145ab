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


"""The sample policy is right, and teaches what is true."""

import pathlib
from typing import Any
import unittest

from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import shadow
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.unit.policy import test_checks

SAMPLE = (pathlib.Path(__file__).parents[4]
          / 'etc/lifecycle-policy.yaml.sample')
PLATFORM = '3f2a5c0e9d7b4f1c8a6e0b9d2c4f6a81'
GIB = decision.GIB


class SampleTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.document = document.load(SAMPLE.read_bytes())
        self.policy = decision.Policy(self.document)

    def decide(self, **changes: Any) -> decision.Decision:
        return self.policy.decide(test_checks.facts(**{
            'store_kinds': {'fast': 'rbd', 'archive': 's3', 'bulk': 'file'},
            'stores': (), **changes}))

    def test_no_warnings(self) -> None:
        self.assertEqual([], shadow.warnings(self.document))

    def test_every_section(self) -> None:
        self.assertEqual(set(wants.SECTIONS), {
            section for rule in self.document.rules
            for section in rule.wants})

    def test_hygiene(self) -> None:
        """Whoever only copies it lets nothing go."""
        self.assertEqual({'fast'}, self.document.hygiene.keys())
        self.assertFalse(self.document.hygiene['fast'].takes)

    def test_golden(self) -> None:
        found = self.decide(
            project=PLATFORM, visibility='public', signed=True, properties={
                'os_distro': 'debian', 'os_version': '13',
                'hw_disk_bus': 'virtio'})
        self.assertEqual((), found.violations)
        self.assertEqual(('raw', ('fast',), ('archive',)), (
            found.disk_format, found.stores, found.place.later))
        self.assertTrue(found.protect.protected)
        self.assertTrue(found.protect.keep_while_in_use)
        self.assertEqual(7 * 86400, found.protect.cool_down)
        self.assertEqual(('image_admin',), found.protect.may_delete)
        self.assertEqual({'golden'}, set(found.rules.values()))

    def test_golden_refused(self) -> None:
        found = self.decide(project=PLATFORM, visibility='public',
                            virtual_size=101 * GIB)
        self.assertEqual(
            ['size-limit', 'signature-required'] + ['property-required'] * 3,
            [v.reason for v in found.violations])

    def test_tenant(self) -> None:
        found = self.decide(stores=('bulk',))
        self.assertEqual((), found.violations)
        self.assertEqual(('fast', 'bulk'), found.stores)
        self.assertIsNone(found.protect.protected)
        self.assertTrue(found.protect.keep_while_in_use)
        self.assertEqual(
            ['visibility-not-allowed', 'property-forbidden'],
            [v.reason for v in self.decide(
                visibility='public', properties={'internal_x': 'y'}
            ).violations])

    def test_others(self) -> None:
        found = self.decide(visibility='shared')
        self.assertEqual(['property-required'],
                         [v.reason for v in found.violations])
        found = self.decide(tags=frozenset(('archive',)),
                            disk_format='vdi')
        self.assertEqual((('archive',), 'vdi', 'archive'), (
            found.stores, found.disk_format, found.rules['retain']))
        found = self.decide(tags=frozenset(('golden',)))
        self.assertEqual(['tag-forbidden'],
                         [v.reason for v in found.violations])
        found = self.decide(size=60 * GIB, virtual_size=60 * GIB,
                            properties={'image_type': 'snapshot'})
        self.assertEqual(('large-tenant-images', 'snapshots', 'tenant'), (
            found.rules['place'], found.rules['retain'],
            found.rules['metadata']))
        self.assertEqual(('bulk',), found.stores)
        self.assertEqual('qcow2', found.disk_format)
