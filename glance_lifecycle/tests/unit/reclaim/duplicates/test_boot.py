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

from glance_lifecycle.reclaim.duplicates import boot
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers


class BootTest(testtools.TestCase):

    def test_differences(self) -> None:
        for one, other, found in (
                ({}, {}, []),
                ({'min_disk': 5}, {}, ['min_disk']),
                ({'hw_disk_bus': 'scsi', 'disk_format': 'qcow2'}, {},
                 ['disk_format', 'hw_disk_bus']),
                # Whatever it is for.
                ({'color': 'red'}, {}, ['color']),
                ({}, {'color': 'red'}, ['color']),
                # Attributes of each image, and notes.
                ({'checksum': 'x', 'tags': ['a'], 'stores': 's2',
                  'virtual_size': 5, 'description': 'mine',
                  'owner_specified.openstack.md5': 'x',
                  'lifecycle_attestation': 'x',
                  'os_glance_failed_import': 's3'}, {}, []),
                # Each signature is another; that there is one matters.
                ({'img_signature': 'x'}, {'img_signature': 'y'}, []),
                ({'img_signature': 'x'}, {}, ['img_signature']),
                ({'img_signature_key_type': 'x'},
                 {'img_signature_key_type': 'y'},
                 ['img_signature_key_type'])):
            self.assertEqual(found, boot.differences(
                helpers.image(**one), helpers.image(helpers.B, **other)))
