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

"""The audit of signatures: one code for each thing that is wrong."""

import dataclasses
import functools
import hashlib
from typing import Any
import unittest

from cryptography import x509

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import signatures
from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.signing import helpers


_KINDS = {'weak': 'rsa1024', 'service': 'rsa-2'}


@functools.cache
def certificate(certificate_id: str) -> x509.Certificate:
    after = {'soon': helpers.NOW + 20 * helpers.DAY,
             'late': helpers.NOW - helpers.DAY}.get(
                 certificate_id, helpers.NOW + 400 * helpers.DAY)
    return helpers.certify(helpers.key(_KINDS.get(certificate_id, 'rsa')),
                           not_after=after)


class AuditTestCase(unittest.TestCase):

    def fetch(self, certificate_id: str) -> x509.Certificate:
        if certificate_id == 'secret':
            raise exceptions.KeyManagerForbidden(detail='no')
        if certificate_id == 'down':
            raise exceptions.KeyManagerError(detail='no answer')
        if certificate_id == 'gone':
            raise exceptions.ImageRefused(
                reason='certificate-unknown', detail='no such')
        return certificate(certificate_id)

    def image(self, certificate_id: str = '', **fields: Any
              ) -> images.Image:
        if certificate_id:
            fields['properties'] = helpers.given(
                _KINDS.get(certificate_id, 'rsa'),
                certificate_id=certificate_id).to_properties()
        return images.Image(**{
            'id': 'image', 'properties': {}, 'os_hash_algo': 'sha256',
            'os_hash_value': hashlib.sha256(helpers.DATA).hexdigest(),
            **fields})

    def findings(self, *found: images.Image, days: int = 30
                 ) -> list[finding.Finding]:
        return list(signatures.Audit(
            self.fetch, trust.TrustPolicy(), days=days,
            now=helpers.NOW, service_certificate_id='service').findings(
                found))

    def codes(self, image: images.Image, **options: Any
              ) -> list[tuple[str, str]]:
        """All that is said but that nobody vouches, which is of them all."""
        found = self.findings(image, **options)
        for each in found:
            self.assertEqual(
                '*' if each.code == 'no-ca-bundle' else 'image', each.subject)
            self.assertTrue(each.evidence and each.remedy)
            self.assertFalse(each.destructive)
        return [(each.code, str(each.severity)) for each in found
                if each.subject != '*']

    def test_nothing_wrong(self) -> None:
        self.assertEqual([], self.codes(self.image()))
        self.assertEqual([], self.codes(self.image('fine')))
        self.assertEqual([], self.codes(self.image('soon'), days=10))

    def test_codes(self) -> None:
        for image, code, severity in (
                (self.image('gone'), 'certificate-unknown', 'error'),
                (self.image('secret'), 'key-manager-forbidden', 'unknown'),
                (self.image('soon'), 'certificate-expires-soon', 'warning'),
                (self.image('late'), 'certificate-expired', 'error'),
                (self.image('weak'), 'certificate-weak-key', 'error'),
                (self.image(properties={'img_signature': 'x'}),
                 'signature-incomplete', 'error'),
                (self.image(visibility='public'), 'unsigned-public-image',
                 'warning')):
            self.assertEqual([(code, severity)], self.codes(image), code)

    def test_glance_hash_answers(self) -> None:
        self.assertEqual(
            [('signature-mismatch', 'error')],
            self.codes(self.image('fine', os_hash_value='00' * 32)))
        # What only reading could tell is not passed over in silence.
        self.assertEqual(
            [('signature-not-read', 'unknown')],
            self.codes(self.image('fine', os_hash_algo='sha512')))

    def test_nobody_vouches(self) -> None:
        found = self.findings(*[self.image('fine', id='image-%d' % number)
                                for number in range(3)])
        self.assertEqual([('no-ca-bundle', 'unknown', '*')], [
            (each.code, str(each.severity), each.subject) for each in found])
        self.assertIn('3 images, such as image-0', found[0].evidence)
        self.assertEqual([], self.findings(self.image()))

    def resigned(self, by: str, **changes: Any) -> images.Image:
        ours = signer.ServiceSigner(
            helpers.key('rsa-2'), helpers.certificate('rsa-2'), by,
            helpers.NOW)
        given = helpers.given('rsa', certificate_id='fine')
        stored = hashlib.sha512(b'stored').digest()
        text = attestation.create(attestation.Record(
            image_id='image', os_hash_algo='sha512',
            os_hash_value=stored.hex(), source_digest={
                'sha256': hashlib.sha256(helpers.DATA).hexdigest()},
            source_size=1, source_format='qcow2',
            signature=attestation.SourceSignature.of(
                given, self.fetch('fine')), converter='x',
            converter_version='1', time=helpers.NOW), ours)
        return images.Image(
            id='image', os_hash_algo='sha512', os_hash_value=stored.hex(),
            properties={
                **given.to_source_properties(),
                **ours.sign_digest(stored, 'SHA-512').to_properties(),
                'lifecycle_attestation': text, **changes})

    def test_resigned(self) -> None:
        self.assertEqual([], self.codes(self.resigned('service')))
        for image, *codes in (
                # Of somebody else's key, whatever else is right.
                (self.resigned('fine'), 'signature-mismatch',
                 'certificate-not-service'),
                (self.resigned('service', lifecycle_attestation='{}'),
                 'attestation-malformed'),
                (self.resigned(
                    'service',
                    lifecycle_source_signature_certificate_uuid='other'),
                 'attestation-signer'),
                (self.resigned('service', img_signature='AAAA'),
                 'signature-length')):
            self.assertIn((codes[-1], 'error'), self.codes(image))

    def test_stripped(self) -> None:
        """Who may see it makes no difference to what was removed."""
        whole = self.resigned('service')
        kept = {name: value for name, value in whole.properties.items()
                if name not in properties.NAMES}
        for visibility in ('private', 'shared', 'community', 'public'):
            self.assertEqual(
                [('signature-stripped', 'error')],
                self.codes(dataclasses.replace(
                    whole, properties=kept, visibility=visibility)))
        found, = self.findings(dataclasses.replace(whole, properties=kept))
        self.assertIn('sign it again', found.remedy)
        # What the user had signed, and no attestation.
        self.assertIn(('signature-stripped', 'error'), self.codes(self.image(
            properties=helpers.given('rsa').to_source_properties())))

    def test_rule_of_the_image(self) -> None:
        """Whom its import would trust; not of the service's certificate."""
        def policy_of(image: images.Image) -> trust.TrustPolicy:
            return trust.TrustPolicy(
                allowed_certificates=frozenset([image.name]),
                min_rsa_bits=4096 if image.name == 'strong' else 2048)
        for image, name, codes in (
                (self.image('fine'), 'fine', []),
                (self.image('fine'), 'other', ['certificate-not-allowed']),
                (self.image('fine'), 'strong', ['certificate-not-allowed']),
                (self.resigned('service'), 'fine', []),
                (self.resigned('service'), 'other',
                 ['certificate-not-allowed'])):
            found = signatures.Audit(
                self.fetch, trust.TrustPolicy(), policy_of=policy_of,
                now=helpers.NOW, service_certificate_id='service').findings(
                    [dataclasses.replace(image, name=name)])
            self.assertEqual(codes, [each.code for each in found
                                     if each.subject != '*'])

    def test_attestation_missing(self) -> None:
        image = self.image(properties={
            **helpers.given('rsa').to_properties(),
            **helpers.given('rsa').to_source_properties()})
        self.assertIn(('attestation-missing', 'error'), self.codes(image))

    def test_key_manager_down(self) -> None:
        self.assertRaises(exceptions.KeyManagerError, self.findings,
                          self.image('down'))

    def test_one_image_at_a_time(self) -> None:
        taken = []

        def many() -> Any:
            for number in range(1000):
                taken.append(number)
                yield self.image(visibility='public')
        found = signatures.Audit(self.fetch, trust.TrustPolicy()).findings(
            many())
        next(found)
        next(found)
        self.assertEqual([0, 1], taken)
