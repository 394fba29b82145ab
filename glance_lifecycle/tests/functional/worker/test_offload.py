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

"""Imports that a worker runs for glance-api."""

from collections.abc import Iterator
import contextlib
import json
import os
import signal
import sqlite3

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests.functional.worker import offloading_case
from glance_lifecycle.tests import waiting


class OffloadCase(offloading_case.OffloadingCase, store_case.StoreCase):

    #: of [lifecycle_transfer]
    options: dict[str, object] = {}

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], conf={'lifecycle_transfer': {
                'run_in': 'worker', **self.options}}))
        super().setUp()
        self.user = self.api.user()
        self.daemon = self.start_worker()

    def begun(self) -> tuple[str, int]:
        return self.begin_import(self.daemon)

    def assert_given_back(self, image_id: str, message: str) -> None:
        """It failed, and its user may ask again."""
        waiting.until('the task is over', lambda: self.task(image_id)[
            'status'] == 'failure')
        self.assertIn(message, self.task(image_id)['message'])
        waiting.until('it is given back', lambda: self.user.get(image_id)[
            'status'] == 'uploading')
        waiting.until('only the staged file is left', lambda: [
            f'staging/{image_id}'] == self.api.leftovers())
        self.assert_lists(self.user.get(image_id), failed=plugin_case.ALL)

    def assert_goes_well_again(self, image_id: str) -> None:
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image, images.digests(self.source),
                           *plugin_case.ALL)
        self.assert_nothing_left(self.api, image_id)


