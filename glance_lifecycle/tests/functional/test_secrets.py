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

"""No credential is told, by good imports and by failing ones."""

import os
import signal
import types

from cryptography.hazmat.primitives import serialization
import fixtures

from glance_lifecycle import glance_host
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional import canary_case
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional.fixtures import transfer

USER = '11111111-2222-3333-4444-555555555555'
SERVICE = '99999999-2222-3333-4444-555555555555'
PASSPHRASE = 'keypassphrasesecret'
METADATA_KEY = 'metadatasecret16'


class SecretsTest(canary_case.CanaryTestCase):
    """MariaDB, a signing key with a passphrase, locations encrypted."""

    canaries: tuple[str, ...] = (*canary_case.UNUSED_SECRETS, mariadb.PASSWORD,
                                 PASSPHRASE, METADATA_KEY)

    def setUp(self) -> None:
        super().setUp()
        self.builder = pki.signer(self.work, 'builder')
        service = pki.signer(self.work, 'service', bits=3072)
        # What is in the file, and not around it.
        pem = service.key_path.read_text().splitlines()
        self.canaries += (pem[1], pem[-2])
        key = serialization.load_pem_private_key(
            service.key_path.read_bytes(), None)
        service.key_path.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSPHRASE.encode())))
        self.canaries += (service.key_path.read_text().splitlines()[1],)
        certificates = self.work / 'certificates'
        certificates.mkdir()
        for name, signer in ((USER, self.builder), (SERVICE, service)):
            (certificates / f'{name}.pem').write_bytes(signer.pem)
        unused = dict(canary_case.UNUSED)
        self.server = self.useFixture(mariadb.MariaDb())
        self.api = self.new_api(database=self.server.database(), conf={
            **unused,
            'DEFAULT': {**unused['DEFAULT'],
                        'metadata_encryption_key': METADATA_KEY},
            'key_manager': {'backend': 'lifecycle_file'},
            'lifecycle': {'database_patience': 3},
            'lifecycle_file_key_manager': {'directory': certificates},
            'lifecycle_signing': {
                'on_convert': 'resign', 'signing_key': service.key_path,
                'signing_key_passphrase': PASSPHRASE,
                'signing_certificate_id': SERVICE}})
        self.user = self.api.user()
        raw = self.noise(32 * images.MIB)
        self.source = self.work / 'a.qcow2'
        images.convert(raw, 'raw', self.source, 'qcow2')
        self.signed = pki.properties(self.builder.sign(self.source), USER)

    def test_good(self) -> None:
        with self.importing(self.source, **self.signed) as image_id:
            pass
        image = self.check(image_id, 'active')
        self.assertIn('lifecycle_attestation', image)

    def test_store_fails(self) -> None:
        with self.importing(self.source, **self.signed) as image_id:
            self.api.stored_copy(image_id, 's2').write_text('in the way')
        self.check(image_id, 'uploading', 'Store s2 already holds')
        self.check_recovery()

    def test_child_dies(self) -> None:
        with self.importing(self.source, **self.signed) as image_id:
            os.kill(transfer.find(self.api), signal.SIGKILL)
        self.check(image_id, 'uploading', 'its process was killed')
        self.check_recovery()

    def test_key_cannot_be_had(self) -> None:
        self.api.configure(lifecycle_signing={
            'signing_key_passphrase': PASSPHRASE + 'x'})
        self.api.restart()
        image_id = self.staged(self.user, self.source, **self.signed)
        self.user.import_image(image_id)
        self.check(image_id, 'uploading', 'passphrase is wrong')

    def test_database_goes(self) -> None:
        with self.importing(self.source, **self.signed) as image_id:
            self.server.stop()
        transfer.until('Seal gives up', lambda: (
            'the database failed for good' in self.api.log_text()))
        self.check_recovery()
        self.server.start()
        self.api.kill9()
        self.api.start()
        self.check_recovery()
        self.check(image_id, 'uploading', 'ended before the import did')

    def test_state_dir(self) -> None:
        """Its path is the operator's: a user reads what to do."""
        blocked = self.work / 'blocked'
        blocked.touch()
        self.api.configure(lifecycle={'state_dir': blocked})
        self.api.restart()
        image_id = self.staged(self.user, self.source)
        self.user.import_image(image_id)
        self.user.wait_import(image_id)
        message = self.message(self.user, image_id)
        self.assertIn('[lifecycle] state_dir cannot be used', message)
        self.assertNotIn(str(self.work), message)
        self.assertIn(str(blocked), self.api.log_text())
        result = self.api.run('glance-lifecycle-manage', 'recover')
        self.assertEqual(1, result.returncode)
        self.assertIn(str(blocked), result.stderr)


class UnexpectedTest(base.FunctionalTestCase):

    def test_what_users_are_told(self) -> None:
        """The text of a library is for the log alone."""
        log = self.useFixture(fixtures.FakeLogger())
        session = sessions.Session(
            types.SimpleNamespace(image_id='image-1'),  # type: ignore
            [])
        for error in (OSError(2, 'No such file', '/etc/glance/x'),
                      ValueError('swift://user:hunter2@host'),
                      KeyError('hunter2')):
            with self.subTest(error=error):
                told = self.assertRaises(
                    glance_host.UserError, self.fail_in, session, error)
                for text in (str(told), str(session.error)):
                    self.assertIn(type(error).__name__, text)
                    self.assertIn('the log of glance-api', text)
                    self.assertNotRegex(text, 'hunter2|/etc')
        self.assertIn('failed unexpectedly', log.output)

    def fail_in(self, session: sessions.Session, error: Exception) -> None:
        with session.reporting():
            raise error
