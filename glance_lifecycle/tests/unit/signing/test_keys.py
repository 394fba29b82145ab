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

import os

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives import serialization

from glance_lifecycle import exceptions
from glance_lifecycle.signing import keys
from glance_lifecycle.tests.unit.signing import helpers


class LoadTestCase(helpers.SigningTestCase):

    def failure(self, data: bytes, passphrase: str | None = None) -> str:
        with self.assertRaises(exceptions.ConfigurationError) as raised:
            keys.load_private_key(data, passphrase)
        self.assertIsNone(raised.exception.__context__)
        return str(raised.exception)

    def test_pem_and_der(self) -> None:
        for kind in helpers.KEY_TYPES:
            key = helpers.key(kind)
            der = key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption())
            traditional = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption())
            for data in (helpers.private_pem(key), der, traditional):
                self.assertEqual(
                    key.public_key(),
                    keys.load_private_key(data).public_key())

    def test_passphrase(self) -> None:
        key = helpers.key('p384')
        data = helpers.private_pem(key, b'word')
        keys.load_private_key(data, 'word')
        self.assertIn('signing_key_passphrase', self.failure(data))
        said = self.failure(data, 'wrong-one')
        self.assertIn('passphrase is wrong', said)
        self.assertNotIn('wrong-one', said)

    def test_no_key(self) -> None:
        for data in (b'', b'x', b'-----BEGIN PRIVATE KEY-----\nSECRET\n',
                     helpers.pem(helpers.certificate('rsa'))):
            said = self.failure(data)
            self.assertIn('openssl pkey', said)
            self.assertNotIn('SECRET', said)

    def test_other_kind(self) -> None:
        data = helpers.private_pem(ed25519.Ed25519PrivateKey.generate())
        self.assertIn('neither RSA', self.failure(data))


class ReadFileTestCase(helpers.SigningTestCase):

    def test_permissions(self) -> None:
        for mode, good in ((0o600, True), (0o640, True), (0o400, True),
                           (0o644, False), (0o660, False), (0o601, False),
                           (0o602, False)):
            path = self.write('k%o' % mode, b'x', mode)
            self.assertEqual(b'x', keys.read_file(
                path, private=False, follow=False))
            if good:
                keys.read_file(path, private=True, follow=False)
            else:
                with self.assertRaises(keys.UnsafeFile) as raised:
                    keys.read_file(path, private=True, follow=False)
                self.assertIn('chmod 640', str(raised.exception))

    def test_link(self) -> None:
        link = os.path.join(self.directory, 'link')
        os.symlink(self.write('file', b'x'), link)
        self.assertEqual(b'x', keys.read_file(
            link, private=True, follow=True))
        self.assertRaises(OSError, keys.read_file, link, private=True,
                          follow=False)

    def test_not_a_file(self) -> None:
        fifo = os.path.join(self.directory, 'fifo')
        os.mkfifo(fifo)
        for path in (fifo, '/dev/zero'):
            self.assertRaises(keys.UnsafeFile, keys.read_file, path,
                              private=False, follow=False)
        self.assertRaises(OSError, keys.read_file, self.directory,
                          private=False, follow=False)

    def test_too_large(self) -> None:
        path = self.write('big', bytes(keys.MAX_FILE + 1))
        self.assertRaises(keys.UnsafeFile, keys.read_file, path,
                          private=False, follow=False)
