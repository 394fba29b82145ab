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
from glance_lifecycle.signing import envelope as envelopes
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


GOOD = json.loads(TEXT)
STATEMENT = json.loads(base64.b64decode(GOOD['payload']))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(['payload', 'signatures', '_type', 'subject', 'name',
                         'predicate', 'x']), inner, max_size=3), max_leaves=8)


def places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """The paths of all parts of a JSON value."""
    yield path
    items: Any = (value.items() if isinstance(value, dict) else
                  enumerate(value) if isinstance(value, list) else ())
    for name, inner in items:
        yield from places(inner, (*path, name))


def changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A copy in which ``change`` was done to one part."""
    if not path:
        return change(value)
    copied = value.copy()
    copied[path[0]] = changed(value[path[0]], path[1:], change)
    return copied


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """The value with one part put in another's place, added or left out."""
    path = draw(st.sampled_from(list(places(value))))
    new = draw(JSON)
    how = draw(st.sampled_from(('replace', 'add', 'remove', 'twice')))

    def change(part: Any) -> Any:
        if isinstance(part, dict) and part and how == 'add':
            return {**part, draw(st.text(max_size=8)): new}
        if isinstance(part, dict) and part and how == 'remove':
            gone = draw(st.sampled_from(sorted(part)))
            return {name: part[name] for name in part if name != gone}
        if isinstance(part, list) and how == 'twice':
            return part * 2
        if isinstance(part, str) and part and how == 'twice':
            where = draw(st.integers(0, len(part)))
            return part[:where] + draw(st.text(max_size=3)) + part[where:]
        return new

    return changed(value, path, change)


MUTATED = (mutated(GOOD) | mutated(GOOD).map(
    lambda value: json.dumps(value, sort_keys=True, separators=(',', ':')))
           | JSON | st.text(max_size=100))


def verify(text: Any, kind: str = 'p384', certificate_id: str | None = None,
           **changes: str) -> attestation.Record:
    expected = {'image_id': IMAGE, 'os_hash_algo': 'sha512',
                'os_hash_value': HASH, **changes}
    return attestation.verify(
        text, helpers.certificate(kind), certificate_id or 'cert-' + kind,
        **expected)


