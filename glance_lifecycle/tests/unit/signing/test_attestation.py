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

import base64
import dataclasses
import json
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib import dsse

from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import signer
from glance_lifecycle.tests.unit.signing import helpers

IMAGE = '8a5a6f7e-6d0c-4c3b-9d6f-1f4d8b1c2e3f'
OTHER = '00000000-6d0c-4c3b-9d6f-1f4d8b1c2e3f'
HASH = helpers.digest('SHA-512').hex()
KINDS = ('rsa', 'p384', 'p521')


def service(kind: str) -> signer.ServiceSigner:
    return signer.ServiceSigner(
        helpers.key(kind), helpers.certificate(kind), 'cert-' + kind,
        helpers.NOW)


RECORD = attestation.Record(
    image_id=IMAGE, os_hash_algo='sha512', os_hash_value=HASH,
    source_digest={'sha256': helpers.digest('SHA-256').hex()},
    source_size=10 * 2 ** 40 + 1, source_format='qcow2',
    signature=attestation.SourceSignature.of(
        helpers.given('rsa'), helpers.certificate('rsa')),
    converter='glance_lifecycle', converter_version='0.1',
    policy_rule='golden', policy_digest='sha256:00', time=helpers.NOW)
TEXT = attestation.create(RECORD, service('p384'))


def verify(text: str, kind: str = 'p384', certificate_id: str | None = None,
           **changes: str) -> attestation.Record:
    expected = {'image_id': IMAGE, 'os_hash_algo': 'sha512',
                'os_hash_value': HASH, **changes}
    return attestation.verify(
        text, helpers.certificate(kind), certificate_id or 'cert-' + kind,
        **expected)


def sign(statement: Any, payload_type: str = attestation.PAYLOAD_TYPE) -> str:
    """A genuine envelope over anything, by the service's key."""
    payload = (statement if isinstance(statement, bytes)
               else json.dumps(statement).encode())
    envelope = dsse.Envelope(payload, payload_type, {})
    envelope.sign(service('p384').envelope_signer())
    return json.dumps(envelope.to_dict(), sort_keys=True,
                      separators=(',', ':'))


