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

"""Signatures at import: required, accepted, refused, and made anew."""

from tempest import config
from tempest.lib import decorators

from glance_lifecycle_tempest_plugin.common import qcow2
from glance_lifecycle_tempest_plugin.tests import base

CONF = config.CONF


class SignatureRequiredTest(base.LifecycleTest):

    @classmethod
    def skip_checks(cls) -> None:
        super().skip_checks()
        if not CONF.lifecycle.signed_tag:
            raise cls.skipException('The policy requires no signatures.')

    @decorators.idempotent_id('e08ab76f-9d4e-419e-8707-16b3ef3bb7f2')
    def test_unsigned(self) -> None:
        image_id = self.create_image(tags=[CONF.lifecycle.signed_tag])
        image = self.import_data(image_id, base.disk())
        self.assert_refused(image, '(signature-required)')

    @decorators.idempotent_id('3bbd4a07-b113-4c66-8df1-989832e8beba')
    def test_incomplete(self) -> None:
        """Which stock Glance takes for unsigned, for any image."""
        image_id = self.create_image(img_signature='c2lnbmVk')
        image = self.import_data(image_id, base.disk())
        self.assert_refused(image, '(signature-incomplete)',
                            'img_signature_certificate_uuid')


class SignedTest(base.LifecycleTest):

    @classmethod
    def skip_checks(cls) -> None:
        super().skip_checks()
        if not (CONF.lifecycle.user_key
                and CONF.lifecycle.user_certificate_id):
            raise cls.skipException('There is no key to sign with.')

    @decorators.idempotent_id('64826d52-48fe-466e-b0a0-c520649fec03')
    def test_accepted(self) -> None:
        """And kept, as the bytes are."""
        content = base.disk()
        given = base.signed(content)
        image_id = self.create_image(
            **given, tags=list(filter(None, [CONF.lifecycle.signed_tag])))
        image = self.import_data(image_id, content)
        self.assert_active(image, content)
        self.assertEqual(given, {name: image[name] for name in given})

    @decorators.idempotent_id('e1f89e53-090b-453b-b3a6-153bf47d2235')
    def test_refused(self) -> None:
        """Signed were other bytes; signed anew by its user, it goes well."""
        content = base.disk()
        image_id = self.create_image(**base.signed(content + b'.'))
        image = self.import_data(image_id, content)
        self.assert_refused(image, '(signature-mismatch)')
        self.update(self.client, image_id, **base.signed(content))
        self.assert_active(self.import_data(image_id, content), content)

    @decorators.idempotent_id('c219a191-7dc0-4d8b-bc16-9faf3bb67aa7')
    def test_unknown_certificate(self) -> None:
        content = base.disk()
        image_id = self.create_image(**{
            **base.signed(content), 'img_signature_certificate_uuid':
            '00000000-1111-2222-3333-444455556666'})
        image = self.import_data(image_id, content)
        self.assert_refused(image, '(certificate-unknown)')

    @decorators.idempotent_id('78a379d7-b27d-4a56-886f-f33dca0501a0')
    def test_signed_anew(self) -> None:
        """The service signs what it has converted, and says whose it was."""
        if not (CONF.lifecycle.signing and base.converts()):
            raise self.skipException('The service signs nothing anew.')
        content = base.disk()
        data = qcow2.encode(content)
        given = base.signed(data)
        image_id = self.create_image(disk_format='qcow2', **given)
        image = self.import_data(image_id, data)
        self.assert_active(image, content)
        for name, value in given.items():
            # img_signature -> lifecycle_source_signature
            source = name.replace('img_', 'lifecycle_source_', 1)
            self.assertEqual(value, image[source])
        for name in ('img_signature', 'img_signature_certificate_uuid'):
            self.assertNotEqual(given[name], image[name])
        self.assertTrue(image['lifecycle_attestation'])
