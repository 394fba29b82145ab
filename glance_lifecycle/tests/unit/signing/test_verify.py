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

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives import serialization

from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import verify
from glance_lifecycle.tests.unit.signing import helpers

METHODS = list(algorithms.HASH_METHODS)


class AgreementTestCase(helpers.SigningTestCase):
    """Every key type and hash method, with cursive asked the same."""

    def setUp(self) -> None:
        super().setUp()
        for kind in helpers.KEY_TYPES:
            self.write('cert-%s.pem' % kind,
                       helpers.pem(helpers.certificate(kind)))

    def agree(self, props: properties.SignatureProperties, kind: str,
              data: bytes, good: bool) -> None:
        digest = helpers.digest(props.hash_method, data)
        try:
            verify.verify_digest(props, helpers.certificate(kind), digest)
        except exceptions.ImageRefused:
            ours = False
        else:
            ours = True
        self.assertEqual(good, ours)
        if good:
            # Nor does what needs no digest refuse it.
            verify.verify_form(props, helpers.certificate(kind))
        self.assertEqual(good, self.cursive_accepts(props, data))

    def test_properties_as_nova_reads_them(self) -> None:
        """Whatever stands around the values."""
        good = helpers.given('rsa').to_properties()
        for name in properties.NAMES:
            for space in (' ', '\n', '\t', '\u00a0', '\u2003', '\x1f'):
                for value in (space + good[name], good[name] + space):
                    raw = {**good, name: value}
                    with self.subTest(name=name, value=value[-80:]):
                        try:
                            found = properties.parse(raw)
                        except exceptions.ImageRefused as error:
                            self.assertEqual('signature-malformed',
                                             error.reason)
                            found = None
                        self.assertEqual(self.cursive_accepts(raw),
                                         found is not None)
        self.assertIn("'SHA-256 '", self.refused(
            'signature-malformed', properties.parse,
            {**good, properties.HASH_METHOD: 'SHA-256 '}))

    def matrix(self, kind: str) -> None:
        for method in METHODS:
            with self.subTest(kind=kind, method=method):
                props = helpers.given(kind, method)
                self.agree(props, kind, helpers.DATA, True)
                self.agree(props, kind, helpers.DATA[1:], False)
                self.agree(props, kind, b'', False)
                cut = helpers.given(kind, method, props.signature[:-1])
                self.agree(cut, kind, helpers.DATA, False)
                self.refused('signature-length', verify.verify_form, cut,
                             helpers.certificate(kind))
                flipped = bytearray(props.signature)
                flipped[len(flipped) // 2] ^= 1
                self.agree(helpers.given(kind, method, bytes(flipped)), kind,
                           helpers.DATA, False)
                other = METHODS[METHODS.index(method) - 1]
                self.agree(helpers.given(kind, other, props.signature), kind,
                           helpers.DATA, False)

    def test_rsa(self) -> None:
        self.matrix('rsa')

    def test_rsa_padding(self) -> None:
        for method in METHODS:
            signature = helpers.sign(helpers.key('rsa'), method, pkcs1=True)
            self.agree(helpers.given('rsa', method, signature), 'rsa',
                       helpers.DATA, False)

    def test_rsa_salt(self) -> None:
        # OpenSSL 3.0 takes the longest, others the digest's length.
        for method in METHODS:
            for salt in (0, 20, padding.PSS.DIGEST_LENGTH):
                signature = helpers.sign(helpers.key('rsa'), method,
                                         salt=salt)
                props = helpers.given('rsa', method, signature)
                self.agree(props, 'rsa', helpers.DATA, True)
                self.agree(props, 'rsa', b'', False)

    def test_dsa(self) -> None:
        self.matrix('dsa')

    def test_p384(self) -> None:
        self.matrix('p384')

    def test_p521(self) -> None:
        self.matrix('p521')


class ExplanationTestCase(helpers.SigningTestCase):
    """Each mistake has its own reason, and the message the way out."""

    def said(self, reason: str, kind: str,
             props: properties.SignatureProperties, **kwargs: object) -> str:
        return self.refused(
            reason, verify.verify_digest, props, helpers.certificate(kind),
            helpers.digest(props.hash_method), **kwargs)

    def test_pkcs1(self) -> None:
        for method in METHODS:
            signature = helpers.sign(helpers.key('rsa'), method, pkcs1=True)
            said = self.said('signature-padding', 'rsa',
                             helpers.given('rsa', method, signature))
            self.assertIn('PKCS#1 v1.5', said)
            self.assertIn('-sigopt rsa_padding_mode:pss', said)
            self.assertIn(method, said)

    def test_pkcs1_of_other_bytes_is_still_named(self) -> None:
        signature = helpers.sign(helpers.key('rsa'), 'SHA-256', b'other',
                                 pkcs1=True)
        self.said('signature-padding', 'rsa',
                  helpers.given('rsa', 'SHA-256', signature))

    def test_pss_with_another_hash(self) -> None:
        """Also where one more hash method passes by accident: often here."""
        for made, claimed in 30 * (
                ('SHA-256', 'SHA-512'), ('SHA-512', 'SHA-256'),
                ('SHA-224', 'SHA-384')):
            signature = helpers.sign(helpers.key('rsa'), made,
                                     salt=padding.PSS.DIGEST_LENGTH)
            said = self.said('signature-hash-method', 'rsa',
                             helpers.given('rsa', claimed, signature))
            self.assertIn('says %s, but the signature was made with %s'
                          % (claimed, made), said)

    def test_pss_with_another_hash_and_the_longest_salt(self) -> None:
        reasons = []
        for _ in range(20):
            props = helpers.given('rsa', 'SHA-512', helpers.sign(
                helpers.key('rsa'), 'SHA-256'))
            with self.assertRaises(exceptions.ImageRefused) as raised:
                verify.verify_digest(props, helpers.certificate('rsa'),
                                     helpers.digest('SHA-512'))
            reasons.append(raised.exception.reason)
        # Each is unclear with a chance of 1 in 50; that all are, is not.
        self.assertIn('signature-hash-method', reasons)

    def test_right_key_other_bytes(self) -> None:
        signature = helpers.sign(helpers.key('rsa'), 'SHA-256', b'other',
                                 salt=padding.PSS.DIGEST_LENGTH)
        said = self.said('signature-mismatch', 'rsa',
                         helpers.given('rsa', 'SHA-256', signature))
        self.assertIn('with this key, but over other bytes', said)
        self.assertIn(helpers.digest('SHA-256').hex(), said)

    def test_other_key(self) -> None:
        signature = helpers.sign(helpers.key('rsa-2'), 'SHA-256')
        said = self.said('signature-mismatch', 'rsa',
                         helpers.given('rsa', 'SHA-256', signature))
        self.assertIn('not made with the private key', said)

    def test_length(self) -> None:
        whole = helpers.sign(helpers.key('rsa'), 'SHA-256')
        for signature, word in ((whole[:100], 'cut short'),
                                (whole + b'x', 'extended'),
                                (b'x', 'cut short')):
            said = self.said('signature-length', 'rsa',
                             helpers.given('rsa', 'SHA-256', signature))
            self.assertIn(word, said)
            self.assertIn('makes 256', said)

    def test_ecdsa_that_is_not_der(self) -> None:
        whole = helpers.sign(helpers.key('p384'), 'SHA-384')
        r, s = utils.decode_dss_signature(whole)
        bare = r.to_bytes(48, 'big') + s.to_bytes(48, 'big')
        for signature, word in ((bare, 'P1363'), (whole[:-3], 'cut short'),
                                (b'\1' * 256, 'another kind of key')):
            self.assertIn(word, self.said(
                'signature-length', 'p384',
                helpers.given('p384', 'SHA-384', signature)))

    def test_another_hash_is_certain_with_its_digest(self) -> None:
        others = {method: helpers.digest(method) for method in METHODS}
        for kind in helpers.KEY_TYPES:
            signature = helpers.sign(helpers.key(kind), 'SHA-512')
            said = self.said(
                'signature-hash-method', kind,
                helpers.given(kind, 'SHA-256', signature), others=others)
            self.assertIn('made with SHA-512', said)

    def test_key_type_of_another_key(self) -> None:
        for kind, claimed in (('p521', 'ECC_SECP384R1'), ('rsa', 'DSA'),
                              ('p384', 'RSA-PSS'), ('dsa', 'RSA-PSS')):
            said = self.said('signature-key-type', kind,
                             helpers.given(kind, key_type=claimed))
            self.assertIn('Set img_signature_key_type to '
                          + helpers.KEY_TYPES[kind], said)

    def test_curve_without_key_type(self) -> None:
        said = self.said('signature-key-type', 'p256', helpers.given(
            'p256', key_type='ECC_SECP384R1'))
        self.assertIn('secp256r1', said)

    def test_key_too_small_for_the_hash(self) -> None:
        # PSS with SHA-512 and its salt needs more than 1024 bits.
        self.assertEqual(62, 1024 // 8 - 64 - 2)
        props = helpers.given('rsa1024', 'SHA-512')
        verify.verify_digest(props, helpers.certificate('rsa1024'),
                             helpers.digest('SHA-512'))

    def test_certificate_is_named(self) -> None:
        said = self.said('signature-length', 'rsa',
                         helpers.given('rsa', 'SHA-256', b'x'))
        self.assertIn('cert-rsa: CN=rsa, serial ', said)
        self.assertNotIn(
            helpers.key('rsa').private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()).decode(), said)

    def test_digest_of_the_wrong_length_is_our_fault(self) -> None:
        with self.assertRaises(exceptions.InternalError):
            verify.verify_digest(
                helpers.given('rsa', 'SHA-512'), helpers.certificate('rsa'),
                helpers.digest('SHA-256'))
