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

import os
from unittest import mock

from castellan.common import exception as castellan_exceptions
from castellan.common.objects import opaque_data
from castellan import key_manager
from cryptography.hazmat.primitives import serialization
from cryptography import x509
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.signing import helpers

DER = helpers.certificate('p384').public_bytes(serialization.Encoding.DER)


class LoadTestCase(helpers.SigningTestCase):

    def test_pem_and_der(self) -> None:
        certificate = helpers.certificate('rsa')
        self.assertEqual(certificate,
                         certificates.load(helpers.pem(certificate)))
        self.assertEqual(certificate, certificates.load(
            certificate.public_bytes(serialization.Encoding.DER)))

    def test_not_a_certificate(self) -> None:
        key = helpers.private_pem(helpers.key('p384'))
        for data in (b'', b'x' * 100, key, DER[:-1], DER + b'x',
                     DER * 1000, b'-----BEGIN CERTIFICATE-----'):
            said = self.refused('certificate-malformed',
                                certificates.load, data)
            self.assertNotIn('PRIVATE', said)

    @settings(max_examples=200)
    @given(st.integers(0, len(DER) - 1), st.integers(1, 255))
    def test_hostile(self, where: int, change: int) -> None:
        data = bytearray(DER)
        data[where] ^= change
        try:
            loaded = certificates.load(bytes(data))
        except exceptions.ImageRefused as e:
            self.assertEqual('certificate-malformed', e.reason)
        else:
            self.assertTrue(str(certificates.summary(loaded)).isprintable())
            for problem in trust.TrustPolicy().problems(
                    loaded, 'id-1', helpers.NOW):
                self.assertTrue(str(problem).isprintable())

    def test_summary(self) -> None:
        made = helpers.certify(helpers.key('rsa'), 'a\nb' + 'x' * 60,
                               serial=0x0abc)
        summary = certificates.summary(made)
        self.assertTrue(str(summary).isprintable())
        self.assertEqual('0ABC', summary.serial)
        self.assertEqual('a 2048 bit RSA key', summary.key)
        self.assertEqual(64, len(summary.fingerprint))

    def test_long_subject(self) -> None:
        attribute = x509.NameAttribute(
            x509.NameOID.COMMON_NAME, 'x' * 64)
        with mock.patch.object(helpers, 'name', lambda _: x509.Name(
                [attribute] * 20)):
            made = helpers.certify(helpers.key('rsa'))
        self.assertEqual(200, len(certificates.summary(made).subject))


class FetchTestCase(helpers.SigningTestCase):
    """From the key manager over a directory; and what other drivers raise."""

    def setUp(self) -> None:
        super().setUp()
        self.write('cert-rsa.pem', helpers.pem(helpers.certificate('rsa')))
        self.manager = key_manager.API()

    def fetch(self, certificate_id: str) -> x509.Certificate:
        return certificates.fetch(self.manager, None, certificate_id)

    def failing(self, error: Exception) -> Exception:
        with mock.patch.object(self.manager, 'get', side_effect=error):
            with self.assertRaises(exceptions.LifecycleError) as raised:
                self.fetch('cert-rsa')
        return raised.exception

    def test_found(self) -> None:
        self.assertEqual(helpers.certificate('rsa'), self.fetch('cert-rsa'))

    def test_unknown(self) -> None:
        for certificate_id in ('nobody', '../cert-rsa', '', 'x/../cert-rsa'):
            said = self.refused('certificate-unknown', self.fetch,
                                certificate_id)
            self.assertIn('img_signature_certificate_uuid', said)

    def test_private_key_is_no_certificate(self) -> None:
        self.write('secret.key', helpers.private_pem(helpers.key('rsa')))
        said = self.refused('certificate-malformed', self.fetch, 'secret')
        self.assertIn('--secret-type certificate', said)

    def test_opaque_secret_is_no_certificate(self) -> None:
        with mock.patch.object(self.manager, 'get',
                               return_value=opaque_data.OpaqueData(b'x')):
            self.refused('certificate-malformed', self.fetch, 'cert-rsa')

    def test_key_manager_down(self) -> None:
        for error in (castellan_exceptions.KeyManagerError(reason='x'),
                      OSError('refused'), RuntimeError('?')):
            failed = self.failing(error)
            self.assertIs(exceptions.KeyManagerError, type(failed))
            self.assertIn('try again', str(failed))

    def barbican(self, status: int) -> Exception:
        """As castellan's driver for Barbican raises: the cause in context."""
        class HTTPClientError(Exception):
            status_code = status

        try:
            try:
                raise HTTPClientError
            except HTTPClientError as e:
                raise castellan_exceptions.KeyManagerError(  # noqa: B904
                    reason=e)
        except castellan_exceptions.KeyManagerError as e:
            return e

    def test_forbidden(self) -> None:
        for error in (self.barbican(403), self.barbican(401),
                      castellan_exceptions.Forbidden()):
            failed = self.failing(error)
            self.assertIs(exceptions.KeyManagerForbidden, type(failed))
            self.assertIn('acl', str(failed))

    def test_token_not_found(self) -> None:
        # Keystone, asked with an expired token; no word on the certificate.
        failed = self.failing(self.barbican(404))
        self.assertIs(exceptions.KeyManagerError, type(failed))
        self.assertIn('HTTPClientError', str(failed))

    def test_barbican_takes_only_uuids(self) -> None:
        failed = self.failing(ValueError('Secret incorrectly specified.'))
        assert isinstance(failed, exceptions.ImageRefused)
        self.assertEqual('certificate-unknown', failed.reason)

    def test_undecodable(self) -> None:
        failed = self.failing(ValueError('Unable to load PEM: SECRET'))
        assert isinstance(failed, exceptions.ImageRefused)
        self.assertEqual('certificate-malformed', failed.reason)
        self.assertNotIn('SECRET', str(failed))
        self.assertIsNone(failed.__context__)

    def test_directory_gone(self) -> None:
        os.rename(self.directory, self.directory + '.gone')
        self.addCleanup(os.rename, self.directory + '.gone', self.directory)
        self.assertRaises(exceptions.KeyManagerError, self.fetch, 'cert-rsa')
