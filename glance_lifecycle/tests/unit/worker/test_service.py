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

"""The daemon in this process: its threads, its beginning and its end."""

from collections.abc import Generator
import os
import pathlib
import socket
import threading
from typing import Any
from unittest import mock

import fixtures
from oslo_config import cfg

from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import opts
from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import host as hosts
from glance_lifecycle.worker import hygiene
from glance_lifecycle.worker import liveness
from glance_lifecycle.worker import looking
from glance_lifecycle.worker import presence
from glance_lifecycle.worker import running
from glance_lifecycle.worker import service

State = jobs.State
ID = image_api.image_id(1)
POLICY = """\
version: 1
rules:
  - name: golden
    protect: {protected: true}
"""


class ServiceTest(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi(image_api.image(1)))
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.policy = self.base / 'policy.yaml'
        self.policy.write_text(POLICY)
        self.gate = threading.Event()
        self.entered = threading.Event()
        for name, value in (('_PAUSE', 0.01), ('_TURN', 0.01), ('UNDO', 0)):
            self.useFixture(fixtures.MockPatchObject(service, name, value))
        for name in ('_PAUSE', '_TURN'):
            self.useFixture(fixtures.MockPatchObject(looking, name, 0.01))

    def worker(self, host: hosts.Host = hosts.Host(),
               **options: Any) -> service.Worker:
        conf = cfg.ConfigOpts()
        opts.register_opts(conf)
        credentials.register(conf, worker_conf.NAME)
        path = self.base / 'worker.conf'
        path.write_text('\n'.join([
            '[lifecycle]', f'policy_file = {self.policy}',
            f'state_dir = {self.base}/state', '[lifecycle_worker]', *(
                f'{name} = {value}' for name, value in {
                    'connection': self.url, 'auth_type': 'admin_token',
                    'endpoint': self.api.url, 'token': 't', 'mode': 'act',
                    'sweep_interval': 1, 'claim_expiry': 3,
                    'drain_timeout': 1, **options}.items())]))
        conf([], default_config_files=[str(path)])
        # What cotyledon calls a number is an int, with a name since 2.2.
        number: Any = 0
        found = service.Worker(number, conf, host)
        self.addCleanup(self.end, found)
        self.addCleanup(self.gate.set)
        return found

    def end(self, worker: service.Worker) -> None:
        if not worker._stop.is_set():
            worker.terminate()

    def close_gate(self) -> None:
        """No image is changed before it is opened."""
        def hook(method: str, _path: str) -> None:
            if method != 'GET':
                self.entered.set()
                self.gate.wait(waiting.BOUND)
        self.api.hook = hook

    def states(self) -> list[State]:
        return [job.state for job in jobs.list_jobs(self.database)]

    def until_state(self, *states: State) -> None:
        waiting.until(f'the jobs are {states}',
                      lambda: self.states() == [*states])

    def until_ended(self, worker: service.Worker) -> None:
        """It waits for its threads, but not without end."""
        waiting.until('its threads have ended', lambda: not any(
            thread.is_alive() for thread in worker._threads))

    def files(self) -> list[str]:
        return [path.name
                for path in (self.base / 'state/workers').iterdir()]

    def test_act(self) -> None:
        worker = self.worker()
        worker.run()
        self.until_state(State.DONE)
        self.assertTrue(self.api.images[ID]['protected'])
        self.assertEqual(self.files(), [
            found.id for found in presence.workers(self.database)])
        worker.terminate()
        self.assertEqual(([], []), (presence.workers(self.database),
                                    self.files()))
        self.until_ended(worker)

    def test_imports(self) -> None:
        """In each mode, where there is a Glance; without, it is as well."""
        ran: list[str] = []
        recovered = threading.Event()

        class Importer:
            def __init__(inner, database: Any, worker: str, *_more: Any,
                         **_options: Any) -> None:
                inner.database, inner.worker = database, worker

            def run(inner, job_id: str) -> tuple[jobs.Job, running.Outcome]:
                ran.append(job_id)
                fence = claims.claim(inner.database, job_id, inner.worker)
                claims.finish(inner.database, job_id, fence or 0, State.DONE)
                return (jobs.get(inner.database, job_id),
                        running.Outcome.DONE)
        host = hosts.Host(importer=Importer,
                            recover_imports=recovered.set)
        worker = self.worker(host, mode='observe')
        worker.run()
        job, _ = jobs.open_job(self.database, jobs.Wanted(
            'image', imports.purpose(socket.gethostname(), 't'),
            {'kind': 'import'}, 'Asked for.'), actor='x')
        waiting.until('it is done', lambda: jobs.get(
            self.database, job.id).state == State.DONE)
        self.assertEqual([job.id], ran)
        waiting.until('recovery has looked', recovered.is_set)
        found, = presence.workers(self.database)
        self.assertTrue(found.imports)

    def test_no_imports(self) -> None:
        worker = self.worker()
        worker.run()
        self.until_state(State.DONE)
        self.assertEqual('', worker._monitoring._alive())
        found, = presence.workers(self.database)
        self.assertFalse(found.imports)

    def test_hygiene(self) -> None:
        """The look that runs ends when the worker does."""
        begun = threading.Event()

        def look(wishes: hygiene.Wishes
                 ) -> Generator[hygiene.Event, None, None]:
            begun.set()
            while True:
                wishes.each()
                os.sched_yield()
            yield hygiene.Halted('Never.')
        for interval, looks in ((0, False), (3600, True)):
            worker = self.worker(hosts.Host(hygiene=look), mode='observe',
                                 hygiene_interval=interval)
            self.assertEqual(looks, len(worker._threads) > 3)
        worker.run()
        waiting.until('it looks', begun.is_set)
        worker.terminate()
        self.until_ended(worker)

    def test_no_stores(self) -> None:
        """There is nothing to look at, and the rest goes on."""
        worker = self.worker(hygiene_interval=1)
        # The usual ones, and that of migrations.
        self.assertEqual(4, len(worker._threads))

    def test_observe(self) -> None:
        """Two looks later nothing has changed."""
        worker = self.worker(mode='observe')
        worker.run()
        waiting.until('a second look', lambda: marks.get(
            self.database, 'sweep/changes'))
        self.assertEqual([State.QUEUED], self.states())
        self.assertFalse(self.api.images[ID]['protected'])

    def test_service_away(self) -> None:
        """It goes on when that is back; until then nothing is deleted."""
        self.api.fail = {'/v2/images': 500}
        worker = self.worker()
        worker.run()
        waiting.until('a look has failed', lambda: marks.get(
            self.database, 'sweep/full'))
        self.assertFalse(worker._deletions.allowed)
        self.api.fail = {}
        self.until_state(State.DONE)
        waiting.until('deletions are allowed',
                      lambda: worker._deletions.allowed)

    def test_unexpected(self) -> None:
        """What nobody has thought of ends no thread."""
        worker = self.worker()
        broken = threading.Event()

        def fail(*_any: Any) -> Any:
            broken.set()
            raise KeyError('x')
        with mock.patch.object(worker._sweeper, 'due', fail), \
                mock.patch.object(worker._dispatcher, 'turn', fail):
            worker.run()
            broken.wait(waiting.BOUND)
        self.until_state(State.DONE)

    def test_jobs_of_the_dead(self) -> None:
        self.close_gate()
        self.gate.set()
        job = self.job(ID, 'other')
        claims.claim(self.database, job.id, 'dead')
        self.worker(mode='observe').run()
        waiting.until('it is queued', lambda: self.get(
            job.id).state == State.QUEUED)

    def test_drained(self) -> None:
        """It waits for what runs, and gives signs of life until then."""
        self.close_gate()
        worker = self.worker(drain_timeout=int(waiting.BOUND))
        worker.run()
        self.entered.wait(waiting.BOUND)
        ends = threading.Thread(target=worker.terminate)
        ends.start()
        self.addCleanup(ends.join)
        worker._stop.wait(waiting.BOUND)
        for _each in range(2):
            before, = presence.workers(self.database)
            waiting.until('another sign of life', lambda: presence.workers(
                self.database) != [before])
        self.assertEqual([State.RUNNING], self.states())
        self.gate.set()
        ends.join(waiting.BOUND)
        self.assertEqual([State.DONE], self.states())
        self.assertEqual([], presence.workers(self.database))

    def test_given_back(self) -> None:
        """What takes too long is stopped before it acts."""
        worker = self.worker()

        def hook(_method: str, path: str) -> None:
            if path.endswith(ID):
                self.entered.set()
                worker._stopping.wait(waiting.BOUND)
        self.api.hook = hook
        service.UNDO = int(waiting.BOUND)
        worker.run()
        self.entered.wait(waiting.BOUND)
        worker.terminate()
        job, = jobs.list_jobs(self.database)
        self.assertEqual((State.QUEUED, 0), (job.state, job.attempts))
        self.assertFalse(self.api.images[ID]['protected'])
        self.assertEqual([], presence.workers(self.database))

    def test_hangs(self) -> None:
        """A job that cannot be stopped: nobody takes it before we are gone.
        """
        self.close_gate()
        worker = self.worker()
        worker.run()
        self.entered.wait(waiting.BOUND)
        worker.terminate()
        self.assertEqual([State.RUNNING], self.states())
        found, = presence.workers(self.database)
        self.assertEqual([found.id], self.files())
        self.assertFalse(liveness._free(
            self.base / 'state/workers' / found.id))
        self.gate.set()
        self.until_state(State.DONE)

    def test_stopped_as_it_begins(self) -> None:
        self.worker().terminate()
        self.assertEqual([], self.files())
