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

"""Imports that a worker runs: signed ones, many, and those of strangers."""

import base64
import os
import signal
import socket
import uuid

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import signing_case
from glance_lifecycle.tests.functional.worker import offloading_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs


class SignedTest(signing_case.SigningTestCase):
    """The worker, which has no rights of the user, verifies and signs."""

    conf = {'lifecycle_transfer': {'run_in': 'worker'}}

    def setUp(self) -> None:
        super().setUp()
        self.daemon = self.useFixture(worker.Worker(
            self.api, offloading_case.POLICY, mode='observe'))

    def test_signed(self) -> None:
        image = self.import_signed()
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual('raw', image['disk_format'])
        self.verify(image)
        self.assertEqual(signing_case.SERVICE,
                         image['img_signature_certificate_uuid'])
        self.assertEqual(5, len(signing_case.lifecycle_names(image)))
        proof, = self.daemon.proofs(image['id'])
        self.assertEqual(image['os_hash_value'], proof['digests']['sha512'])
        self.assertIn('CN=builder', str(proof['source']))

    def verify(self, image: client.Image) -> None:
        """By openssl, with the service's key; raises."""
        public, signature = self.work / 'public', self.work / 'signature'
        public.write_bytes(pki.openssl(
            'x509', '-in', str(self.certificates / (
                signing_case.SERVICE + '.pem')), '-pubkey', '-noout'))
        signature.write_bytes(base64.b64decode(image['img_signature']))
        pki.openssl(
            'dgst', '-sha512', '-verify', str(public), *pki.PSS, '-sigopt',
            'rsa_pss_saltlen:max', '-signature', str(signature),
            str(self.api.stored_copy(image['id'], 's1')))

    def test_refused(self) -> None:
        """For the same reasons, in the same words, as in glance-api."""
        foreign = pki.properties(self.service.sign(self.source),
                                 signing_case.USER)
        unknown = self.signed() | {
            'img_signature_certificate_uuid': str(uuid.uuid4())}
        said: dict[str, list[str]] = {}
        for run_in in ('worker', 'child'):
            self.api.configure(lifecycle_transfer={'run_in': run_in})
            self.api.restart()
            found = said[run_in] = []
            for given in (foreign, unknown):
                image = self.import_it(self.source, 'qcow2', **given)
                self.assert_queued(image, 'Image refused (')
                found.append(self.message(self.user, image['id'])
                             .replace(image['id'], 'ID'))
        self.api.configure(lifecycle_transfer={'run_in': 'worker'})
        self.api.restart()
        self.assertEqual(said['child'], said['worker'])


