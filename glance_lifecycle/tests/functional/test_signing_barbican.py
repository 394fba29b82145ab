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

"""Signed images, with certificates in a real Barbican behind Keystone."""

import pathlib
from typing import Any
import uuid

from castellan import options as castellan_options
from cryptography import exceptions as crypto_exceptions
from cursive import exception as cursive_exception
from cursive import signature_utils
import fixtures
from oslo_config import cfg
from oslo_config import fixture as config_fixture
from oslo_context import context as oslo_context

from glance_lifecycle.signing import algorithms
from glance_lifecycle.tests.functional.fixtures import barbican
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional import plugin_case

KEY_TYPES = [name for name, known in algorithms.KEY_TYPES.items()
             if known.available]


class BarbicanTestCase(plugin_case.PluginTestCase):
    """All of a class on one Keystone, Barbican and Glance: 25 s to start."""

    shared: pathlib.Path
    identity: keystone.Keystone
    barbican: barbican.Barbican
    api: glance.GlanceApi
    ca: pki.Signer
    signers: dict[str, pki.Signer]
    ids: dict[str, str]
    source: pathlib.Path
    expected: images.Reference
    bundle: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.shared = pathlib.Path(cls.use(fixtures.TempDir()).path)
        cls.identity = cls.use(keystone.Keystone())
        cls.barbican = cls.use(barbican.Barbican(cls.identity))
        cls.ca = pki.signer(cls.shared, 'ca', authority=True)
        cls.signers = {name: pki.signer(cls.shared, name, key_type=name,
                                        issuer=cls.ca)
                       for name in KEY_TYPES}
        cls.ids = {name: cls.barbican.store('demo', signer.pem)
                   for name, signer in cls.signers.items()}
        cls.bundle = cls.shared / 'bundle.pem'
        cls.bundle.write_bytes(cls.ca.pem)
        cls.api = cls.use(glance.GlanceApi(
            plugins=['lifecycle'], identity=cls.identity, conf={
                'key_manager': {'backend': 'barbican'},
                'barbican': {'auth_endpoint': cls.identity.auth_url},
                'lifecycle_signing': {'allow_dsa': True,
                                      'ca_bundle': cls.bundle}}))
        cls.source = images.raw(cls.shared / 'image', 2 * images.MIB,
                                str(cls.shared))
        cls.expected = images.digests(cls.source)

    @classmethod
    def use(cls, fixture: Any) -> Any:
        cls.addClassCleanup(fixture.cleanUp)
        fixture.setUp()
        return fixture

    def setUp(self) -> None:
        super().setUp()
        self.user = self.api.keystone_user('demo')


