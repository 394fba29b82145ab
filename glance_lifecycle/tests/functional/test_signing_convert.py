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

"""What becomes of a signature when its image is converted, and who says so."""

from collections.abc import Callable
import json
import pathlib

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import signing_case

ETC = pathlib.Path(__file__).parents[3] / 'etc/glance'


class OnConvertTest(signing_case.SigningTestCase):

    def restart(self, **options: object) -> None:
        self.api.configure(lifecycle_signing=options)
        self.api.restart()
        self.user = self.api.user()

    def test_keep(self) -> None:
        self.restart(on_convert='keep')
        given = self.signed()
        image = self.import_it(self.source, 'qcow2', **given)
        self.assertEqual('qcow2', image['disk_format'])
        self.assert_kept(image, self.source, given)
        # Others are converted.
        image = self.import_it(self.source, 'qcow2')
        self.assertEqual('raw', image['disk_format'])
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)

    def test_strip_and_always(self) -> None:
        self.restart(on_convert='strip', required='always')
        self.addCleanup(self.api.configure,
                        lifecycle_signing={'required': 'signed-only'})
        given = self.signed()
        image = self.import_it(self.source, 'qcow2', **given)
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual([], [name for name in image
                              if name.startswith('img_signature')])
        self.assertEqual(
            {'lifecycle_source_' + name.removeprefix('img_'): value
             for name, value in given.items()},
            {name: image[name]
             for name in signing_case.lifecycle_names(image)})
        # The signer must be right there too.
        self.assert_queued(self.import_it(
            self.source, 'qcow2', **given | {
                'img_signature_certificate_uuid': signing_case.SERVICE}),
            '(signature-')
        self.assert_queued(self.import_it(self.source, 'qcow2'),
                           '(signature-required)')
        raw = images.raw(self.work / 'raw', signing_case.SIZE)
        self.assert_queued(self.import_it(raw, 'raw'),
                           '(signature-required)')
        given = self.signed(raw)
        self.assert_kept(self.import_it(raw, 'raw', **given), raw, given)

    def test_revoked(self) -> None:
        serial = self.builder.certificate.serial_number
        self.restart(on_convert='resign', denied_serials=f'{serial:x}')
        self.addCleanup(self.api.configure,
                        lifecycle_signing={'denied_serials': ''})
        self.assert_queued(self.import_signed(), '(certificate-denied)',
                           'CN=builder', f'{serial:X}')

    def test_refuse(self) -> None:
        self.restart(on_convert='refuse')
        self.assert_queued(self.import_signed(), '(signature-conversion)',
                           'Convert it to raw')
        raw = images.raw(self.work / 'raw', signing_case.SIZE)
        given = self.signed(raw)
        self.assert_kept(self.import_it(raw, 'raw', **given), raw, given)


class ProtectedTest(signing_case.SigningTestCase):
    """With the property protections that we ship."""

    conf = {'DEFAULT': {
        'property_protection_file':
            ETC / 'property-protections-lifecycle.conf',
        'property_protection_rule_format': 'roles'}}

    def assert_forbidden(self, call: Callable[..., object], *args: object,
                         **options: object) -> None:
        error = self.assertRaises(client.HttpError, call, *args, **options)
        self.assertEqual(403, error.status)

    def test_only_the_import_writes(self) -> None:
        self.assert_forbidden(self.user.create_image,
                              lifecycle_attestation='forged')
        image = self.user.create_image()
        self.assert_forbidden(self.user.update, image['id'],
                              lifecycle_source_signature='forged')
        image = self.import_signed(os_distro='demo')
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual(5, len(signing_case.lifecycle_names(image)))
        for name in signing_case.lifecycle_names(image):
            self.assert_forbidden(self.user.update, image['id'],
                                  **{name: 'forged'})
            self.assert_forbidden(self.remove, image['id'], name)
        self.assertEqual(
            {name: image[name]
             for name in signing_case.lifecycle_names(image)},
            {name: self.user.get(image['id'])[name]
             for name in signing_case.lifecycle_names(image)})
        self.user.update(image['id'], os_distro='other')

    def remove(self, image_id: str, name: str) -> None:
        self.user.request(
            'PATCH', f'images/{image_id}',
            data=json.dumps([{'op': 'remove', 'path': f'/{name}'}]),
            headers={'Content-Type': 'application/'
                     'openstack-images-v2.1-json-patch'})


class ProtectedStagedTest(ProtectedTest):

    mode = 'staged'