class OffloadTest(OffloadCase):

    def test_import(self) -> None:
        source = images.make(self.work / 'image', size=32 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image, images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_lists(image)
        self.assertEqual({'image_id': image_id},
                         self.task(image_id)['result'])
        self.assert_nothing_left(self.api, image_id)
        self.assertEqual(
            ['queued', 'done'],
            [line.partition(':')[0] for line in self.daemon.story(image_id)])
        proof, = self.daemon.proofs(image_id)
        self.assertEqual(image['os_hash_value'], proof['digests']['sha512'])
        # Glance's, of drivers that the worker has not loaded.
        self.assertNotIn('Unable to find store', self.daemon.log_text())

    def test_failed(self) -> None:
        """The reason is told as if glance-api had found it."""
        source = self.work / 'cut.qcow2'
        images.make(source, size=32 * images.MIB)
        # Its data clusters are missing, which only reading finds.
        os.truncate(source, source.stat().st_size - images.MIB)
        messages = []
        for run_in in ('worker', 'child'):
            self.api.configure(lifecycle_transfer={'run_in': run_in})
            self.api.restart()
            image_id = self.staged(self.user, source)
            self.user.import_image(image_id, all_stores=True)
            image = self.user.wait_import(image_id)
            self.assertEqual('queued', image['status'])
            self.assert_lists(image, failed=plugin_case.ALL)
            self.assert_nothing_left(self.api)
            messages.append(self.task(image_id)['message'])
        self.assertEqual(messages[1], messages[0])
        self.assertIn('refused', messages[0])

    def test_deleted(self) -> None:
        image_id, child = self.begun()
        with transfer.Throttle(child):
            self.user.delete(image_id)
            waiting.until('the transfer ends',
                          lambda: not transfer.running(child))
        self.assert_nothing_left(self.api)
        waiting.until('the job is over', lambda: {'cancelled'} == set(
            self.daemon.states(image_id).values()))

    def test_cancelled(self) -> None:
        image_id, child = self.begun()
        job, = self.jobs(image_id)
        answer = self.operator().spawn(
            'image', 'lifecycle', 'job', 'cancel', job, '--config-file',
            str(self.api.etc / 'glance-api.conf'))
        self.assertEqual(0, answer.code, str(answer))
        transfer.resume(child)
        self.assert_given_back(image_id, 'cancelled by the operator')
        self.assert_goes_well_again(image_id)

    def jobs(self, image_id: str) -> list[str]:
        answer = self.operator().spawn(
            'image', 'lifecycle', 'job', 'list', '-f', 'json',
            '--config-file', str(self.api.etc / 'glance-api.conf'))
        return [row['ID'] for row in json.loads(answer.stdout)]


class DeathTest(OffloadCase):

    def test_api_killed(self) -> None:
        image_id, child = self.begun()
        self.api.kill9()
        transfer.resume(child)
        waiting.until('the worker has done it', lambda: {'done'} == set(
            self.daemon.states(image_id).values()))
        # Nobody asks again: it is active when the next one answers.
        self.api.start()
        self.assert_imported(self.daemon, image_id)

    def test_api_killed_and_failed(self) -> None:
        """What glance-api can tell nobody any more, the worker does."""
        image_id, child = self.begun()
        self.api.kill9()
        os.kill(child, signal.SIGKILL)
        self.api.start()
        self.assert_given_back(image_id, 'The transfer failed: its process '
                               'was killed')
        self.assert_goes_well_again(image_id)

    def test_worker_killed(self) -> None:
        """The next one undoes what the last has written, and begins anew."""
        image_id, child = self.begun()
        self.daemon.kill()
        transfer.resume(child)
        self.daemon.start()
        self.assert_imported(self.daemon, image_id)
        self.assertIn('taken back', str(self.daemon.story(image_id)))

    def test_both_killed(self) -> None:
        image_id, child = self.begun()
        self.daemon.kill()
        self.api.kill9()
        transfer.resume(child)
        self.daemon.start()
        self.api.start()
        self.assert_imported(self.daemon, image_id)

    def test_all_killed(self) -> None:
        """Nobody undid anything."""
        image_id, child = self.begun()
        with transfer.Throttle(child, then=signal.SIGSTOP):
            waiting.until('something is written', lambda: any(
                path.stat().st_blocks
                for path in self.api.store_dir('s1').iterdir()))
        self.daemon.kill()
        self.api.kill9()
        os.kill(child, signal.SIGKILL)
        self.api.start()
        # While its job is open, recovery leaves it alone.
        self.assertEqual([], self.recover(self.api))
        row = self.diagnosed(4, image_id, '--config-dir', self.api.etc)[0]
        self.assertEqual(('import-handed', 'unknown'), (
            row['Cause'], row['Waiting helps']))
        job, = self.operator().spawn(
            *row['Command'].split()[1:], '-f', 'json', '--config-file',
            str(self.api.etc / 'glance-api.conf')).json
        self.assertEqual(image_id, job['Image'])
        self.daemon.start()
        self.assert_imported(self.daemon, image_id)

    def test_drained(self) -> None:
        self.daemon.configure(drain_timeout=1)
        self.daemon.terminate()
        self.daemon.start()
        image_id, child = self.begun()
        with transfer.Throttle(child):
            self.daemon.terminate()
        self.daemon.start()
        self.assert_imported(self.daemon, image_id)
        self.assertIn('put back', str(self.daemon.story(image_id)))

    def test_killed_before_the_job_is_closed(self) -> None:
        """It is active, and nothing is done twice."""
        image_id, child = self.begun()
        with self.database_held():
            transfer.resume(child)
            waiting.until('it is active', lambda: self.user.get(image_id)[
                'status'] == 'active')
            self.daemon.kill()
        self.daemon.start()
        self.assert_imported(self.daemon, image_id)
        self.assertIn('by an attempt before',
                      str(self.daemon.story(image_id)))

    @contextlib.contextmanager
    def database_held(self) -> Iterator[None]:
        """The worker's, so that it can write nothing there."""
        path = self.api.state_dir / 'worker.db'
        with contextlib.closing(sqlite3.connect(
                path, isolation_level=None)) as held:
            held.execute('BEGIN IMMEDIATE')
            yield


class NobodyTest(OffloadCase):

    options = {'worker_timeout': 5}

    def test_no_worker(self) -> None:
        self.daemon.terminate()
        self.source = self.noise(16 * images.MIB)
        image_id = self.staged(self.user, self.source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        self.assert_given_back(image_id, 'no sign of life for 5 seconds')
        self.daemon.start()
        self.assert_goes_well_again(image_id)

    def test_killed_for_good(self) -> None:
        image_id, child = self.begun()
        self.daemon.kill()
        transfer.resume(child)
        self.assert_given_back(image_id, 'no sign of life for 5 seconds')
        self.daemon.start()
        self.assert_goes_well_again(image_id)

    def test_frozen(self) -> None:
        """One that thaws when its import was given up writes nothing."""
        image_id, child = self.begun()
        frozen = self.daemon.freeze()
        waiting.until('it is given up', lambda: self.task(image_id)[
            'status'] == 'failure')
        transfer.resume(child)
        os.kill(frozen, signal.SIGCONT)
        self.assert_given_back(image_id, 'no sign of life for 5 seconds')
        self.assert_goes_well_again(image_id)
