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


"""What all inventories share, and those that list nothing."""

import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.driver import inventory as driver
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.null import inventory as null
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer import job

IMAGE = '9d1f2c8a-5b3e-4f60-8a7d-0c1b2e3f4a5b'


class InventoryTest(testtools.TestCase):

    def test_image_id(self) -> None:
        for name in (IMAGE, IMAGE.upper()):
            self.assertEqual(name, inventory.image_id(name))
        for name in ('', IMAGE + '\n', ' ' + IMAGE, IMAGE[:-1], IMAGE + '0',
                     IMAGE.replace('-', ''), IMAGE.replace('9', '\uff19'),
                     'volume-' + IMAGE, IMAGE + '-00001'):
            self.assertEqual('', inventory.image_id(name))

    def test_held(self) -> None:
        for size, allocated, held in ((5, None, 5), (5, 4096, 4096),
                                      (None, None, 0), (5, 0, 0)):
            self.assertEqual(held, inventory.Entry(
                'a', inventory.Kind.IMAGE, 'p', size=size,
                allocated=allocated).held)

    def test_subject(self) -> None:
        entry = inventory.Entry('a', inventory.Kind.FOREIGN, 'p')
        self.assertEqual('a', entry.subject)
        self.assertEqual(('p', 'a'), entry.spot)

    def test_null(self) -> None:
        nothing = null.NullInventory('s', null.NullInventory.describe(
            None, 's'))
        self.assertEqual(([], ()), (list(nothing.entries()), nothing.places))
        self.assertIsNone(nothing.spot('null://x'))
        entry = inventory.Entry('a', inventory.Kind.IMAGE, 'p')
        self.assertIsNone(nothing.look(entry))
        self.assertFalse(nothing.leads(entry, 'null://x'))
        nothing.close()

    def test_driver(self) -> None:
        error = self.assertRaises(exceptions.ConfigurationError,
                                  driver.DriverInventory.describe, None, 's')
        self.assertIn('store s cannot be listed', str(error))
        self.assertRaises(
            exceptions.StoreError,
            lambda: list(driver.DriverInventory('s', {}).entries()))

    def test_entry_points(self) -> None:
        for name in ('driver', 'file', 'null', 'rbd', 's3', 'swift'):
            found = entry_points.entry(entry_points.INVENTORIES, name)
            assert found is not None
            self.assertTrue(issubclass(job.load(found), inventory.Inventory))
