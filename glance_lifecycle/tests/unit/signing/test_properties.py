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

import unittest

from hypothesis import given
from hypothesis import strategies as st

from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import properties

WHOLE = {
    'img_signature': 'c2lnbmF0dXJl',
    'img_signature_hash_method': 'SHA-256',
    'img_signature_key_type': 'RSA-PSS',
    'img_signature_certificate_uuid': '6c9e9f4f-4a54-4f2a-ba59-6bbb8ff2b2b7',
}


class ParseTestCase(unittest.TestCase):

    def refusal(self, reason: str, **changes: str | None) -> str:
        values = {**WHOLE, **changes}
        with self.assertRaises(exceptions.ImageRefused) as raised:
            properties.parse(values)
        self.assertEqual(reason, raised.exception.reason)
        return str(raised.exception)

    def test_none(self) -> None:
        self.assertIsNone(properties.parse({}))
        self.assertIsNone(properties.parse(
            {'os_distro': 'x', 'img_config_drive': 'mandatory',
             'img_signatures': 'another word'}))

    def test_whole(self) -> None:
        parsed = properties.parse({**WHOLE, 'os_distro': 'debian'})
        assert parsed is not None
        self.assertEqual(b'signature', parsed.signature)
        self.assertEqual(WHOLE, parsed.to_properties())

    def test_every_partial_set_names_what_is_missing(self) -> None:
        for mask in range(1, 15):
            kept = {name: value for bit, (name, value)
                    in enumerate(WHOLE.items()) if mask >> bit & 1}
            with self.assertRaises(exceptions.ImageRefused) as raised:
                properties.parse(kept)
            self.assertEqual('signature-incomplete', raised.exception.reason)
            said = str(raised.exception).split(' missing')[0]
            named = said.split('verified: ')[1].split(' ')
            for name in WHOLE:
                self.assertEqual(
                    name not in kept, name in [n.strip(',') for n in named])

    def test_empty_counts_as_missing(self) -> None:
        for value in ('', '  ', None):
            self.assertIn('img_signature_key_type is missing', self.refusal(
                'signature-incomplete', img_signature_key_type=value))

    def test_misspelled(self) -> None:
        said = self.refusal('signature-incomplete',
                            img_signature_cert_uuid='x')
        self.assertIn("'img_signature_cert_uuid' has no meaning", said)
        with self.assertRaises(exceptions.ImageRefused):
            properties.parse({'img_signature_cert_uuid': 'x'})

    def test_not_base64(self) -> None:
        for value in ('%%%', 'c2lnbmF0dXJ', 'c2ln-_F0', 'é'):
            said = self.refusal('signature-malformed', img_signature=value)
            self.assertIn('base64 -w 0', said)

    def test_base64_in_lines(self) -> None:
        parsed = properties.parse(
            {**WHOLE, 'img_signature': 'c2lnbm\nF0dXJl\n'})
        assert parsed is not None
        self.assertEqual(b'signature', parsed.signature)

    def test_huge_signature(self) -> None:
        self.assertIn('bytes', self.refusal(
            'signature-malformed', img_signature='AAAA' * 1000))

    def test_unknown_hash_method(self) -> None:
        for value in ('MD5', 'sha256', 'SHA-1'):
            said = self.refusal('signature-malformed',
                                img_signature_hash_method=value)
            self.assertIn('SHA-224, SHA-256, SHA-384, SHA-512', said)

    def test_unknown_key_type(self) -> None:
        for value in ('RSA', 'ECC_SECP256R1', 'rsa-pss'):
            self.assertIn('RSA-PSS, DSA', self.refusal(
                'signature-malformed', img_signature_key_type=value))

    def test_key_type_that_this_cryptography_lacks(self) -> None:
        lacking = [known for known in algorithms.KEY_TYPES.values()
                   if not known.available]
        for known in lacking:
            self.assertIn('no longer has', self.refusal(
                'signature-malformed', img_signature_key_type=known.name))

    def test_certificate_id_is_no_path(self) -> None:
        for value in ('../x', 'a/b', 'https://h/v1/secrets/x', '.x', 'a%2f',
                      'a b', 'a\nb', 'x' * 129, '-x'):
            self.refusal('signature-malformed',
                         img_signature_certificate_uuid=value)

    def test_source_properties(self) -> None:
        parsed = properties.parse(WHOLE)
        assert parsed is not None
        kept = parsed.to_source_properties()
        self.assertEqual(
            ['lifecycle_source_signature',
             'lifecycle_source_signature_certificate_uuid',
             'lifecycle_source_signature_hash_method',
             'lifecycle_source_signature_key_type'], sorted(kept))
        self.assertEqual(parsed, properties.parse_source(kept))
        self.assertIsNone(properties.parse_source(WHOLE))

    @given(st.dictionaries(
        st.sampled_from([*WHOLE, 'img_signature_x', 'img_other']),
        st.text(max_size=80)))
    def test_never_another_error(self, values: dict[str, str]) -> None:
        try:
            parsed = properties.parse(values)
        except exceptions.ImageRefused as e:
            self.assertTrue(str(e).isascii())
            self.assertLess(len(str(e)), 1200)
        else:
            signed = [n for n in values if n.startswith('img_signature')]
            self.assertEqual(bool(signed), parsed is not None)
