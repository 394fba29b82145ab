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

import copy
import pickle
from typing import Any

from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle.conf import signing as signing_conf
from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import configured
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import verify
from glance_lifecycle.tests.unit.signing import helpers

KINDS = ('rsa', 'p384', 'p521')


def service(kind: str = 'p384') -> signer.ServiceSigner:
    return signer.ServiceSigner(
        helpers.key(kind), helpers.certificate(kind), 'cert-' + kind,
        helpers.NOW)


class SignerTestCase(helpers.SigningTestCase):

    def unusable(self, key: Any, certificate: Any) -> str:
        with self.assertRaises(exceptions.ConfigurationError) as raised:
            signer.ServiceSigner(key, certificate, 'id-1', helpers.NOW)
        return str(raised.exception)

    def test_cursive_accepts_what_is_signed(self) -> None:
        for kind in KINDS:
            self.write('cert-%s.pem' % kind,
                       helpers.pem(helpers.certificate(kind)))
            for method in algorithms.HASH_METHODS:
                made = service(kind).sign_digest(
                    helpers.digest(method), method)
                self.assertEqual(helpers.KEY_TYPES[kind], made.key_type)
                self.assertTrue(self.cursive_accepts(made))
                self.assertFalse(self.cursive_accepts(made, b'x'))
                verify.verify_digest(made, helpers.certificate(kind),
                                     helpers.digest(method))

    def test_digest_of_the_wrong_length(self) -> None:
        self.assertRaises(exceptions.InternalError, service().sign_digest,
                          b'x', 'SHA-512')

    def test_pair_does_not_match(self) -> None:
        for other in ('p384-2', 'rsa'):
            self.assertIn('not the key of certificate', self.unusable(
                helpers.key(other), helpers.certificate('p384')))

    def test_weak(self) -> None:
        self.assertIn('1024 bit', self.unusable(
            helpers.key('rsa1024'), helpers.certificate('rsa1024')))

    def test_kinds_that_nova_cannot_verify(self) -> None:
        for kind in ('p256', 'dsa'):
            self.assertIn('Use RSA', self.unusable(
                helpers.key(kind), helpers.certificate(kind)))

    def test_certificate_must_be_valid(self) -> None:
        for made in (
                helpers.certify(helpers.key('p384'),
                                not_after=helpers.NOW - helpers.DAY),
                helpers.certify(helpers.key('p384'),
                                not_before=helpers.NOW + helpers.DAY),
                helpers.certify(helpers.key('p384'), usage='crl_sign')):
            self.assertIn('Renew it', self.unusable(
                helpers.key('p384'), made))

    def test_secret_stays(self) -> None:
        made = service()
        self.assertEqual(
            '<ServiceSigner ECC_SECP384R1, certificate cert-p384>',
            repr(made))
        self.assertRaises(TypeError, pickle.dumps, made)
        self.assertRaises(TypeError, copy.deepcopy, made)


class ConfiguredTestCase(helpers.SigningTestCase):

    def setUp(self) -> None:
        super().setUp()
        opts.register_opts(cfg.CONF)
        self.write('cert.pem', helpers.pem(helpers.certificate('p384')))
        self.pem = helpers.private_pem(helpers.key('p384'))
        self.path = self.write('private.key', self.pem)

    def config(self, **options: Any) -> None:
        self.conf_fixture.config(group='lifecycle_signing', **options)

    def failure(self, **options: Any) -> str:
        self.config(**options)
        with self.assertRaises(exceptions.ConfigurationError) as raised:
            configured.service_signer(cfg.CONF, None)
        self.assertNotIn(self.directory, str(raised.exception))
        return str(raised.exception)

    def test_no_key(self) -> None:
        self.assertIsNone(configured.service_signer(cfg.CONF, None))

    def test_half(self) -> None:
        self.assertIn('signing_certificate_id is not set',
                      self.failure(signing_key=self.path))
        self.assertIn('signing_key is not set', self.failure(
            signing_key=None, signing_certificate_id='cert'))

    def test_from_file_and_from_key_manager(self) -> None:
        for where in (self.path, 'private'):
            self.config(signing_key=where, signing_certificate_id='cert')
            made = configured.service_signer(cfg.CONF, None)
            assert made is not None
            self.assertEqual('cert', made.certificate_id)
            made.sign_digest(helpers.digest('SHA-512'), 'SHA-512')

    def test_passphrase(self) -> None:
        path = self.write('locked', helpers.private_pem(
            helpers.key('p384'), b'word'))
        self.assertIn('signing_key_passphrase', self.failure(
            signing_key=path, signing_certificate_id='cert'))
        self.config(signing_key_passphrase='word')
        self.assertIsNotNone(configured.service_signer(cfg.CONF, None))

    def test_not_found(self) -> None:
        self.assertIn('no certificate with the id', self.failure(
            signing_key=self.path, signing_certificate_id='nobody'))
        self.assertIn('no private key with the id', self.failure(
            signing_key='nobody', signing_certificate_id='cert'))
        self.assertIn('No such file', self.failure(
            signing_key=self.path + 'x', signing_certificate_id='cert'))
        self.assertIn('neither a full path nor', self.failure(
            signing_key='etc/key.pem', signing_certificate_id='cert'))

    def test_readable_by_others(self) -> None:
        path = self.write('open', self.pem, 0o644)
        self.assertIn('chmod', self.failure(
            signing_key=path, signing_certificate_id='cert'))

    def test_certificate_as_key(self) -> None:
        self.assertIn('cannot be read', self.failure(
            signing_key='cert', signing_certificate_id='cert'))

    def test_no_such_backend(self) -> None:
        self.conf_fixture.config(group='key_manager', backend='nothing')
        self.assertIn('[key_manager] backend', self.failure(
            signing_key=self.path, signing_certificate_id='cert'))

    def test_service_context(self) -> None:
        self.assertIsNone(configured.service_context(cfg.CONF))
        self.conf_fixture.config(
            group='key_manager', auth_type='keystone_password',
            auth_url='http://localhost/v3', username='glance',
            password='word', project_name='service')
        made = configured.service_context(cfg.CONF)
        self.assertEqual('glance', made.username)
        self.conf_fixture.config(group='key_manager', auth_type='token')
        self.assertRaises(exceptions.ConfigurationError,
                          configured.service_context, cfg.CONF)

    def test_trust_policy(self) -> None:
        policy = configured.trust_policy(cfg.CONF)
        self.assertFalse(policy.require_chain)
        self.config(ca_bundle='/x', denied_serials=['0a:1b', '0C'],
                    allowed_certificates=['a'], allow_dsa=True)
        policy = configured.trust_policy(cfg.CONF)
        self.assertTrue(policy.require_chain)
        self.assertEqual({0x0a1b, 0x0c}, policy.denied_serials)
        self.assertEqual({'a'}, policy.allowed_certificates)
        policy = configured.trust_policy(cfg.CONF, {
            'denied_serials': ('0d',), 'allowed_certificates': ('b',),
            'ca_bundle': '/y', 'allow_dsa': False})
        self.assertEqual({0x0a1b, 0x0c, 0x0d}, policy.denied_serials)
        self.assertEqual(({'b'}, '/y', False), (
            policy.allowed_certificates, policy.ca_bundle, policy.allow_dsa))
        self.config(denied_serials=['no'])
        self.assertRaises(exceptions.ConfigurationError,
                          configured.trust_policy, cfg.CONF)

    def test_secret_is_not_logged(self) -> None:
        option = next(o for o in signing_conf.OPTS
                      if o.name == 'signing_key_passphrase')
        self.assertTrue(option.secret)
