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

"""What the raw image gets, and what it does not get."""

import testtools

from glance_lifecycle.reclaim.formats import carried
from glance_lifecycle.tests.unit.reclaim.formats import helpers

B = helpers.B

KEPT = {'hw_disk_bus': 'scsi', 'os_distro': 'ubuntu', 'base_image_ref': 'x',
        'image_type': 'snapshot', 'owner_specified.shade': '1',
        'img_config_drive': 'optional', 'a/b~c': '1', 'description': 'd'}

NOT = {'img_signature': 'x', 'img_signature_key_type': 'RSA-PSS',
       'IMG_Signature': 'x', 'lifecycle_attestation': 'x',
       'Lifecycle_replaces': 'x', 'os_hash_other': 'x',
       'owner_specified.openstack.md5': 'x',
       'owner_specified.openstack.sha256': 'x',
       'owner_specified.openstack.object': 'x',
       'vmware_disktype': 'sparse'}

OF_GLANCE = {'os_glance_import_task': 'x', 'os_glance_failed_import': ''}


class CarriedTest(testtools.TestCase):

    def test_properties(self) -> None:
        old = helpers.image(**KEPT, **NOT, **OF_GLANCE)
        self.assertEqual(KEPT, carried.properties(old))
        self.assertEqual(tuple(sorted(NOT)), carried.dropped(old))

    def test_body(self) -> None:
        """All that Glance takes of who creates an image, and no more."""
        old = helpers.image(**KEPT, **NOT, direct_url='x', locations=[])
        self.assertEqual(
            {**KEPT, 'id': B, 'owner': 'p1', 'visibility': 'private',
             'os_hidden': True, 'disk_format': 'qcow2',
             'container_format': 'bare', 'name': 'ubuntu', 'min_disk': 1,
             'min_ram': 64, 'tags': ['a']}, carried.body(old, B))
        self.assertNotIn('name', carried.body(helpers.image(name=None), B))

    def test_waits(self) -> None:
        new = helpers.image(id=B, os_hidden=True)
        self.assertFalse(carried.waits(new))
        for marked in ({carried.UNSHOWN: 'true'}, {'status': 'importing'}):
            self.assertTrue(carried.waits({**new, **marked}))
            self.assertFalse(carried.waits(
                {**new, **marked, 'os_hidden': False}))

    def test_swapped(self) -> None:
        """As the old one is by then; what else the new one has stays."""
        old = helpers.image(name='new name', tags=['b'], protected=True,
                            hw_disk_bus='ide', **{'a/b~c': '2'})
        new = helpers.image(id=B, os_hidden=True, hw_disk_bus='scsi',
                            os_distro='policy', lifecycle_hidden_by='x',
                            visibility='private',
                            lifecycle_replaces_unshown='true')
        self.assertEqual(
            [{'op': 'replace', 'path': '/name', 'value': 'new name'},
             {'op': 'replace', 'path': '/tags', 'value': ['a', 'b']},
             {'op': 'replace', 'path': '/visibility', 'value': 'public'},
             {'op': 'add', 'path': '/a~1b~0c', 'value': '2'},
             {'op': 'add', 'path': '/hw_disk_bus', 'value': 'ide'},
             {'op': 'replace', 'path': '/os_hidden', 'value': False},
             {'op': 'remove', 'path': '/lifecycle_hidden_by'},
             {'op': 'remove', 'path': '/lifecycle_replaces_unshown'},
             {'op': 'replace', 'path': '/protected', 'value': True}],
            carried.swapped(old, new))
        self.assertEqual(
            [{'op': 'replace', 'path': '/os_hidden', 'value': False}],
            carried.swapped(helpers.image(), helpers.image(id=B)))
