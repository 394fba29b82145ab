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

"""What the openssl command makes, we accept; what we make, it accepts.

The other side of the table is a shell, as a user has it: no line of Python
makes a key, a certificate or a signature of a "user" here.
"""

import base64
import datetime
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from typing import Any
import unittest

from castellan import key_manager
from cursive import exception as cursive_exceptions
from cursive import signature_utils
from oslo_config import cfg
from oslo_config import fixture as config_fixture

from glance_lifecycle.conf import file_key_manager
from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import keys
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import trust
from glance_lifecycle.signing import verify

PSS = ('-sigopt', 'rsa_padding_mode:pss')
GENERATE = {
    'RSA-PSS': ('genpkey', '-algorithm', 'RSA', '-pkeyopt',
                'rsa_keygen_bits:2048'),
    'ECC_SECP384R1': ('genpkey', '-algorithm', 'EC', '-pkeyopt',
                      'ec_paramgen_curve:secp384r1'),
    'ECC_SECP521R1': ('genpkey', '-algorithm', 'EC', '-pkeyopt',
                      'ec_paramgen_curve:secp521r1'),
    'DSA': ('genpkey', '-paramfile', 'dsa.param'),
}


class OpenSSLTestCase(unittest.TestCase):

    directory: str
    data: bytes

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.data = os.urandom(300000)
        cls.write('image', cls.data)
        cls.openssl('genpkey', '-genparam', '-algorithm', 'DSA', '-pkeyopt',
                    'dsa_paramgen_bits:2048', '-out', 'dsa.param')
        for key_type, arguments in GENERATE.items():
            cls.openssl(*arguments, '-out', key_type + '.key')
            os.chmod(os.path.join(cls.directory, key_type + '.key'), 0o600)
            cls.openssl('req', '-x509', '-key', key_type + '.key', '-subj',
                        '/CN=' + key_type, '-days', '30', '-out',
                        key_type + '-cert.pem')

    def setUp(self) -> None:
        super().setUp()
        # A little later: what openssl makes is valid from that second on.
        self.now = datetime.datetime.now(
            datetime.UTC) + datetime.timedelta(minutes=1)
        fixture = config_fixture.Config(cfg.CONF)
        fixture.setUp()
        self.addCleanup(fixture.cleanUp)
        file_key_manager.register_opts(cfg.CONF)
        fixture.register_opts([*key_manager.key_manager_opts],
                              group='key_manager')
        # By its name, as in Glance's configuration.
        fixture.config(group='key_manager', backend='lifecycle_file')
        fixture.config(group='lifecycle_file_key_manager',
                       directory=self.directory)

    @classmethod
    def write(cls, name: str, data: bytes) -> str:
        path = os.path.join(cls.directory, name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    @classmethod
    def openssl(cls, *arguments: str) -> bytes:
        done = subprocess.run(('openssl', *arguments), cwd=cls.directory,
                              capture_output=True, check=False)
        if done.returncode:
            raise AssertionError('openssl %s: %s' % (
                ' '.join(arguments), done.stderr.decode()))
        return done.stdout

    def read(self, name: str) -> bytes:
        with open(os.path.join(self.directory, name), 'rb') as file:
            return file.read()

    def signed(self, key_type: str, method: str, *options: str
               ) -> properties.SignatureProperties:
        """As a user does it, down to the four properties."""
        self.openssl('dgst', '-' + algorithms.hashlib_name(method), '-sign',
                     key_type + '.key', *options, '-out', 'sig', 'image')
        parsed = properties.parse({
            'img_signature': base64.b64encode(self.read('sig')).decode(),
            'img_signature_hash_method': method,
            'img_signature_key_type': key_type,
            'img_signature_certificate_uuid': key_type + '-cert'})
        assert parsed is not None
        return parsed

    def digest(self, method: str) -> bytes:
        return hashlib.new(algorithms.hashlib_name(method),
                           self.data).digest()

    def certificate(self, key_type: str) -> Any:
        return certificates.fetch(key_manager.API(), None, key_type + '-cert')

    def verify(self, given: properties.SignatureProperties) -> None:
        verify.verify_digest(given, self.certificate(given.key_type),
                             self.digest(given.hash_method))

    def cursive(self, given: properties.SignatureProperties) -> None:
        values = given.to_properties()
        verifier = signature_utils.get_verifier(
            None, values['img_signature_certificate_uuid'],
            values['img_signature_hash_method'], values['img_signature'],
            values['img_signature_key_type'])
        verifier.update(self.data)
        verifier.verify()

    def test_what_openssl_signs(self) -> None:
        for key_type in GENERATE:
            options = PSS if key_type == 'RSA-PSS' else ()
            for method in algorithms.HASH_METHODS:
                with self.subTest(key_type=key_type, method=method):
                    given = self.signed(key_type, method, *options)
                    self.verify(given)
                    self.cursive(given)

    def test_salts(self) -> None:
        for salt in ('max', 'digest', 'auto', '0', '20'):
            given = self.signed('RSA-PSS', 'SHA-256', *PSS, '-sigopt',
                                'rsa_pss_saltlen:' + salt)
            self.verify(given)
            self.cursive(given)

    def test_forgotten_padding(self) -> None:
        given = self.signed('RSA-PSS', 'SHA-256')
        with self.assertRaises(exceptions.ImageRefused) as raised:
            self.verify(given)
        self.assertEqual('signature-padding', raised.exception.reason)
        said = str(raised.exception)
        self.assertIn('-sigopt rsa_padding_mode:pss', said)
        # The command in the message is right: run it.
        command = said.split('with PSS: "openssl ')[1].split('"')[0]
        arguments = [{'KEY': 'RSA-PSS.key', 'FILE.sig': 'sig',
                      'FILE': 'image'}.get(word, word)
                     for word in command.split()]
        self.openssl(*arguments)
        fixed = properties.SignatureProperties(
            self.read('sig'), 'SHA-256', 'RSA-PSS', 'RSA-PSS-cert')
        self.verify(fixed)

    def test_other_curve_with_cursive(self) -> None:
        """Where we are stricter than cursive, on purpose."""
        given = self.signed('ECC_SECP384R1', 'SHA-256')
        wrong = properties.SignatureProperties(
            given.signature, 'SHA-256', 'ECC_SECP521R1',
            given.certificate_id)
        self.cursive(wrong)
        with self.assertRaises(exceptions.ImageRefused) as raised:
            verify.verify_digest(wrong, self.certificate('ECC_SECP384R1'),
                                 self.digest('SHA-256'))
        self.assertEqual('signature-key-type', raised.exception.reason)

    def service(self, key_type: str) -> signer.ServiceSigner:
        return signer.ServiceSigner(
            keys.load_private_key(self.read(key_type + '.key')),
            self.certificate(key_type), key_type + '-cert')

    def test_what_we_sign(self) -> None:
        for key_type in signer.KEY_TYPES:
            self.openssl('x509', '-in', key_type + '-cert.pem', '-pubkey',
                         '-noout', '-out', 'public')
            options = PSS if key_type == 'RSA-PSS' else ()
            for method in algorithms.HASH_METHODS:
                made = self.service(key_type).sign_digest(
                    self.digest(method), method)
                self.write('ours', made.signature)
                self.openssl(
                    'dgst', '-' + algorithms.hashlib_name(method), '-verify',
                    'public', *options, '-signature', 'ours', 'image')
                self.cursive(made)

    def test_attestation(self) -> None:
        text = attestation.create(attestation.Record(
            image_id='an-image', os_hash_algo='sha512',
            os_hash_value=self.digest('SHA-512').hex(),
            source_digest={'sha256': self.digest('SHA-256').hex()},
            source_size=len(self.data), source_format='qcow2',
            signature=None, converter='x', converter_version='1',
            time=self.now), self.service('RSA-PSS'))
        envelope = json.loads(text)
        payload = base64.b64decode(envelope['payload'])
        kind = envelope['payloadType'].encode()
        self.write('pae', b'DSSEv1 %d %s %d %s' % (
            len(kind), kind, len(payload), payload))
        self.write('sig', base64.b64decode(envelope['signatures'][0]['sig']))
        self.openssl('x509', '-in', 'RSA-PSS-cert.pem', '-pubkey', '-noout',
                     '-out', 'public')
        self.openssl('dgst', '-sha512', '-verify', 'public', *PSS,
                     '-signature', 'sig', 'pae')

    def test_chain(self) -> None:
        self.write('ca.ext', b'basicConstraints=critical,CA:TRUE\n'
                   b'keyUsage=critical,keyCertSign,cRLSign\n')
        self.write('leaf.ext', b'keyUsage=critical,digitalSignature\n'
                   b'extendedKeyUsage=codeSigning\n')
        self.openssl('req', '-x509', '-key', 'RSA-PSS.key', '-subj',
                     '/CN=root', '-days', '30', '-out', 'root.crt')
        self.issue('ECC_SECP384R1', 'middle', 'root', 'RSA-PSS', 'ca.ext')
        self.issue('ECC_SECP521R1', 'leaf', 'middle', 'ECC_SECP384R1',
                   'leaf.ext')
        leaf = certificates.load(self.read('leaf.crt'))
        bundle = self.write('bundle', self.read('root.crt')
                            + self.read('middle.crt'))
        policy = trust.TrustPolicy(ca_bundle=bundle, require_chain=True)
        self.assertEqual(3, len(policy.check(leaf, 'leaf', self.now)))
        serial = self.openssl('x509', '-in', 'middle.crt', '-noout',
                              '-serial').decode()
        policy = trust.TrustPolicy(
            ca_bundle=bundle, require_chain=True,
            denied_serials=frozenset([trust.parse_serial(serial)]))
        with self.assertRaises(exceptions.ImageRefused) as raised:
            policy.check(leaf, 'leaf', self.now)
        self.assertEqual('certificate-denied', raised.exception.reason)

    def issue(self, key_type: str, name: str, issuer: str, issuer_key: str,
              extensions: str, *options: str) -> None:
        self.openssl('req', '-new', '-key', key_type + '.key', '-subj',
                     '/CN=' + name, '-out', 'csr')
        self.openssl('x509', '-req', '-in', 'csr', '-CA', issuer + '.crt',
                     '-CAkey', issuer_key + '.key', '-CAcreateserial',
                     '-days', '20', '-extfile', extensions, '-out',
                     name + '.crt', *options)

    def test_sha1_chain_is_refused(self) -> None:
        self.write('leaf.ext', b'keyUsage=critical,digitalSignature\n')
        self.openssl('req', '-x509', '-key', 'RSA-PSS.key', '-subj',
                     '/CN=root', '-days', '30', '-out', 'root.crt')
        self.issue('ECC_SECP521R1', 'leaf', 'root', 'RSA-PSS', 'leaf.ext',
                   '-sha1')
        policy = trust.TrustPolicy(
            ca_bundle=os.path.join(self.directory, 'root.crt'),
            require_chain=True)
        with self.assertRaises(exceptions.ImageRefused) as raised:
            policy.check(certificates.load(self.read('leaf.crt')), 'leaf',
                         self.now)
        self.assertEqual('certificate-untrusted', raised.exception.reason)
        self.assertIn('no longer safe', str(raised.exception))

    def test_unknown_id_with_cursive(self) -> None:
        given = self.signed('ECC_SECP384R1', 'SHA-256')
        unknown = properties.SignatureProperties(
            given.signature, 'SHA-256', 'ECC_SECP384R1', 'nobody')
        self.assertRaises(cursive_exceptions.SignatureVerificationError,
                          self.cursive, unknown)
