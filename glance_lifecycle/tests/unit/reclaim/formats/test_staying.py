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

"""Which images are left, and what is said of them."""

from typing import Any

import testtools

from glance_lifecycle.reclaim.formats import staying
from glance_lifecycle.tests.unit.reclaim.formats import helpers


class StayingTest(testtools.TestCase):

    def test_none(self) -> None:
        for disk_format in ('qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi'):
            self.assertEqual('', staying.why(helpers.image(
                disk_format=disk_format)))
        # Its owner may write anything, and so keep nothing.
        self.assertEqual('', staying.why(helpers.image(
            lifecycle_hidden_by='', lifecycle_replaces='x')))

    def test_table(self) -> None:
        table: tuple[tuple[dict[str, Any], str], ...] = (
            ({'disk_format': 'raw'}, 'It is raw already.'),
            ({'os_hidden': True}, 'It is hidden.'),
            ({'os_hidden': True, 'lifecycle_hidden_by': '01',
              'lifecycle_replaced_by': 'x'},
             'It is hidden: plan 01 says that image x replaces it.'),
            ({'status': 'deactivated'}, 'It is not active.'),
            ({'status': 'queued', 'size': None}, 'It is not active.'),
            ({'os_glance_import_task': 'x'}, 'It is imported or copied'),
            ({'container_format': 'ova'}, 'container_format is ova'),
            ({'disk_format': 'iso'}, 'No image of the format iso is'),
            ({'size': 0}, 'no data of its own'),
            ({'block_device_mapping': '[]'}, 'no data of its own'),
            ({'os_hash_value': None}, 'It has no hash'),
            ({'os_hash_algo': 'nothing'}, 'Its hash, nothing, cannot'),
            ({'img_signature': 'x'}, 'It is signed'),
            ({'Img_Signature_key_type': 'x'}, 'It is signed'),
            ({'cinder_encryption_key_id': 'x'}, 'It is encrypted'),
            ({'owner': None}, 'It has no owner.'),
            ({'name': 'a-shelved', 'instance_uuid': 'x'}, 'shelved server'),
            ({'lifecycle_deprecated': 'x'}, 'A newer image replaces it'),
            ({'lifecycle_replaced_by': 'x'}, 'A newer image replaces it'))
        for fields, why in table:
            found = staying.why(helpers.image(**fields))
            self.assertIn(why, found)
            self.assertTrue(found.endswith('.'), found)
