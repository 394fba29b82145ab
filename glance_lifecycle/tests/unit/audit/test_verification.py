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

import dataclasses
import datetime
import functools
import hashlib
import pathlib
import tempfile
from typing import Any
import unittest

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import verification
from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import properties
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

    def image(self, data: bytes, values: dict[str, Any]
              ) -> images.Image:
        return images.Image(
            id='image', properties=values, size=len(data),
            os_hash_algo='sha512',
            os_hash_value=hashlib.sha512(data).hexdigest())

    def service(self, certificate_id: str = 'service'
                ) -> signer.ServiceSigner:
        return signer.ServiceSigner(
            helpers.key('rsa-2'), helpers.certificate('rsa-2'),
            certificate_id, helpers.NOW)

    @functools.cached_property
    def good(self) -> images.Image:
        return self.resigned()

    def resigned_once(self, **changes: Any) -> images.Image:
        return dataclasses.replace(self.good, properties={
            **self.good.properties, **changes})

    def resigned(self, by: str = 'service', at: datetime.datetime =
                 helpers.NOW, **changes: Any) -> images.Image:
        """Converted, signed and attested with ``key('rsa-2')``.

        :param by: whose certificate that is; it is good enough to sign
        :param at: what the attestation says of when it was made
        """
        signed = helpers.given('rsa')
        ours = self.service(by)
        source = attestation.SourceSignature.of(
            signed, self.certificates['cert-rsa'])
        record = attestation.Record(
            image_id='image', os_hash_algo='sha512',
            os_hash_value=hashlib.sha512(STORED).hexdigest(),
            source_digest={
                'sha256': hashlib.sha256(helpers.DATA).hexdigest()},
            source_size=len(helpers.DATA), source_format='qcow2',
            signature=source, converter='glance_lifecycle',
            converter_version='1', time=at)
        made = ours.sign_digest(hashlib.sha512(STORED).digest(), 'SHA-512')
        return self.image(STORED, {
            **signed.to_source_properties(), **made.to_properties(),
            'lifecycle_attestation': attestation.create(record, ours),
            **changes})

    def checks(self, image: images.Image,
               read: verification.Digests | None = None,
               now: datetime.datetime = helpers.NOW, **options: Any
               ) -> dict[str, str]:
        """check -> its reason, or its result where there is none"""
        options = {'service_certificate_id': 'service', **options}
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
                'service-chain': 'pinned', 'attestation': 'passed',
                'user-signature': 'passed', 'user-certificate': 'passed',
                'user-chain': 'no-ca-bundle'}
        self.assertEqual(good, self.checks(self.resigned()))
        # The list is of users.
        self.policy = trust.TrustPolicy(
            allowed_certificates=frozenset(['cert-rsa']))
        self.assertEqual({**good, 'user-chain': 'pinned'},
                         self.checks(self.resigned()))
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
                 'user-signature', 'attestation-signer'),
                ({'lifecycle_source_signature_key_type': 'DSA'},
                 'user-signature', 'attestation-signer'),
                ({'lifecycle_source_signature': ''}, 'user-signature',
                 'signature-incomplete'),
                (helpers.given('rsa', 'SHA-512').to_properties(),
                 'service-signature', 'certificate-not-service'),
                (helpers.given('rsa', 'SHA-512', certificate_id='service'
                               ).to_properties(),
                 'service-signature', 'signature-mismatch')):
            found = self.checks(self.resigned(**changes))
            self.assertEqual(reason, found[check], changes)

    def refused_attestation(self, reason: str, image: images.Image,
                            now: datetime.datetime = helpers.NOW,
                            **options: Any) -> str:
        """It is no good, and nothing that hangs on it is."""
        found = {check.name: check for check in verification.Verification(
            image, None, self.fetch, self.policy, now=now,
            **options).checks()}
        self.assertEqual(reason, found['attestation'].reason)
        self.assertEqual('no-attestation', found['user-signature'].reason)
        self.assertNotIn('user-chain', found)
        with self.assertRaises(exceptions.ImageRefused):
            verification.Verification(
                image, None, self.fetch, self.policy, now=now,
                **options).record()
        return str(found['attestation'].result)

    def bundle(self, *certificates: x509.Certificate) -> str:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = pathlib.Path(directory.name, 'ca.pem')
        path.write_bytes(b''.join(map(helpers.pem, certificates)))
        return str(path)

    def test_self_made_attestation(self) -> None:
        # Everything about it is right, but who made it.
        self.certificates['mine'] = helpers.certificate('rsa-2')
        image = self.resigned('mine')
        self.assertEqual('unknown', self.refused_attestation(
            'attestation-unvouched', image))
        self.assertEqual('failed', self.refused_attestation(
            'certificate-not-service', image,
            service_certificate_id='service'))
        self.policy = trust.TrustPolicy(require_chain=True, ca_bundle=(
            self.bundle(helpers.certificate('p384'))))
        self.assertEqual('failed', self.refused_attestation(
            'certificate-untrusted', image))
        # Whoever vouches for it is believed.
        self.policy = trust.TrustPolicy(require_chain=True, ca_bundle=(
            self.bundle(helpers.certificate('rsa-2'))))
        self.assertEqual('passed', self.checks(
            image, service_certificate_id=None)['attestation'])

    def test_attestation_of_another_key_than_the_bytes(self) -> None:
        # The stored bytes' signature is replaced by a good one of a user.
        image = self.resigned_once(**properties.SignatureProperties(
            helpers.sign(helpers.key('rsa'), 'SHA-512', STORED), 'SHA-512',
            'RSA-PSS', 'cert-rsa').to_properties())
        self.assertEqual('passed', self.checks(
            image, service_certificate_id=None)['service-signature'])
        for options in ({}, {'service_certificate_id': 'service'},
                        {'pinned': frozenset(['service', 'cert-rsa'])}):
            self.refused_attestation('attestation-certificate', image,
                                     **options)
        stripped = dataclasses.replace(image, properties={
            name: value for name, value in image.properties.items()
            if name not in properties.NAMES})
        self.refused_attestation('signature-stripped', stripped,
                                 service_certificate_id='service')

    def test_expired_attestation(self) -> None:
        self.certificates['service'] = helpers.certify(
            helpers.key('rsa-2'), not_after=helpers.NOW + helpers.DAY)
        late = helpers.NOW + 2 * helpers.DAY
        self.assertEqual('failed', self.refused_attestation(
            'certificate-expired', self.resigned(), late,
            service_certificate_id='service'))
        # The operator's excuse, where one is wanted.
        self.policy = trust.TrustPolicy(check_validity=False)
        self.assertEqual('passed', self.checks(
            self.resigned(), now=late)['attestation'])

    def test_expired_user(self) -> None:
        # The user's certificate had to be good when it was verified.
        self.certificates['cert-rsa'] = helpers.certify(
            helpers.key('rsa'), not_after=helpers.NOW + helpers.DAY)
        image = self.resigned(lifecycle_attestation='')
        source = attestation.SourceSignature.of(
            helpers.given('rsa'), self.certificates['cert-rsa'])
        for at, reason in ((helpers.NOW, 'passed'),
                           (helpers.NOW + 2 * helpers.DAY,
                            'certificate-expired')):
            text = attestation.create(attestation.Record(
                image_id='image', os_hash_algo='sha512',
                os_hash_value=image.os_hash_value, source_digest={
                    'sha256': hashlib.sha256(helpers.DATA).hexdigest()},
                source_size=1, source_format='qcow2', signature=source,
                converter='x', converter_version='1', time=at),
                self.service())
            found = self.checks(
                self.image(STORED, {**image.properties,
                                    'lifecycle_attestation': text}),
                now=helpers.NOW + 9 * helpers.DAY)
            self.assertEqual(('passed', reason), (
                found['attestation'], found['user-certificate']))

    def test_attestation_time(self) -> None:
        minute = datetime.timedelta(minutes=1)
        for at, reason in (
                (helpers.NOW + 4 * minute, 'passed'),
                (helpers.NOW + 6 * minute, 'attestation-time'),
                (helpers.NOW - 99 * helpers.DAY, 'passed'),
                (helpers.NOW - 101 * helpers.DAY, 'attestation-time')):
            self.assertEqual(reason, self.checks(
                self.resigned(at=at))['attestation'])

    def test_weak_service_certificate(self) -> None:
        self.policy = trust.TrustPolicy(min_rsa_bits=3072)
        self.refused_attestation('certificate-weak-key', self.resigned(),
                                 service_certificate_id='service')
        self.policy = trust.TrustPolicy(denied_serials=frozenset(
            [self.certificates['service'].serial_number]))
        self.refused_attestation('certificate-denied', self.resigned(),
                                 service_certificate_id='service')

    @given(st.none() | st.integers() | st.binary() | st.text(max_size=50)
           | st.lists(st.text(), max_size=2))
    def test_attestation_of_any_type(self, value: Any) -> None:
        image = self.resigned_once(lifecycle_attestation=value)
        self.assertIn(self.checks(image)['attestation'],
                      ('attestation-missing', 'attestation-malformed'))

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