class UserSignatureTest(BarbicanTestCase):

    def certify(self, name: str, *, owner: str = 'demo',
                key_type: str = 'RSA-PSS', bits: int = 2048,
                issuer: pki.Signer | None = None,
                days: tuple[int, int] = (-1, 30)
                ) -> tuple[pki.Signer, str]:
        """A signer whose certificate its owner put into Barbican; the id."""
        made = pki.signer(self.work, name, key_type=key_type, bits=bits,
                          issuer=issuer or self.ca, days=days)
        return made, self.barbican.store(owner, made.pem)

    def begin(self, properties: dict[str, str],
              disk_format: str = 'raw') -> str:
        image_id = self.staged(self.user, self.source, disk_format,
                               **properties)
        self.user.import_image(image_id)
        return image_id

    def signed(self, signer: pki.Signer, certificate_id: str,
               hash_method: str = 'SHA-256', key_type: str = 'RSA-PSS',
               *options: str) -> dict[str, str]:
        return pki.properties(
            signer.sign(self.source, hash_method, *options), certificate_id,
            hash_method, key_type)

    def assert_refused(self, properties: dict[str, str], reason: str,
                       *said: str) -> client.Image:
        """Back in the queue, nothing left, and the message says why."""
        return self.assert_fails(
            properties, 'queued', f'Image refused ({reason}): ', *said)

    def assert_fails(self, properties: dict[str, str], status: str,
                     *said: str) -> client.Image:
        image_id = self.begin(properties)
        image = self.user.wait_import(image_id)
        message = self.message(self.user, image_id)
        for text in said:
            self.assertIn(text, message)
        self.assertNotIn(str(self.api.base), message)
        self.assertEqual('failure', self.user.tasks(image_id)[0]['status'])
        self.assertEqual((status, 'raw', []), (
            image['status'], image['disk_format'], image['locations']))
        self.assertFalse(self.api.stored_copy(image_id, 's1').exists())
        for name, value in properties.items():
            self.assertEqual(value, image[name])
        return image

    def test_key_types_and_hash_methods(self) -> None:
        self.assertIn('DSA', KEY_TYPES)
        begun = {
            (key_type, method): self.begin(self.signed(
                signer, self.ids[key_type], method, key_type))
            for key_type, signer in self.signers.items()
            for method in algorithms.HASH_METHODS}
        for case, image_id in begun.items():
            image = self.user.wait_import(image_id)
            self.assertEqual(
                'active', image['status'],
                f'{case}: {self.message(self.user, image_id)}')
            self.assert_stored(self.api, image, self.expected, 's1')
            self.assertEqual(case, (image['img_signature_key_type'],
                                    image['img_signature_hash_method']))

    def test_wrong(self) -> None:
        """Well made, of other bytes."""
        other = self.work / 'other'
        other.write_bytes(b'other')
        for key_type, signer in self.signers.items():
            self.assert_refused(
                pki.properties(signer.sign(other), self.ids[key_type],
                               'SHA-256', key_type),
                'signature-mismatch', 'changed after it was signed')

    def test_truncated(self) -> None:
        for key_type, signer in self.signers.items():
            signature = signer.sign(self.source)[:-1]
            self.assert_refused(
                pki.properties(signature, self.ids[key_type], 'SHA-256',
                               key_type),
                'signature-length', 'cut short')

    def test_wrong_padding(self) -> None:
        self.assert_refused(
            self.signed(self.signers['RSA-PSS'], self.ids['RSA-PSS'],
                        'SHA-256', 'RSA-PSS', '-sigopt',
                        'rsa_padding_mode:pkcs1'),
            'signature-padding', 'PKCS#1 v1.5',
            '-sigopt rsa_padding_mode:pss')

    def test_wrong_hash_method_and_key_type(self) -> None:
        signer = self.signers['RSA-PSS']
        # With the longest salt, the hash method is in doubt once in 40.
        given = self.signed(signer, self.ids['RSA-PSS'], 'SHA-512', 'RSA-PSS',
                            *pki.PSS, '-sigopt', 'rsa_pss_saltlen:digest')
        self.assert_refused(
            given | {'img_signature_hash_method': 'SHA-256'},
            'signature-hash-method', 'was made with SHA-512')
        self.assert_refused(
            given | {'img_signature_key_type': 'ECC_SECP384R1'},
            'signature-key-type', 'a 2048 bit RSA key')

    def test_other_key(self) -> None:
        other, _ = self.certify('other')
        self.assert_refused(
            self.signed(other, self.ids['RSA-PSS']), 'signature-mismatch',
            'not made with the private key of this certificate')

    def test_validity(self) -> None:
        for name, days, reason, said in (
                ('expired', (-30, -1), 'certificate-expired',
                 'it expired on'),
                ('early', (1, 30), 'certificate-not-yet-valid',
                 'it is valid only from')):
            signer, certificate_id = self.certify(name, days=days)
            self.assert_refused(
                self.signed(signer, certificate_id), reason, said,
                certificate_id, f'CN={name}')

    def test_weak_keys(self) -> None:
        weak, certificate_id = self.certify('weak', bits=1024)
        self.assert_refused(
            self.signed(weak, certificate_id), 'certificate-weak-key',
            'a 1024 bit RSA key', '2048 bits are the least')

    def test_wrong_chain(self) -> None:
        # Of the right name, even.
        impostor = pki.signer(self.work, 'ca', authority=True)
        signer, certificate_id = self.certify('stranger', issuer=impostor)
        self.assert_refused(
            self.signed(signer, certificate_id), 'certificate-untrusted',
            'no chain leads from it', 'ask the operator')
        # Its own issuer.
        certificate_id = self.barbican.store('demo', impostor.pem)
        self.assert_refused(self.signed(impostor, certificate_id),
                            'certificate-untrusted')

    def test_unknown_id(self) -> None:
        given = self.signed(self.signers['RSA-PSS'], str(uuid.uuid4()))
        self.assert_refused(given, 'certificate-unknown',
                            given['img_signature_certificate_uuid'])
        self.assert_refused(
            given | {'img_signature_certificate_uuid': 'nobody'},
            'certificate-unknown', "'nobody'")

    def test_not_a_certificate(self) -> None:
        key = self.signers['RSA-PSS'].key_path.read_bytes()
        for payload, kind in ((b'no certificate', 'certificate'),
                              (key, 'private'), (b'x', 'opaque')):
            secret = self.barbican.store('demo', payload, kind)
            self.assert_refused(
                self.signed(self.signers['RSA-PSS'], secret),
                'certificate-malformed')

    def test_incomplete(self) -> None:
        given = self.signed(self.signers['RSA-PSS'], self.ids['RSA-PSS'])
        for name in given:
            self.assert_refused(
                {key: value for key, value in given.items() if key != name},
                'signature-incomplete', f'{name} is missing')

    def test_no_permission(self) -> None:
        """The other project's secret, until its owner lets us read it."""
        signer, certificate_id = self.certify('theirs', owner='demo2')
        given = self.signed(signer, certificate_id)
        image = self.assert_fails(
            given, 'uploading', certificate_id,
            'may not be read with these credentials')
        self.barbican.grant('demo2', certificate_id, 'demo')
        self.user.import_image(image['id'])
        self.assertEqual(
            'active', self.user.wait_import(image['id'])['status'])

    def test_barbican_down(self) -> None:
        given = self.signed(self.signers['RSA-PSS'], self.ids['RSA-PSS'])
        self.barbican.stop()
        try:
            image = self.assert_fails(
                given, 'uploading', self.ids['RSA-PSS'],
                'The image is not at fault')
        finally:
            self.barbican.start()
        # What was staged is still there: no second upload.
        self.user.import_image(image['id'])
        self.assertEqual(
            'active', self.user.wait_import(image['id'])['status'])