def sign(statement: Any, payload_type: str = envelopes.PAYLOAD_TYPE) -> str:
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

    @given(MUTATED)
    def test_mutated(self, value: Any) -> None:
        """Whatever becomes of a good one: the same record, or our error."""
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            found = verify(text)
        except exceptions.ImageRefused:
            return
        self.assertEqual(RECORD, found)
        self.assertEqual(
            GOOD['payload'], json.loads(text)['payload'])

    @given(JSON | st.binary() | st.text())
    def test_any_value_is_signed(self, statement: Any) -> None:
        """Not even our own key makes a statement of something else."""
        if isinstance(statement, str):
            statement = statement.encode('utf-8', 'surrogatepass')
        self.refused('attestation-malformed', verify, sign(statement))

    @given(st.data())
    def test_mutated_statement_is_signed(self, data: st.DataObject) -> None:
        """Signed by us, with one part of another type or value."""
        value = data.draw(mutated(STATEMENT))
        try:
            found = verify(sign(value))
        except exceptions.ImageRefused as error:
            self.assertIn(error.reason, (
                'attestation-malformed', 'attestation-subject'))
        else:
            # The record is all of it: nothing was passed over.
            again = json.loads(attestation.create(found, service('p384')))
            self.assertEqual(value, json.loads(
                base64.b64decode(again['payload'])))

    def test_types(self) -> None:
        others: list[Any] = [None, 1, b'{}', [], {}, TEXT.encode()]
        for text in others:
            self.refused('attestation-malformed', verify, text)
        for changes in ({'keyid': 1}, {'keyid': ['cert-p384']},
                        {'keyid': None}, {'keyid': '../x'}, {'sig': 1},
                        {'sig': ''}, {'sig': 'A' * 3000},
                        # What nobody signed, beside what somebody did.
                        {'cert': 'x'}, {'signer': 'CN=root'}):
            signature = {**GOOD['signatures'][0], **changes}
            self.refused('attestation-malformed', verify, envelopes.dump(
                {**GOOD, 'signatures': [signature]}))
        others = [[], {}, None, 'x', [[]], [None]]
        for signatures in others:
            self.refused('attestation-malformed', verify, envelopes.dump(
                {**GOOD, 'signatures': signatures}))
        self.refused('attestation-malformed', verify,
                     envelopes.dump({**GOOD, 'more': 1}))

    def test_twice_the_same_name(self) -> None:
        for old, new in (
                ('{"payload":', '{"payload":"e30=","payload":'),
                ('"keyid":', '"keyid":"root","keyid":')):
            self.refused('attestation-malformed', verify,
                         TEXT.replace(old, new))
        statement = envelopes.dump(STATEMENT).replace(
            '"size":', '"size":1,"size":').encode()
        self.refused('attestation-malformed', verify, sign(statement))

    def test_other_spellings(self) -> None:
        payload = GOOD['payload']
        for text in (json.dumps(GOOD), TEXT + '\n',
                     TEXT.replace('/vnd', '\\/vnd'),
                     TEXT.replace('"payload":', '"p\\u0061yload":'),
                     TEXT.replace(payload, payload + '===='),
                     TEXT.replace(payload, payload[:40] + '\\n'
                                  + payload[40:]),
                     TEXT.replace(payload, payload.replace('e', '\u0435'))):
            self.assertNotEqual(TEXT, text)
            self.refused('attestation-malformed', verify, text)

    def test_deep_and_huge(self) -> None:
        for text in ('[' * 8000, '{"a":' * 1600, '1' * 8000,
                     '[' * 4000 + ']' * 4000, '-' + '9' * 8000, 'NaN',
                     '1e999', '"\\ud800"'):
            self.refused('attestation-malformed', verify, text)
            self.refused('attestation-malformed', verify,
                         sign(text[:5000].encode()))

    def test_half_of_a_surrogate_pair(self) -> None:
        """Such a text made protobuf raise a SystemError."""
        half = '\ud800'
        places_: list[Any] = [
            {**STATEMENT, name: value} for name in STATEMENT
            for value in (half, [half], {half: 1}, [{half: 1}],
                          [{'name': half}], {'a': [{'b': half}]})]
        for statement in (*places_, {**STATEMENT, half: 1}):
            for payload in (json.dumps(statement).encode(),
                            json.dumps(statement, ensure_ascii=False).encode(
                                'utf-8', 'surrogatepass')):
                text = sign(payload)
                self.refused('attestation-malformed', verify, text)
                self.refused('attestation-malformed', attestation.claimed,
                             text)

    def test_no_shape_reaches_protobuf_unchecked(self) -> None:
        """Whatever it raises of what it does not expect."""
        subject = STATEMENT['subject'][0]
        with mock.patch('google.protobuf.json_format.ParseDict',
                        side_effect=ZeroDivisionError):
            others: list[Any] = [
                {'subject': ['x']}, {'subject': [{**subject, 'uri': 'x'}]},
                {'subject': []}, {'predicate': {}}, {'predicate': 'x'}]
            for changes in others:
                self.refused('attestation-malformed', attestation.claimed,
                             sign({**STATEMENT, **changes}))

    def test_other_encodings(self) -> None:
        text = json.dumps(STATEMENT)
        for encoding in ('utf-16', 'utf-16-le', 'utf-32', 'utf-8-sig'):
            self.refused('attestation-malformed', verify,
                         sign(text.encode(encoding)))

    def test_what_would_not_verify_is_not_made(self) -> None:
        for changes in ({'image_id': ''}, {'source_size': -1},
                        {'converter': 'x\n'}, {'source_digest': {'x': 'y'}},
                        {'os_hash_value': HASH.upper()}):
            self.assertRaises(
                exceptions.InternalError, attestation.create,
                dataclasses.replace(RECORD, **changes), service('p384'))

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
        with mock.patch.object(envelopes, 'MAX_SIZE', 100):
            self.assertRaises(exceptions.InternalError, attestation.create,
                              RECORD, service('p384'))
