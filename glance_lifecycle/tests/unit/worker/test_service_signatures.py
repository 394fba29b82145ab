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

"""What the service signs again, and what nobody makes it sign."""

import base64
import datetime
import hashlib
import pathlib
from typing import Any
import unittest

from cryptography.hazmat.primitives import serialization
import fixtures
from oslo_config import cfg
import testtools

from glance_lifecycle.conf import opts
from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import verify
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.signing import helpers
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import resigning

ID = image_api.image_id(1)
DATA = b'stored' * 1000
FOUND = resigning.Found
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
PEM = serialization.Encoding.PEM


def service(kind: str = 'rsa-2') -> signer.ServiceSigner:
    return signer.ServiceSigner(
        helpers.key(kind), helpers.certificate(kind), 'service', helpers.NOW)


def attested(by: signer.ServiceSigner, **changes: Any) -> str:
    return attestation.create(attestation.Record(**{
        'image_id': ID, 'os_hash_algo': 'sha512',
        'os_hash_value': hashlib.sha512(DATA).hexdigest(),
        'source_digest': {'sha512': helpers.digest('SHA-512').hex()},
        'source_size': 7, 'source_format': 'qcow2',
        'signature': attestation.SourceSignature.of(
            helpers.given('rsa'), helpers.certificate('rsa')),
        'converter': 'glance_lifecycle', 'converter_version': '1',
        'time': NOW, **changes}), by)


def signed(by: signer.ServiceSigner, data: bytes = DATA,
           method: str = 'SHA-512') -> dict[str, str]:
    return by.sign_digest(
        hashlib.new(method.replace('-', ''), data).digest(), method
    ).to_properties()


class ServiceSignaturesTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        key = self.base / 'service.key'
        key.write_bytes(helpers.key('rsa-2').private_bytes(
            PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        key.chmod(0o600)
        self.store('service', 'rsa-2')
        self.store('cert-rsa', 'rsa')
        self.directory = str(self.base)
        self.options: dict[str, object] = {
            'signing_key': key, 'signing_certificate_id': 'service'}
        self.image = image_api.image(
            1, os_hash_algo='sha512', size=len(DATA),
            os_hash_value=hashlib.sha512(DATA).hexdigest(),
            lifecycle_attestation=attested(service()), **signed(service()))

    def store(self, certificate_id: str, kind: str) -> None:
        (self.base / f'{certificate_id}.pem').write_bytes(
            helpers.certificate(kind).public_bytes(PEM))

    @property
    def signatures(self) -> resigning.Signatures:
        # A file: groups share what is set on them.
        path = self.base / 'worker.conf'
        path.write_text('\n'.join((
            '[key_manager]', f'backend = {helpers.BACKEND}',
            '[lifecycle_file_key_manager]', f'directory = {self.directory}',
            '[lifecycle_signing]', *(f'{name} = {value}' for name, value
                                     in self.options.items()))))
        conf = cfg.ConfigOpts()
        opts.register_opts(conf)
        conf([], default_config_files=[str(path)], default_config_dirs=[])
        return resigning.of(conf)

    def without(self, *names: str, **changes: Any) -> dict[str, Any]:
        """The image, whose owner has removed and changed properties."""
        return {name: value for name, value in {
            **self.image, **changes}.items() if name not in names}

    def stripped(self, **changes: Any) -> dict[str, Any]:
        return self.without(*properties.NAMES, **changes)

    def former(self) -> signer.ServiceSigner:
        """Of the service, with a certificate that it had before."""
        self.store('other', 'p384')
        return signer.ServiceSigner(
            helpers.key('p384'), helpers.certificate('p384'), 'other',
            helpers.NOW)

    def assert_refused(self, said: str, image: dict[str, Any]) -> None:
        """Left, with the reason; and not signed even if asked for."""
        self.assertIn(said, self.signatures.look(image).why_not)
        with unittest.TestCase.assertRaises(
                self, exceptions.ActionRefused) as caught:
            self.signatures.sign(image, lambda: [DATA])
        self.assertIn(said, str(caught.exception))

    def test_good(self) -> None:
        self.assertEqual('', self.signatures.look(self.image).wrong)

    def test_wrong(self) -> None:
        for wrong, image in (
                ('', self.stripped()),
                ('one that is not whole', self.without(properties.NAMES[0])),
                ('one that is not whole', self.without(properties.NAMES[3])),
                ('one that is not whole', self.without(img_signature_x='y')),
                ('one that is not whole', self.without(img_signature='?')),
                ('one that is not good', self.without(
                    **signed(service(), b'other'))),
                ('one that is not good', self.without(
                    img_signature_key_type='ECC_SECP384R1'))):
            with self.subTest(wrong):
                self.assertEqual(FOUND(wrong, ''),
                                 self.signatures.look(image))

    def test_signed(self) -> None:
        """No byte is read where Glance has the digest."""
        made = self.signatures.sign(
            self.stripped(), lambda: self.fail('It was read.'))
        verify.verify_digest(made.signature, helpers.certificate('rsa-2'),
                             hashlib.sha512(DATA).digest())
        self.assertFalse(made.read)
        self.assertEqual('', self.signatures.look({
            **self.stripped(), **made.signature.to_properties()}).wrong)

    def test_signed_by_another_digest(self) -> None:
        """Of what is read, if that is what was attested."""
        self.options['hash_method'] = 'SHA-256'
        made = self.signatures.sign(self.stripped(),
                                    lambda: [DATA[:100], DATA[100:]])
        verify.verify_digest(made.signature, helpers.certificate('rsa-2'),
                             hashlib.sha256(DATA).digest())
        self.assertTrue(made.read)
        with unittest.TestCase.assertRaises(
                self, exceptions.ActionRefused) as caught:
            self.signatures.sign(self.stripped(), lambda: [b'evil'])
        self.assertIn('not those that were attested', str(caught.exception))
        self.assertIn('not active', self.signatures.look(
            self.stripped(status='deactivated')).why_not)

    def test_no_attestation(self) -> None:
        image = self.without('lifecycle_attestation', *properties.NAMES)
        self.assertEqual(FOUND(), self.signatures.look(image))
        with unittest.TestCase.assertRaises(
                self, exceptions.ActionRefused):
            self.signatures.sign(image, lambda: [DATA])

    def test_of_another_image(self) -> None:
        """An attestation that was copied, of the same bytes or others."""
        other = image_api.image_id(2)
        self.assert_refused('about something else',
                            self.stripped(id=other))
        self.assert_refused('about something else', self.stripped(
            id=other, lifecycle_attestation=attested(service())))

    def test_other_hash(self) -> None:
        """The hash was set, as the location API lets some users do."""
        evil = hashlib.sha512(b'evil').hexdigest()
        self.assert_refused('about something else',
                            self.stripped(os_hash_value=evil))
        # Also where the signature is still there, and of the attested.
        found = self.signatures.look(self.without(os_hash_value=evil))
        self.assertEqual('one that is not good', found.wrong)
        self.assertIn('about something else', found.why_not)

    def test_replaced_bytes(self) -> None:
        """Under the attested hash: what is signed is the attested digest."""
        made = self.signatures.sign(self.stripped(), lambda: [b'evil'])
        for digest, good in ((DATA, True), (b'evil', False)):
            value = hashlib.sha512(digest).digest()
            if good:
                verify.verify_digest(made.signature,
                                     helpers.certificate('rsa-2'), value)
            else:
                self.assertRaises(
                    exceptions.ImageRefused, verify.verify_digest,
                    made.signature, helpers.certificate('rsa-2'), value)

    def test_forged(self) -> None:
        """By who has another key, and the service's name for it."""
        forged = signer.ServiceSigner(
            helpers.key('p384'), helpers.certificate('p384'), 'service',
            helpers.NOW)
        self.assert_refused('its signature is not that of certificate',
                            self.stripped(
                                lifecycle_attestation=attested(forged)))
        for text in ('forged', '{}', 'x' * 99999):
            self.assertIn('not valid', self.signatures.look(self.stripped(
                lifecycle_attestation=text)).why_not)

    def test_another_service(self) -> None:
        """Whose certificate the key manager knows, too."""
        other = self.former()
        self.assert_refused('that of the service is service', self.stripped(
            lifecycle_attestation=attested(other)))
        # What a former certificate has signed is left as it is.
        self.assertEqual('', self.signatures.look(self.without(
            lifecycle_attestation=attested(other), **signed(other))).wrong)
        found = self.signatures.look(self.without(**signed(other)))
        self.assertEqual('one of certificate other', found.wrong)
        self.assertIn('Somebody else may have signed it', found.why_not)

    def test_spoiled_by_another_hash_method(self) -> None:
        """Of which Glance has no digest: what needs none is looked at."""
        for method in ('SHA-224', 'SHA-256', 'SHA-384'):
            for value in ('AAAA', base64.b64encode(
                    bytes(255) + b'\1').decode()):
                with self.subTest(method=method, value=value[:4]):
                    self.assertEqual(
                        FOUND('one that is not good', ''),
                        self.signatures.look(self.without(
                            img_signature=value,
                            img_signature_hash_method=method)))
        # One of ours, which only reading the image could judge.
        self.assertEqual('', self.signatures.look(self.without(
            **signed(service(), method='SHA-256'))).wrong)

    def test_spoiled_under_a_former_certificate(self) -> None:
        other = self.former()
        image = self.without(lifecycle_attestation=attested(other),
                             **signed(other))
        self.assertEqual('', self.signatures.look(image).wrong)
        for changes in ({'img_signature': 'AAAA'}, signed(other, b'evil'),
                        {'img_signature': 'AAAA',
                         'img_signature_hash_method': 'SHA-256'},
                        {'img_signature_key_type': 'RSA-PSS'}):
            found = self.signatures.look({**image, **changes})
            self.assertEqual('one that is not good', found.wrong)
            self.assertIn('that of the service is service', found.why_not)

    def test_named_by_nobody(self) -> None:
        """Whom an attestation names is anybody's to write."""
        other = self.former()
        named = self.image['lifecycle_attestation'].replace(
            '"keyid":"service"', '"keyid":"other"')
        image = self.without(lifecycle_attestation=named, **signed(other))
        found = self.signatures.look(image)
        self.assertEqual('one of certificate other', found.wrong)
        self.assertIn('Somebody else may have signed it', found.why_not)
        (self.base / 'other.pem').unlink()
        self.assertEqual('one of certificate other',
                         self.signatures.look(image).wrong)

    def test_signer_not_allowed(self) -> None:
        """By the configuration; by the policy, whatever that says."""
        self.options['allowed_certificates'] = 'someone-else'
        self.assert_refused('not trusted now: the certificate cert-rsa',
                            self.stripped())
        del self.options['allowed_certificates']
        for trusted, said in (
                ({'allowed_certificates': ('someone-else',)},
                 'among those that may sign'),
                ({'min_rsa_bits': 4096}, '4096 bits are the least'),
                ({'denied_serials': ('%x' % helpers.certificate(
                    'rsa').serial_number,)}, 'is revoked'),
                ({'ca_bundle': '/nowhere'}, 'CA bundle cannot be used')):
            self.assertIn(said, self.signatures.look(
                self.stripped(), trusted).why_not)
        self.assertEqual(FOUND('', ''), self.signatures.look(
            self.stripped(), {'allowed_certificates': ('cert-rsa',)}))

    def test_the_rule_says_whom_to_trust(self) -> None:
        """That of this image, as at the import."""
        api = self.useFixture(image_api.ImageApi())
        for certificate, kinds in (('someone-else', []),
                                   ('cert-rsa', ['sign'])):
            policy = test_checks.policy(require={
                'signature': 'always',
                'allowed_certificates': [certificate]})
            needs = api.cloud(signatures=self.signatures).needs(
                self.stripped(), policy, NOW)
            self.assertEqual(kinds, [one.kind for one in needs.actions])

    def test_ca_withdrawn(self) -> None:
        """Or denied: the chain is looked at as it is now."""
        ca = helpers.certify(helpers.key('p521'), 'CA', ca=True)
        other = helpers.certify(helpers.key('p384'), 'another CA', ca=True)
        signers = helpers.certify(helpers.key('rsa'), issuer=(
            ca, helpers.key('p521')))
        (self.base / 'cert-rsa.pem').write_bytes(helpers.pem(signers))
        image = self.stripped(lifecycle_attestation=attested(
            service(), signature=attestation.SourceSignature.of(
                helpers.given('rsa'), signers)))
        bundle = self.base / 'bundle.pem'
        bundle.write_bytes(helpers.pem(ca) + helpers.pem(other))
        self.options['ca_bundle'] = bundle
        self.assertEqual(FOUND('', ''), self.signatures.look(image))
        self.signatures.sign(image, lambda: [DATA])
        self.options['denied_serials'] = f'{ca.serial_number:x}'
        self.assert_refused('the CA CN=CA', image)
        del self.options['denied_serials']
        bundle.write_bytes(helpers.pem(other))
        self.assert_refused('no chain leads from it', image)

    def test_signer_expired_since(self) -> None:
        """The day of the import counts, as it does for who verifies."""
        signers = helpers.certify(
            helpers.key('rsa'), not_after=NOW - helpers.DAY)
        (self.base / 'cert-rsa.pem').write_bytes(helpers.pem(signers))
        then = attestation.SourceSignature.of(helpers.given('rsa'), signers)

        def why_not(days: int) -> str:
            return self.signatures.look(self.stripped(
                lifecycle_attestation=attested(
                    service(), signature=then,
                    time=NOW - days * helpers.DAY))).why_not
        self.assertEqual('', why_not(2))
        self.assertIn('it expired on', why_not(0))

    def test_signer_unknown_now(self) -> None:
        self.store('cert-rsa', 'p384')
        self.assert_refused('is not the one that it was then',
                            self.stripped())
        (self.base / 'cert-rsa.pem').unlink()
        self.assert_refused('not trusted now', self.stripped())

    def test_unsigned_source(self) -> None:
        self.assertEqual(FOUND('', ''), self.signatures.look(self.stripped(
            lifecycle_attestation=attested(service(), signature=None))))

    def test_revoked(self) -> None:
        serial = helpers.certificate('rsa').serial_number
        self.options['denied_serials'] = f'{serial:x}'
        self.assert_refused('is revoked', self.stripped())

    def test_own_revoked(self) -> None:
        serial = helpers.certificate('rsa-2').serial_number
        self.options['denied_serials'] = f'{serial:x}'
        self.assert_refused('list of revoked ones', self.stripped())

    def test_key_manager_away(self) -> None:
        """It may answer later: a job tries again, and says why it failed."""
        self.directory = str(self.base / 'none')
        self.assertEqual('', self.signatures.look(self.image).wrong)
        self.assertEqual(FOUND('', ''), self.signatures.look(self.stripped()))
        error = self.assertRaises(
            exceptions.LifecycleError, self.signatures.sign, self.stripped(),
            lambda: [DATA])
        self.assertNotIsInstance(error, exceptions.ActionRefused)