class CommandsTest(BarbicanTestCase):
    """``openstack image lifecycle``, with what the user may read."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.identity.register('image', cls.api.url)

    def lifecycle(self, *argv: object, code: int = 0) -> Any:
        answer = openstack.OpenStack(self.api, 'demo').run(
            'image', 'lifecycle', *map(str, argv), '--ca-bundle',
            str(self.bundle), '-f', 'json')
        self.assertEqual(code, answer.code, str(answer))
        return answer.json if code == 0 or answer.stdout else answer.stderr

    def test_sign_import_and_verify(self) -> None:
        signer = self.signers['RSA-PSS']
        key_id = self.barbican.store(
            'demo', signer.key_path.read_bytes(), 'private')
        made = self.lifecycle(
            'sign', self.source, '--key-id', key_id, '--certificate-id',
            self.ids['RSA-PSS'], '--create', 'signed', '--disk-format', 'raw')
        self.assertEqual('active', made['status'])
        self.assertEqual({
            'user-signature': 'passed', 'user-certificate': 'passed',
            'user-chain': 'passed'}, self.verified(made['id']))
        path = self.api.stored_copy(made['id'], 's1')
        path.write_bytes(path.read_bytes()[:-1] + b'x')
        found = self.verified(made['id'], '--download', code=1)
        self.assertEqual(('failed', 'failed'),
                         (found['stored-bytes'], found['user-signature']))

    def verified(self, image_id: str, *options: str, code: int = 0
                 ) -> dict[str, str]:
        """Check -> result, but for those that were skipped."""
        rows = self.lifecycle('verify', image_id, *options, code=code)
        return {row['Check']: row['Result'] for row in rows
                if row['Result'] != 'skipped'}

    def test_key_of_others(self) -> None:
        key_id = self.barbican.store(
            'demo2', self.signers['RSA-PSS'].key_path.read_bytes(), 'private')
        said = self.lifecycle(
            'sign', self.source, '--key-id', key_id, '--certificate-id',
            self.ids['RSA-PSS'], code=1)
        self.assertIn('may not be read with these credentials', said)
        self.assertIn(key_id, said)


class ServiceKeyTest(BarbicanTestCase):
    """The service's private key is in Barbican, readable to it alone."""

    def setUp(self) -> None:
        super().setUp()
        self.service = pki.signer(self.work, 'service', bits=3072)
        self.key_id = self.barbican.store(
            'glance', self.service.key_path.read_bytes(), 'private')
        self.certificate_id = self.barbican.store('glance', self.service.pem)
        self.qcow2 = images.make(self.work / 'a.qcow2', size=8 * images.MIB)

    def restart(self, **options: object) -> None:
        self.api.configure(
            key_manager={
                'auth_type': 'keystone_password',
                'auth_url': self.identity.auth_url, 'username': 'glance',
                'password': keystone.PASSWORD, 'project_name': 'service',
                'user_domain_name': 'Default',
                'project_domain_name': 'Default', **options},
            lifecycle_signing={
                'on_convert': 'resign', 'signing_key': self.key_id,
                'signing_certificate_id': self.certificate_id})
        self.api.restart()

    def import_qcow2(self) -> client.Image:
        given = pki.properties(self.signers['RSA-PSS'].sign(self.qcow2),
                               self.ids['RSA-PSS'])
        image_id = self.staged(self.user, self.qcow2, 'qcow2', **given)
        self.user.import_image(image_id, all_stores=True)
        return self.user.wait_import(image_id)

    def test_resign(self) -> None:
        self.restart()
        image = self.import_qcow2()
        self.assert_stored(self.api, image,
                           images.reference(self.qcow2, 'qcow2'),
                           *plugin_case.ALL)
        self.assertEqual(self.certificate_id,
                         image['img_signature_certificate_uuid'])
        # What Nova does needs the certificate to be readable for its user.
        self.assertRaises(cursive_exception.SignatureVerificationError,
                          self.cursive, image, 's1')
        self.barbican.grant('glance', self.certificate_id, 'demo')
        for store in plugin_case.ALL:
            self.cursive(image, store)
        path = self.api.stored_copy(image['id'], 's2')
        path.write_bytes(path.read_bytes()[:-1] + b'x')
        self.assertRaises(crypto_exceptions.InvalidSignature, self.cursive,
                          image, 's2')
        self.assertNotIn('PRIVATE KEY', self.api.log_text())

    def test_wrong_credentials(self) -> None:
        """The operator's fault: nothing is lost, no secret is told."""
        self.restart(password='wrong')  # noqa: S106
        image = self.import_qcow2()
        self.assertEqual(('uploading', []),
                         (image['status'], image['locations']))
        said = self.message(self.user, image['id'])
        self.assertIn('The key manager', said)
        self.assertNotIn(keystone.PASSWORD, said)
        self.restart()
        self.user.import_image(image['id'], all_stores=True)
        image = self.user.wait_import(image['id'])
        self.assertEqual('active', image['status'])

    def cursive(self, image: client.Image, store: str) -> None:
        """As nova.image.glance does it, with the user's token."""
        fixture = config_fixture.Config(cfg.CONF)
        context = oslo_context.RequestContext(
            auth_token=self.identity.token('demo'),
            project_id=self.identity.projects['demo'])
        with fixture:
            for group, opts in castellan_options.list_opts():
                if group in ('key_manager', 'barbican'):
                    fixture.register_opts(opts, group=group)
            fixture.config(group='key_manager', backend='barbican')
            fixture.config(group='barbican',
                           auth_endpoint=self.identity.auth_url)
            verifier = signature_utils.get_verifier(
                context, image['img_signature_certificate_uuid'],
                image['img_signature_hash_method'], image['img_signature'],
                image['img_signature_key_type'])
        verifier.update(self.api.stored_copy(image['id'], store).read_bytes())
        verifier.verify()
