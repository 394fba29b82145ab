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

import hashlib
from typing import Any
import unittest

from cryptography import x509

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import signatures
from glance_lifecycle import exceptions
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.signing import helpers


class AuditTestCase(unittest.TestCase):

    def fetch(self, certificate_id: str) -> x509.Certificate:
        if certificate_id == 'secret':
            raise exceptions.KeyManagerForbidden(detail='no')
        if certificate_id == 'down':
            raise exceptions.KeyManagerError(detail='no answer')
        if certificate_id == 'gone':
            raise exceptions.ImageRefused(
                reason='certificate-unknown', detail='no such')
        after = {'soon': helpers.NOW + 20 * helpers.DAY,
                 'late': helpers.NOW - helpers.DAY}.get(
                     certificate_id, helpers.NOW + 400 * helpers.DAY)
        kind = 'rsa1024' if certificate_id == 'weak' else 'rsa'
        return helpers.certify(helpers.key(kind), not_after=after)

    def image(self, certificate_id: str = '', **fields: Any
              ) -> images.Image:
        if certificate_id:
            fields['properties'] = helpers.given(
                'rsa', certificate_id=certificate_id).to_properties()
        return images.Image(**{
            'id': 'image', 'properties': {}, 'os_hash_algo': 'sha512',
            'os_hash_value': '00' * 64, **fields})

    def findings(self, *found: images.Image, days: int = 30
                 ) -> list[finding.Finding]:
        return list(signatures.Audit(
            self.fetch, trust.TrustPolicy(), days=days,
            now=helpers.NOW).findings(found))

    def codes(self, image: images.Image, **options: Any
              ) -> list[tuple[str, str]]:
        found = self.findings(image, **options)
        for each in found:
            self.assertEqual('image', each.subject)
            self.assertTrue(each.evidence and each.remedy)
            self.assertFalse(each.destructive)
        return [(each.code, str(each.severity)) for each in found]

    def test_nothing_wrong(self) -> None:
        self.assertEqual([], self.codes(self.image()))
        self.assertEqual([], self.codes(self.image('fine')))
        self.assertEqual([], self.codes(self.image('soon'), days=10))

    def test_codes(self) -> None:
        for image, code, severity in (
                (self.image('gone'), 'certificate-unknown', 'error'),
                (self.image('secret'), 'key-manager-forbidden', 'warning'),
                (self.image('soon'), 'certificate-expires-soon', 'warning'),
                (self.image('late'), 'certificate-expired', 'error'),
                (self.image('weak'), 'certificate-weak-key', 'error'),
                (self.image(properties={'img_signature': 'x'}),
                 'signature-incomplete', 'error'),
                (self.image(visibility='public'), 'unsigned-public-image',
                 'warning')):
            self.assertEqual([(code, severity)], self.codes(image), code)

    def test_glance_hash_answers(self) -> None:
        fields = {'os_hash_algo': 'sha256', 'os_hash_value':
                  hashlib.sha256(helpers.DATA).hexdigest()}
        self.assertEqual([], self.codes(self.image('fine', **fields)))
        fields['os_hash_value'] = '00' * 32
        self.assertEqual([('signature-mismatch', 'error')],
                         self.codes(self.image('fine', **fields)))

    def test_attestation_missing(self) -> None:
        image = self.image(properties={
            **helpers.given('rsa').to_properties(),
            **helpers.given('rsa').to_source_properties()})
        self.assertEqual([('attestation-missing', 'error')],
                         self.codes(image))

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
