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

"""What the service has signed, and its owner has spoilt, is signed again."""

import json
from typing import Any


from glance_lifecycle.signing import properties
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import signing_case
from glance_lifecycle.tests import waiting

POLICY = 'version: 1\nrules: []\n'
ALWAYS = """\
version: 1
rules:
  - name: signed
    match: {disk_format: raw}
    require: {signature: always}
"""
_PATCH = {'Content-Type': 'application/openstack-images-v2.1-json-patch'}


class SignCase(signing_case.SigningTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.admin = self.api.admin()
        self.image = self.import_signed()
        self.image_id = str(self.image['id'])

    def worker(self, policy: str = POLICY, **options: Any) -> worker.Worker:
        daemon = self.useFixture(worker.Worker(self.api, policy, **options))
        daemon.set_policy(policy)
        return daemon

    def remove(self, *names: str, image_id: str = '') -> None:
        """As its owner."""
        self.user.request(
            'PATCH', f'images/{image_id or self.image_id}', headers=_PATCH,
            data=json.dumps([{'op': 'remove', 'path': f'/{name}'}
                             for name in names]))

    def verify(self) -> None:
        """As anybody who boots it would, and by our command."""
        image = self.user.get(self.image_id)
        for store in plugin_case.ALL:
            self.cursive(image, self.api.stored_copy(self.image_id, store))
        answer = openstack.OpenStack(self.api).run(
            'image', 'lifecycle', 'verify', self.image_id, '--download',
            '--config-file', str(self.api.etc / 'glance-api.conf'),
            '-f', 'json')
        found = {row['Check']: row['Result'] for row in answer.json}
        for name in ('stored-bytes', 'service-signature', 'attestation',
                     'user-signature'):
            self.assertEqual('passed', found[name], str(answer))

    def left(self, image_id: str, policy: str) -> list[str]:
        """Why it is left."""
        path = self.work / 'policy.yaml'
        path.write_text(policy)
        answer = openstack.OpenStack(self.api, 'admin', 'admin', 'admin').run(
            'image', 'lifecycle', 'plan', image_id, '--left', '--policy',
            str(path), '--config-file',
            str(self.api.etc / 'glance-api.conf'), '-f', 'json')
        self.assertEqual(0, answer.code, str(answer))
        return [row['Why'] for row in answer.json
                if row['Field'] == 'img_signature']


class SignTest(SignCase):

    def test_removed_and_spoilt(self) -> None:
        """Whatever its owner does to it, while the worker runs."""
        daemon = self.worker()
        for number, spoil in enumerate((
                lambda: self.remove(*properties.NAMES),
                lambda: self.remove(properties.KEY_TYPE),
                lambda: self.user.update(self.image_id, img_signature='bm8='),
                lambda: self.user.update(self.image_id, img_signature_x='y'),
                lambda: self.user.update(
                    self.image_id,
                    img_signature_key_type='ECC_SECP384R1')), 1):
            spoil()  # type: ignore[no-untyped-call]
            waiting.until('it is signed again', lambda: (
                str(daemon.story(self.image_id)).count("'done: ") == number))
            self.verify()
            self.assertNotIn('img_signature_x', self.user.get(self.image_id))
        proof = daemon.proofs(self.image_id)[-1]
        self.assertEqual(
            (False, 'SHA-512', signing_case.SERVICE,
             self.image['os_hash_value'], 'ECC_SECP384R1'),
            (proof['read'], proof['hash_method'], proof['certificate_id'],
             proof['os_hash_value'],
             proof['before']['img_signature_key_type']))
        self.assertIn('Sign it again with the key of the service.',
                      str(daemon.story(self.image_id)))
        # And then nothing is done to it.
        daemon.wait_for_sweep()
        self.assertEqual(5, str(daemon.story(self.image_id)).count("'done: "))

    def test_observed(self) -> None:
        daemon = self.worker(mode='observe')
        self.remove(*properties.NAMES)
        daemon.wait_for_job(self.image_id, 'sign', 'queued')
        self.assertNotIn('img_signature', self.user.get(self.image_id))

    def test_copied_attestation(self) -> None:
        """An owner gets no signature for bytes that nobody has verified."""
        evil = self.user.create_image(
            disk_format='raw', name='evil', lifecycle_attestation=self.image[
                'lifecycle_attestation'])
        self.user.upload(evil['id'], b'evil' * 1000)
        # Of the very bytes, too.
        same = self.user.create_image(
            disk_format='raw', name='same', lifecycle_attestation=self.image[
                'lifecycle_attestation'])
        self.user.upload(same['id'], self.api.stored_copy(self.image_id, 's1'))
        unsigned = self.user.create_image(disk_format='raw', name='unsigned')
        self.user.upload(unsigned['id'], b'evil' * 1000)
        daemon = self.worker(ALWAYS)
        self.remove(*properties.NAMES)
        daemon.wait_for_job(self.image_id, 'sign')
        daemon.wait_for_sweep()
        for image, why in ((evil, 'about something else'),
                           (same, 'about something else'),
                           (unsigned, 'Nothing here proves')):
            self.assertNotIn('sign', daemon.states(image['id']))
            self.assertNotIn('img_signature', self.user.get(image['id']))
            found, = self.left(image['id'], ALWAYS)
            self.assertIn(why, found)
            self.admin.delete(image['id'])

    def test_other_hash(self) -> None:
        """An administrator has written another one into the database."""
        self.remove(*properties.NAMES)
        self.api.sql("update images set os_hash_value = '%s' where id = '%s'"
                     % ('ab' * 64, self.image_id))
        daemon = self.worker()
        daemon.wait_for_sweep()
        self.assertNotIn('sign', daemon.states(self.image_id))
        self.assertIn('about something else',
                      self.left(self.image_id, POLICY)[0])

    def test_no_attestation(self) -> None:
        """Its owner has removed that, too, where nothing protects it."""
        self.remove('lifecycle_attestation', *properties.NAMES)
        daemon = self.worker()
        daemon.wait_for_sweep()
        self.assertEqual({}, daemon.states(self.image_id))
        self.assertIn('Nothing here proves',
                      self.left(self.image_id, ALWAYS)[0])

    def test_killed(self) -> None:
        """While Glance changes the image: it is signed, once."""
        daemon = self.worker(mode='observe')
        self.remove(*properties.NAMES)
        daemon.wait_for_job(self.image_id, 'sign', 'queued')
        daemon.terminate()
        daemon.configure(mode='act')
        with self.api.database_locked():
            daemon.start()
            daemon.wait_for_job(self.image_id, 'sign', 'running')
            daemon.kill()
        daemon.start()
        daemon.wait_for_job(self.image_id, 'sign')
        self.verify()
        self.assertEqual(1, str(daemon.story(self.image_id)).count("'done: "))


class ReadTest(SignCase):
    """Another digest is signed than the one that Glance keeps."""

    signing = {'on_convert': 'resign', 'hash_method': 'SHA-256'}

    def test_read(self) -> None:
        daemon = self.worker()
        self.remove(*properties.NAMES)
        daemon.wait_for_job(self.image_id, 'sign')
        self.verify()
        self.assertTrue(daemon.proofs(self.image_id)[-1]['read'])

    def test_replaced(self) -> None:
        """The bytes are not what was attested: they are not signed."""
        self.remove(*properties.NAMES)
        for store in plugin_case.ALL:
            path = self.api.stored_copy(self.image_id, store)
            path.write_bytes(b'evil' + path.read_bytes()[4:])
        daemon = self.worker()
        daemon.wait_for_job(self.image_id, 'sign', 'failed')
        self.assertIn('not those that were attested',
                      daemon.job(self.image_id, 'sign').error)
        self.assertNotIn('img_signature', self.user.get(self.image_id))


class UnconfiguredTest(SignCase):

    def test_left(self) -> None:
        """A worker without the key says where it is signed."""
        self.remove(*properties.NAMES)
        self.api.configure(lifecycle_signing={
            'signing_key': '', 'signing_certificate_id': ''})
        daemon = self.worker()
        daemon.wait_for_sweep()
        self.assertEqual({}, daemon.states(self.image_id))
        self.assertIn('Only a worker that has the key',
                      self.left(self.image_id, POLICY)[0])
