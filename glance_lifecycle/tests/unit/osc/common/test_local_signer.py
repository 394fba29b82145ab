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

"""Signatures that would be of no use are not made."""

from typing import Any

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import local_signer
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.signing import helpers


class LocalSignerTestCase(helpers.SigningTestCase):

    def load(self, kind: str, certificate: str = '',
             passphrase: str | None = None, protect: bytes | None = None
             ) -> Any:
        return local_signer.load(
            helpers.private_pem(helpers.key(kind), protect), passphrase,
            helpers.certificate(certificate or kind), 'id',
            trust.TrustPolicy())

    def test_signs(self) -> None:
        for kind in ('rsa', 'p384', 'p521'):
            made = self.load(kind).sign_digest(
                helpers.digest('SHA-384'), 'SHA-384')
            self.assertEqual(made, local_signer.adopt(
                made.signature, 'SHA-384', helpers.certificate(kind), 'id',
                helpers.digest('SHA-384')))

    def test_of_no_use(self) -> None:
        for said, arguments in (
                ('DSA key', {'kind': 'dsa'}),
                ('curve secp256r1|on secp256r1', {'kind': 'p256'}),
                ('not that of certificate id',
                 {'kind': 'rsa', 'certificate': 'rsa-2'}),
                ('Use --passphrase-file', {'kind': 'rsa',
                                           'protect': b'secret'}),
                ('passphrase is wrong', {'kind': 'rsa', 'protect': b'secret',
                                         'passphrase': 'other'})):
            with self.assertRaisesRegex(osc_exceptions.CommandError, said):
                self.load(**arguments)
        self.load('rsa', passphrase='secret', protect=b'secret')
        self.refused('certificate-weak-key', self.load, 'rsa1024')

    def test_pkcs1(self) -> None:
        said = self.refused(
            'signature-padding', local_signer.adopt, helpers.sign(
                helpers.key('rsa'), 'SHA-256', pkcs1=True), 'SHA-256',
            helpers.certificate('rsa'), 'id', helpers.digest('SHA-256'))
        self.assertIn('PKCS#1 v1.5', said)