class ManyTest(offloading_case.OffloadingCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], conf=offloading_case.RUN_IN_WORKER))

    def test_room(self) -> None:
        """What waits says so; deleted, or cancelled, it is over at once."""
        daemon = self.start_worker(imports=1)
        first, child = self.begin_import(daemon)
        waiters = [self.ask() for _number in range(3)]
        for image_id in waiters:
            waiting.until('it says that it waits', lambda: (
                'Waiting for a lifecycle worker' in str(
                    self.task(image_id)['message'])))
        self.api.user().delete(waiters[0])
        self.wait_state(daemon, waiters[0], 'cancelled')
        job_changes.cancel(daemon.database, jobs.list_jobs(
            daemon.database, image_id=waiters[1])[0].id, actor='somebody')
        image = self.api.user().wait_import(waiters[1])
        self.assertEqual('uploading', image['status'])
        self.assertIn('cancelled by the operator',
                      self.task(waiters[1])['message'])
        self.api.user().delete(waiters[1])
        transfer.resume(child)
        self.assert_imported(daemon, waiters[2])
        self.wait_state(daemon, first, 'done')

    def test_not_behind_jobs(self) -> None:
        """Imports have their own room: no copy is in their way."""
        daemon = self.start_worker(mode='act', jobs=1)
        daemon.set_policy(
            'version: 1\nrules:\n  - name: golden\n    match: '
            '{name: "golden-*"}\n    place: {stores: [s1, s2]}\n')
        admin = self.api.admin()
        golden = admin.create_image('golden-1', disk_format='raw')['id']
        admin.upload(golden, self.noise())
        child = transfer.find_below(daemon.pid)
        os.kill(child, signal.SIGSTOP)
        self.addCleanup(transfer.resume, child)
        daemon.set_policy(offloading_case.POLICY)
        image_id = self.ask()
        image = self.api.user().wait_import(image_id)
        self.assertEqual('active', image['status'])
        self.assertTrue(transfer.running(child))
        transfer.resume(child)

    def test_frozen(self) -> None:
        """Another takes over once the first has let go of the journal."""
        first = self.start_worker(claim_expiry=3)
        image_id, child = self.begin_import(first)
        frozen = first.freeze()
        self.addCleanup(transfer.resume, frozen)
        second = self.start_worker(claim_expiry=3)
        waiting.until('the job is taken back', lambda: (
            'taken back' in str(second.story(image_id))))
        os.kill(frozen, signal.SIGCONT)
        os.kill(child, signal.SIGCONT)
        waiting.until('it notices', lambda: (
            'goes on elsewhere' in first.log_text()))
        self.assert_imported(second, image_id)
        self.assertEqual(1, str(second.story(image_id)).count("'done: "))

    def test_forged(self) -> None:
        """Who can write to the database chooses no file, and no image."""
        daemon = self.start_worker()
        victim = self.staged(self.api.user(), b'bytes' * 1000, 'raw')
        place = imports.of_host(socket.gethostname())
        for named in (str(uuid.uuid4()), '../../etc/glance-api', ''):
            job, _ = jobs.open_job(daemon.database, jobs.Wanted(
                victim, place + named, {
                    'kind': 'import', 'staged': '/etc/shadow',
                    'handed': {'plan': {}}}, 'Forged.'), actor='a stranger')
            waiting.until('it has failed', lambda: jobs.get(
                daemon.database, job.id).state == 'failed')
            self.assertIn('does not find the import',
                          jobs.get(daemon.database, job.id).error)
        self.assertEqual('uploading',
                         self.api.user().get(victim)['status'])
        self.assertEqual([f'staging/{victim}'], self.api.leftovers())

    def test_forged_for_another(self) -> None:
        """The journal tells which image its import is of."""
        daemon = self.start_worker()
        image_id, child = self.begin_import(daemon)
        victim = self.staged(self.api.user(), b'bytes' * 1000, 'raw')
        purpose, = daemon.states(image_id)
        job, _ = jobs.open_job(daemon.database, jobs.Wanted(
            victim, purpose, {'kind': 'import'}, 'Forged.'),
            actor='a stranger')
        transfer.resume(child)
        waiting.until('it has failed', lambda: jobs.get(
            daemon.database, job.id).state == 'failed')
        waiting.until('the other is over', lambda: self.task(image_id)[
            'status'] in ('success', 'failure'))
        self.assertEqual('active', self.api.user().wait_import(image_id)[
            'status'])
        self.assertEqual('uploading',
                         self.api.user().get(victim)['status'])

    def test_other_directory(self) -> None:
        """A worker with another state directory fails it, and says why."""
        daemon = self.start_worker()
        daemon.terminate()
        elsewhere = self.work / 'elsewhere'
        elsewhere.mkdir()
        # All that it had but the directory.
        text = daemon.conf.read_text()
        daemon.conf.write_text(text.replace(
            '[lifecycle]', f'[lifecycle]\nstate_dir = {elsewhere}').replace(
                '[lifecycle_worker]', '[lifecycle_worker]\nconnection = '
                f'sqlite:///{self.api.state_dir}/worker.db'))
        daemon.start()
        image_id = self.ask()
        image = self.api.user().wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('state_dir must be the same directory',
                      self.task(image_id)['message'])


class MariaDbTest(offloading_case.OffloadingCase):
    """The worker's database is a server that hosts share."""

    def test_worker_killed(self) -> None:
        server = self.useFixture(mariadb.MariaDb())
        url = server.database()
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], conf={
                **offloading_case.RUN_IN_WORKER,
                'lifecycle_worker': {'connection': url}}))
        result = self.api.run('glance-lifecycle-manage', 'db', 'sync')
        self.assertEqual(0, result.returncode, result.stderr)
        daemon = self.start_worker(connection=url)
        image_id, child = self.begin_import(daemon)
        daemon.kill()
        transfer.resume(child)
        daemon.start()
        self.assert_imported(daemon, image_id)
