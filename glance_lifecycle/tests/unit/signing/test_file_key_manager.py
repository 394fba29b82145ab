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

from castellan.common import exception as castellan_exceptions
from castellan.common.objects import private_key
from castellan.common.objects import x_509
from castellan import key_manager
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from glance_lifecycle.tests.unit.signing import helpers

NotFound = castellan_exceptions.ManagedObjectNotFoundError
Failed = castellan_exceptions.KeyManagerError


class FileKeyManagerTestCase(helpers.SigningTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.write('one.pem', helpers.pem(helpers.certificate('rsa')), 0o644)
        self.write('two.key', helpers.private_pem(helpers.key('p384')))
        self.manager = key_manager.API()

    def test_certificate(self) -> None:
        found = self.manager.get(None, 'one')
        assert isinstance(found, x_509.X509)
        self.assertEqual('X.509', found.format)
        self.assertEqual(
            helpers.certificate('rsa').public_bytes(
                serialization.Encoding.DER), found.get_encoded())

    def test_first_certificate_of_a_chain(self) -> None:
        self.write('chain.pem', helpers.pem(helpers.certificate('p384'))
                   + helpers.pem(helpers.certificate('rsa')))
        self.assertEqual(
            helpers.certificate('p384').public_bytes(
                serialization.Encoding.DER),
            self.manager.get(None, 'chain').get_encoded())

    def test_private_key(self) -> None:
        found = self.manager.get(None, 'two')
        assert isinstance(found, private_key.PrivateKey)
        self.assertEqual(('EC', 384), (found.algorithm, found.bit_length))
        loaded = serialization.load_der_private_key(
            found.get_encoded() or b'', None)
        self.assertEqual(helpers.key('p384').public_key(),
                         loaded.public_key())

    def test_metadata_only(self) -> None:
        for object_id in ('one', 'two'):
            found = self.manager.get(None, object_id, metadata_only=True)
            self.assertTrue(found.is_metadata_only())
            self.assertEqual(object_id, found.id)

    def test_unknown(self) -> None:
        for object_id in ('nobody', '', '.', '..', 'one.pem', '../one',
                          'one\0', '/etc/passwd', 'x' * 200):
            self.assertRaises(NotFound, self.manager.get, None, object_id)

    @given(st.text(max_size=20))
    def test_any_id(self, object_id: str) -> None:
        if object_id not in ('one', 'two'):
            self.assertRaises(NotFound, self.manager.get, None, object_id)

    def test_link_is_not_followed(self) -> None:
        os.symlink(os.path.join(self.directory, 'one.pem'),
                   os.path.join(self.directory, 'link.pem'))
        self.assertRaises(Failed, self.manager.get, None, 'link')

    def test_readable_key_is_refused(self) -> None:
        self.write('open.key', helpers.private_pem(helpers.key('p384')),
                   0o644)
        with self.assertRaises(Failed) as raised:
            self.manager.get(None, 'open')
        self.assertIn('chmod', str(raised.exception))

    def test_damaged(self) -> None:
        self.write('bad.pem', b'SECRET')
        self.write('worse.key', b'-----BEGIN PRIVATE KEY-----\nSECRET')
        for object_id in ('bad', 'worse'):
            with self.assertRaises(Failed) as raised:
                self.manager.get(None, object_id)
            self.assertNotIn('SECRET', str(raised.exception))

    def test_list(self) -> None:
        self.write('bad.pem', b'x')
        self.write('README', b'x')
        self.assertEqual(['one', 'two'],
                         [o.id for o in self.manager.list(None)])
        self.assertEqual(['two'], [o.id for o in self.manager.list(
            None, object_type=private_key.PrivateKey)])

    def test_read_only(self) -> None:
        for call in (lambda: self.manager.create_key(None, 'AES', 256),
                     lambda: self.manager.create_key_pair(None, 'RSA', 1024),
                     lambda: self.manager.store(None, x_509.X509(b'')),
                     lambda: self.manager.delete(None, 'one'),
                     lambda: self.manager.add_consumer(None, 'one', {}),
                     lambda: self.manager.remove_consumer(None, 'one', {})):
            with self.assertRaises(NotImplementedError) as raised:
                call()
            self.assertIn('read-only', str(raised.exception))

    def test_options(self) -> None:
        ((group, opts),) = self.manager.list_options_for_discovery()
        self.assertEqual('lifecycle_file_key_manager', group)
        self.assertEqual(['directory'], [opt.name for opt in opts])

    def test_no_directory(self) -> None:
        self.conf_fixture.config(group='lifecycle_file_key_manager',
                                 directory='/nonexistent')
        manager = key_manager.API()
        self.assertRaises(Failed, manager.get, None, 'one')
        self.assertRaises(Failed, manager.list, None)