class AttestationTestCase(helpers.SigningTestCase):

    def test_round_trip(self) -> None:
        for kind in KINDS:
            text = attestation.create(RECORD, service(kind))
            self.assertEqual(RECORD, verify(text, kind))
            self.assertEqual('cert-' + kind, attestation.key_id(text))
            self.assertTrue(text.isascii())
            self.assertLess(len(text), 3000)

    def test_unsigned_source(self) -> None:
        record = dataclasses.replace(RECORD, signature=None, policy_rule=None)
        text = attestation.create(record, service('p384'))
        self.assertEqual(record, verify(text))

    def test_it_is_in_toto(self) -> None:
        envelope = json.loads(TEXT)
        self.assertEqual('application/vnd.in-toto+json',
                         envelope['payloadType'])
        statement = json.loads(base64.b64decode(envelope['payload']))
        self.assertEqual('https://in-toto.io/Statement/v1',
                         statement['_type'])
        self.assertEqual([{'name': IMAGE, 'digest': {'sha512': HASH}}],
                         statement['subject'])
        self.assertEqual(RECORD.source_size,
                         statement['predicate']['source']['size'])

    def test_openssl_style_verification(self) -> None:
        # DSSE v1, by hand: what another tool would do.
        envelope = json.loads(attestation.create(RECORD, service('rsa')))
        payload = base64.b64decode(envelope['payload'])
        kind = envelope['payloadType'].encode()
        encoded = b'DSSEv1 %d %s %d %s' % (
            len(kind), kind, len(payload), payload)
        helpers.key('rsa').public_key().verify(
            base64.b64decode(envelope['signatures'][0]['sig']), encoded,
            padding.PSS(padding.MGF1(hashes.SHA512()), padding.PSS.AUTO),
            hashes.SHA512())

    @given(st.integers(0, len(TEXT) - 1), st.characters(
        codec='ascii', exclude_categories=()))
    def test_any_other_character_is_found(self, where: int, char: str
                                          ) -> None:
        if char != TEXT[where]:
            self.assertRaises(exceptions.ImageRefused, verify,
                              TEXT[:where] + char + TEXT[where + 1:])

    @given(st.integers(0, len(TEXT) - 1))
    def test_any_cut_is_found(self, where: int) -> None:
        for text in (TEXT[:where], TEXT[:where] + TEXT[where + 1:],
                     TEXT[:where] + ' ' + TEXT[where:]):
            self.assertRaises(exceptions.ImageRefused, verify, text)

    @given(st.text(max_size=100) | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(['payload', 'payloadType', 'signatures', 'sig',
                             'keyid', 'x']), inner)).map(json.dumps))
    def test_anything_else(self, text: str) -> None:
        self.refused('attestation-malformed', verify, text)

    def test_every_field_of_the_record_is_covered(self) -> None:
        envelope = json.loads(TEXT)
        statement = json.loads(base64.b64decode(envelope['payload']))

        def leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
            items: Any = (value.items() if isinstance(value, dict) else
                          enumerate(value) if isinstance(value, list) else ())
            for name, inner in items:
                yield from leaves(inner, (*path, name))
            if not isinstance(value, dict | list):
                yield path

        paths = list(leaves(statement))
        self.assertGreater(len(paths), 15)
        for path in paths:
            changed = json.loads(json.dumps(statement))
            inner = changed
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = 'changed'
            payload = json.dumps(changed, sort_keys=True,
                                 separators=(',', ':')).encode()
            text = json.dumps(
                {**envelope, 'payload': base64.b64encode(payload).decode()},
                sort_keys=True, separators=(',', ':'))
            self.refused('attestation-signature', verify, text)

    def test_other_image(self) -> None:
        said = self.refused('attestation-subject', verify, TEXT,
                            image_id=OTHER)
        self.assertIn('image id is', said)
        self.assertIn(OTHER, said)

    def test_other_bytes(self) -> None:
        said = self.refused('attestation-subject', verify, TEXT,
                            os_hash_value='00' * 64)
        self.assertIn('os_hash_value', said)
        said = self.refused('attestation-subject', verify, TEXT,
                            os_hash_algo='sha256')
        self.assertIn('os_hash_algo', said)

    def test_hash_in_capitals(self) -> None:
        verify(TEXT, os_hash_value=HASH.upper())

    def test_other_signer(self) -> None:
        forged = attestation.create(RECORD, signer.ServiceSigner(
            helpers.key('p384-2'), helpers.certify(helpers.key('p384-2')),
            'cert-p384', helpers.NOW))
        said = self.refused('attestation-signature', verify, forged)
        self.assertIn('Do not trust', said)

    def test_other_certificate(self) -> None:
        said = self.refused('attestation-certificate', verify, TEXT,
                            certificate_id='newer')
        self.assertIn("'cert-p384'", said)
        self.assertIn('newer', said)

    def test_certificate_that_signs_none(self) -> None:
        for kind in ('dsa', 'p256'):
            self.refused('attestation-certificate', verify, TEXT, kind)

    def test_genuine_but_something_else(self) -> None:
        good = json.loads(base64.b64decode(json.loads(TEXT)['payload']))
        for statement in (b'x', b'[]', {}, {**good, '_type': 'x'},
                          {**good, 'subject': []}, {**good, 'more': 1},
                          {**good, 'predicateType': 'https://x/y'},
                          {**good, 'predicate': {'x': 1}},
                          {**good, 'subject': good['subject'] * 2}):
            self.refused('attestation-malformed', verify, sign(statement))
        self.refused('attestation-malformed', verify,
                     sign(good, 'text/plain'))

    def test_two_signatures(self) -> None:
        envelope = json.loads(TEXT)
        envelope['signatures'].append(
            {**envelope['signatures'][0], 'keyid': 'x'})
        self.refused('attestation-malformed', verify, json.dumps(
            envelope, sort_keys=True, separators=(',', ':')))

    def test_too_large(self) -> None:
        self.refused('attestation-malformed', verify, TEXT + ' ' * 9000)
        with mock.patch.object(attestation, 'MAX_SIZE', 100):
            self.assertRaises(exceptions.InternalError, attestation.create,
                              RECORD, service('p384'))
