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

import testtools

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import quarantined

IMAGE = helpers.IMAGE
PLAN = '0123456789abcdef'


class QuarantinedTest(testtools.TestCase):

    def test_names(self) -> None:
        name = quarantined.name(PLAN, IMAGE)
        self.assertEqual(f'lifecycle-quarantine/{PLAN}/{IMAGE}', name)
        self.assertEqual((PLAN, IMAGE),
                         quarantined.parsed(name, inventory.image_id))
        self.assertTrue(name.startswith(quarantined.under(PLAN)))
        self.assertTrue(name.startswith(quarantined.under('')))
        # Images, and their segments, are listed before.
        self.assertGreater(name, 'F')
        self.assertGreater(name, 'f')

    def test_others(self) -> None:
        prefix = quarantined.PREFIX
        for name in (IMAGE, prefix, f'{prefix}{PLAN}', f'{prefix}{PLAN}/',
                     f'{prefix}{IMAGE}', f'{prefix}{PLAN}/{IMAGE}/',
                     f'{prefix}{PLAN}//{IMAGE}', f'{prefix}/{PLAN}/{IMAGE}',
                     f'{prefix}{PLAN}/../{IMAGE}', f'{prefix}x/{IMAGE}',
                     f'{prefix}{PLAN.upper()}/{IMAGE}',
                     f'x{prefix}{PLAN}/{IMAGE}', f'{prefix}{PLAN}/{IMAGE}\n'):
            self.assertIsNone(
                quarantined.parsed(name, inventory.image_id), name)

    def test_entry(self) -> None:
        found = quarantined.entry(
            quarantined.Away(PLAN, IMAGE), 'there:80/images', 'images', IMAGE,
            5, 1767225600.75, 'identity')
        self.assertEqual((IMAGE, 'there:80/images', False), (
            found.name, found.place, found.usable))
        self.assertEqual('It is in quarantine since 2026-01-01T00:00:00+00:00'
                         f', by the plan {PLAN}.', found.note)
        self.assertEqual(quarantined.name(PLAN, IMAGE),
                         quarantined.where(found))
        kept = quarantined.kept(found)
        self.assertEqual((PLAN, found, 1767225600.75),
                         (kept.plan, kept.entry, kept.since))

    def test_patient(self) -> None:
        """5 GiB at 16 MiB a second."""
        self.assertEqual({'timeout': 380, 'other': 1}, quarantined.patient(
            {'timeout': 60, 'other': 1}))
