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

"""Every link of the chain, and what is said when it breaks."""

import datetime
import hashlib
from typing import Any
import unittest

from cryptography import x509

from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import verification
from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.signing import helpers

STORED = b'converted' * 1000


def digests(data: bytes) -> verification.Digests:
    return verification.Digests(
        {name: hashlib.new(name, data).digest()
         for name in ('sha256', 'sha512')}, len(data))


class VerificationTestCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.certificates = {'cert-rsa': helpers.certificate('rsa'),
                             'cert-p384': helpers.certificate('p384'),
                             'service': helpers.certificate('rsa-2')}
        self.policy = trust.TrustPolicy()

    def fetch(self, certificate_id: str) -> x509.Certificate:
        if certificate_id == 'down':
            raise exceptions.KeyManagerError(detail='no answer')
        try:
            return self.certificates[certificate_id]
        except KeyError:
            raise exceptions.ImageRefused(
                reason='certificate-unknown', detail='no such') from None

    def signed(self, method: str = 'SHA-512', **changes: Any
               ) -> images.Image:
        """As the user signed it."""
        return self.image(helpers.DATA, {
            **helpers.given('rsa', method).to_properties(), **changes})

    def image(self, data: bytes, properties: dict[str, Any]
              ) -> images.Image:
        return images.Image(
            id='image', properties=properties, size=len(data),
            os_hash_algo='sha512',
            os_hash_value=hashlib.sha512(data).hexdigest())

    def resigned(self, **changes: Any) -> images.Image:
        given = helpers.given('rsa')
        ours = signer.ServiceSigner(
            helpers.key('rsa-2'), self.certificates['service'], 'service',
            helpers.NOW)
        source = attestation.SourceSignature.of(
            given, self.certificates['cert-rsa'])
        record = attestation.Record(
            image_id='image', os_hash_algo='sha512',
            os_hash_value=hashlib.sha512(STORED).hexdigest(),
            source_digest={
                'sha256': hashlib.sha256(helpers.DATA).hexdigest()},
            source_size=len(helpers.DATA), source_format='qcow2',
            signature=source, converter='glance_lifecycle',
            converter_version='1', time=helpers.NOW)
        made = ours.sign_digest(hashlib.sha512(STORED).digest(), 'SHA-512')
        return self.image(STORED, {
            **given.to_source_properties(), **made.to_properties(),
            'lifecycle_attestation': attestation.create(record, ours),
            **changes})

    def checks(self, image: images.Image,
               read: verification.Digests | None = None,
               now: datetime.datetime = helpers.NOW, **options: Any
               ) -> dict[str, str]:
        """check -> its reason, or its result where there is none"""
        return {check.name: check.reason or str(check.result)
                for check in verification.Verification(
                    image, read, self.fetch, self.policy, now=now,
                    **options).checks()}

    def test_user_signed(self) -> None:
        good = {'stored-bytes': 'not-read', 'user-signature': 'passed',
                'user-certificate': 'passed', 'user-chain': 'no-ca-bundle',
                'service-signature': 'not-resigned',
                'attestation': 'not-resigned'}
        self.assertEqual(good, self.checks(self.signed()))
        self.assertEqual(
            {**good, 'stored-bytes': 'passed'},
            self.checks(self.signed('SHA-256'), digests(helpers.DATA)))

    def test_what_must_be_read(self) -> None:
        read = verification.algorithms_to_read
        self.assertEqual([], read(self.signed()))
        self.assertEqual(['sha256'], read(self.signed('SHA-256')))
        self.assertEqual([], read(self.image(b'', {})))
        self.assertEqual([], read(self.image(b'', {'img_signature': 'x'})))
        queued = images.Image(id='image', properties=helpers.given(
            'rsa', 'SHA-512').to_properties())
        self.assertEqual(['sha512'], read(queued))

    def test_user_signature_bad(self) -> None:
        for image, reason in (
                (self.image(b'', {}), 'unsigned'),
                (self.signed(img_signature=''), 'signature-incomplete'),
                (self.signed(img_signature='*'), 'signature-malformed'),
                (self.signed(img_signature_certificate_uuid='x'),
                 'certificate-unknown'),
                (self.signed(img_signature_certificate_uuid='down'),
                 'key-manager-error'),
                (self.signed(img_signature_certificate_uuid='cert-p384'),
                 'signature-key-type'),
                (self.signed(img_signature_hash_method='SHA-256'),
                 'not-verified')):
            self.assertEqual(reason, self.checks(image)['user-signature'])

    def test_stored_bytes(self) -> None:
        for data, reason in ((helpers.DATA[:-1], 'size-mismatch'),
                             (helpers.DATA[:-1] + b'!', 'hash-mismatch')):
            found = self.checks(self.signed(), digests(data))
            self.assertEqual(reason, found['stored-bytes'])
            self.assertEqual('signature-mismatch', found['user-signature'])

    def test_certificate(self) -> None:
        late = helpers.NOW + 30000 * helpers.DAY
        found = self.checks(self.signed(), now=late)
        self.assertEqual(('passed', 'certificate-expired'), (
            found['user-signature'], found['user-certificate']))
        self.policy = trust.TrustPolicy(min_rsa_bits=4096,
                                        denied_serials=frozenset())
        self.assertEqual('certificate-weak-key', self.checks(
            self.signed())['user-certificate'])

    def test_resigned(self) -> None:
        good = {'stored-bytes': 'not-read', 'service-signature': 'passed',
                'service-certificate': 'passed',
                'service-chain': 'no-ca-bundle', 'attestation': 'passed',
                'user-signature': 'passed', 'user-certificate': 'passed',
                'user-chain': 'no-ca-bundle'}
        self.assertEqual(good, self.checks(self.resigned()))
        # The user's certificate had to be good then.
        late = helpers.NOW + 30000 * helpers.DAY
        self.assertEqual({**good, 'service-certificate':
                          'certificate-expired'},
                         self.checks(self.resigned(), now=late))
        # The list is of users.
        self.policy = trust.TrustPolicy(
            allowed_certificates=frozenset(['cert-rsa']))
        self.assertEqual(good, self.checks(
            self.resigned(), service_certificate_id='service'))
        found = self.checks(self.resigned(),
                            service_certificate_id='other')
        self.assertEqual(
            ('certificate-not-service',) * 2 + ('no-attestation',),
            (found['service-signature'], found['attestation'],
             found['user-signature']))

    def test_resigned_and_changed(self) -> None:
        other = helpers.given('p384').to_source_properties()
        same = helpers.given('rsa', signature=helpers.sign(
            helpers.key('p384'), 'SHA-256')).to_source_properties()
        for changes, check, reason in (
                ({'lifecycle_attestation': None}, 'attestation',
                 'attestation-missing'),
                ({'lifecycle_attestation': '{}'}, 'attestation',
                 'attestation-malformed'),
                # Good signature of the same bytes, of somebody else.
                (other, 'user-signature', 'attestation-signer'),
                (same, 'user-signature', 'signature-length'),
                ({'lifecycle_source_signature_hash_method': 'SHA-512'},
                 'user-signature', 'attestation-source'),
                ({'lifecycle_source_signature': ''}, 'user-signature',
                 'signature-incomplete'),
                (helpers.given('rsa', 'SHA-512').to_properties(),
                 'service-signature', 'signature-mismatch')):
            found = self.checks(self.resigned(**changes))
            self.assertEqual(reason, found[check], changes)

    def test_stripped(self) -> None:
        image = self.image(STORED,
                           helpers.given('rsa').to_source_properties())
        self.assertEqual(
            {'stored-bytes': 'not-read',
             'service-signature': 'signature-stripped',
             'attestation': 'attestation-missing',
             'user-signature': 'no-attestation'}, self.checks(image))

    def test_stored_copy_is_what_is_attested(self) -> None:
        found = self.checks(self.resigned(), digests(STORED + b'!'))
        self.assertEqual('attestation-subject', found['attestation'])

    def test_file(self) -> None:
        image = images.Image(id='', properties=helpers.given(
            'rsa').to_properties())
        self.assertEqual(
            {'user-signature': 'passed', 'user-certificate': 'passed',
             'user-chain': 'no-ca-bundle'},
            self.checks(image, digests(helpers.DATA)))
