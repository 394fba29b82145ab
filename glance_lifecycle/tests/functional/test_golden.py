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

"""The sample policy, installed as it says, makes an image golden."""

import hashlib
import pathlib
from typing import Any

from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import certificates
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional import plugin_case

ETC = pathlib.Path(__file__).parents[3] / 'etc'
SAMPLE = ETC / 'lifecycle-policy.yaml.sample'
PROTECTION = ETC / 'glance/policy-lifecycle-protection.yaml'
STORES = ('fast', 'archive', 'bulk')
BUILDER = 'platform-build'
SERVICE = 'service'

GOOD = {'os_distro': 'debian', 'os_version': '12',
        'hw_disk_bus': 'virtio-scsi'}


def sample(project: str) -> str:
    """The sample, with what it says CHANGE changed."""
    return SAMPLE.read_text().replace(
        '3f2a5c0e9d7b4f1c8a6e0b9d2c4f6a81', project)


class GoldenTest(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.policy = self.work / 'policy.yaml'
        self.policy.write_text(sample('platform'))
        self.keys = self.work / 'certificates'
        self.keys.mkdir()
        self.builder, self.service = (
            pki.signer(self.work, name, bits=3072)
            for name in (BUILDER, SERVICE))
        for name, signer in ((BUILDER, self.builder),
                             (SERVICE, self.service)):
            (self.keys / f'{name}.pem').write_bytes(signer.pem)
        self.api = self.useFixture(glance.GlanceApi(
            stores=dict.fromkeys(STORES, 'file'), plugins=['lifecycle'],
            conf={
                'lifecycle': {'policy_file': self.policy},
                'oslo_policy': {'policy_file': PROTECTION},
                'key_manager': {'backend': 'lifecycle_file'},
                'lifecycle_file_key_manager': {'directory': self.keys},
                'lifecycle_signing': {
                    'on_convert': 'resign',
                    'signing_key': self.service.key_path,
                    'signing_certificate_id': SERVICE}}))
        self.platform = self.api.user('pat', 'platform')
        self.tenant = self.api.user()
        self.source = images.make(self.work / 'a.qcow2', size=8 * images.MIB)
        self.expected = images.reference(self.source, 'qcow2')

    def import_it(self, user: client.Client, signer: pki.Signer | None,
                  **properties: Any) -> client.Image:
        if signer is not None:
            properties |= pki.properties(signer.sign(self.source), BUILDER)
        image_id = self.staged(user, self.source, 'qcow2', **properties)
        user.import_image(image_id, stores=['bulk'])
        return user.wait_import(image_id)

    def assert_refused(self, user: client.Client, image: client.Image,
                       *said: str) -> None:
        for text in said:
            self.assertIn(text, self.message(user, image['id']))
        self.assertEqual(('queued', []),
                         (image['status'], image['locations']))

    def test_golden(self) -> None:
        image = self.import_it(self.platform, self.builder, **GOOD)
        self.assert_stored(self.api, image, self.expected, 'fast')
        self.assertEqual(
            (True, 'golden', 'yes', ['golden'], SERVICE),
            (image['protected'], image['image_class'],
             image['hw_qemu_guest_agent'], image['tags'],
             image['img_signature_certificate_uuid']))
        record = attestation.verify(
            image['lifecycle_attestation'],
            certificates.load(self.service.pem), SERVICE,
            image_id=image['id'], os_hash_algo=image['os_hash_algo'],
            os_hash_value=image['os_hash_value'])
        self.assertEqual(
            ('golden', 'sha256:' + hashlib.sha256(
                self.policy.read_bytes()).hexdigest()),
            (record.policy_rule, record.policy_digest))
        self.check_explained(image)
        # Not by its owner; nor when its flag is unset.
        for protected in (True, False):
            self.platform.update(image['id'], protected=protected)
            error = self.assertRaises(
                client.HttpError, self.platform.delete, image['id'])
            self.assertEqual(403, error.status)
            self.assertIn('rule golden of the lifecycle policy', str(error))
        self.api.user('ian', 'platform', ('member', 'image_admin')).delete(
            image['id'])

    def check_explained(self, image: client.Image) -> None:
        answer = openstack.OpenStack(
            self.api, 'admin', 'admin', 'admin').run(
                'image', 'lifecycle', 'policy', 'explain', image['id'],
                '--policy', str(self.policy), '-f', 'json')
        self.assertEqual(0, answer.code, str(answer))
        deciding = {row['Section'] for row in answer.json
                    if (row['Rule'], row['Result']) == ('golden', 'decides')}
        self.assertEqual({'require', 'convert', 'place', 'protect',
                          'visibility', 'metadata', 'cache', 'retain'},
                         deciding)
        drift, = (row for row in answer.json if row['Result'] == 'drift')
        self.assertEqual(('place', 'golden'),
                         (drift['Section'], drift['Rule']))
        self.assertIn('archive', drift['Detail'])

    def test_not_golden(self) -> None:
        other = pki.signer(self.work, 'other', bits=3072)
        self.assert_refused(
            self.platform, self.import_it(self.platform, None, **GOOD),
            '(signature-required)', 'rule golden')
        self.assert_refused(
            self.platform, self.import_it(self.platform, other, **GOOD),
            '(signature-mismatch)')
        image = self.import_it(self.platform, self.builder,
                               hw_disk_bus='ide')
        self.assert_refused(
            self.platform, image, '(property-required)', 'os_distro',
            'os_version', 'property hw_disk_bus is ide')

    def test_tenant(self) -> None:
        """Whoever is not the platform cannot look like it."""
        image = self.import_it(self.tenant, None, visibility='private')
        # As it is: no Ceph among its stores.
        self.assert_stored(self.api, image, images.digests(self.source),
                           'fast', 'bulk')
        self.assertFalse(image['protected'])
        for forged in ({'tags': ['golden']}, {'image_class': 'golden'}):
            self.assert_refused(
                self.tenant, self.import_it(
                    self.tenant, None, visibility='private', **forged),
                'rule no-false-gold of the lifecycle policy')
        error = self.assertRaises(client.HttpError, self.tenant.create_image,
                                  visibility='community')
        self.assertEqual(403, error.status)
        self.assertIn('only private or shared is allowed', str(error))
