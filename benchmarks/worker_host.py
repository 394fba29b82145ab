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

"""A glance-lifecycle-worker beside a stand-in for Glance."""

from collections.abc import Mapping
import datetime
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
from typing import Any

import fixtures

from benchmarks import image_api
from benchmarks import procs
from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import presence

RULES = 50

# Seconds that anything here may take.
_BOUND = 1800

# Of a host with another name.
_ELSEWHERE = ['unshare', '--uts', '--', 'sh', '-c',
              'hostname "$0" && exec "$@"']


def policy() -> str:
    """50 rules, of which the last is that of each image."""
    rules = [f"""
  - name: project-{number}
    match:
      tags: [golden, silver]
      size: {{min: 1 MiB, max: 1 TiB}}
      properties: {{os_distro: [debian, ubuntu]}}
      name: ["other-{number}-*", "*-other-{number}"]
    place: {{stores: [{image_api.STORE}]}}
    retain: {{deactivate_after: 1 year}}""" for number in range(RULES - 1)]
    rules.append(f"""
  - name: others
    place: {{stores: [{image_api.STORE}]}}
    protect: {{protected: true}}""")
    return 'version: 1\nrules:' + ''.join(rules) + '\n'


class Host(fixtures.Fixture):
    """What the workers of one host share.

    :param url: of the Image API
    :param connection: of the database; by default a new file
    :param name: of the host; by default as it is
    """

    def __init__(self, url: str, connection: str = '',
                 name: str = '') -> None:
        super().__init__()
        self.url = url
        self.connection = connection
        self.name = name

    def _setUp(self) -> None:
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state_dir = self.base / 'state'
        self.state_dir.mkdir()
        self.policy_file = self.base / 'policy.yaml'
        self.policy_file.write_text(policy())
        if not self.connection:
            self.connection = f'sqlite:///{self.state_dir}/worker.db'
        self.database = engine.Database(self.connection)
        self.addCleanup(self.database.close)

    def sync(self) -> None:
        """The tables."""
        subprocess.run(
            [sys.executable, f'{sys.prefix}/bin/glance-lifecycle-manage',
             '--config-file', str(self.write('sync', {})), 'db', 'sync'],
            check=True, stdout=subprocess.DEVNULL)

    def worker(self, **options: object) -> 'Worker':
        """A worker with these options of [lifecycle_worker]; it starts."""
        return self.useFixture(Worker(self, options))

    def write(self, name: str, options: Mapping[str, object]) -> pathlib.Path:
        """As on a host of glance-api with a file store."""
        path = self.base / f'{name}.conf'
        stores = (image_api.STORE, 'os_glance_tasks_store',
                  'os_glance_staging_store')
        glance_conf.write(path, {
            'DEFAULT': {'enabled_backends': f'{image_api.STORE}:file'},
            'database': {'connection': f'sqlite:///{self.base}/glance.db'},
            'glance_store': {'default_backend': image_api.STORE},
            **{store: {'filesystem_store_datadir': self.base / store}
               for store in stores},
            'lifecycle': {'policy_file': self.policy_file,
                          'state_dir': self.state_dir},
            'lifecycle_worker': {
                'connection': self.connection, 'auth_type': 'admin_token',
                'endpoint': f'{self.url}/v2', 'token': 'token', **options}})
        return path

    def wait_for(self, sweep: str) -> dict[str, Any]:
        """The mark of the first sweep of that kind that went well."""
        def ended() -> dict[str, Any]:
            mark = marks.get(self.database, f'sweep/{sweep}')
            value = json.loads(mark.value) if mark else {}
            if value.get('error'):
                raise RuntimeError(value['error'])
            return dict(value)
        waiting.until(f'the sweep {sweep}', ended, _BOUND, 0.1)
        return ended()

    def holder(self, job_id: str, but: str | None = None) -> str | None:
        """Who runs the job, if that is not the worker ``but``."""
        job = jobs.get(self.database, job_id)
        return (job.worker if job.state == jobs.State.RUNNING
                and job.worker != but else None)


class Worker(fixtures.Fixture):
    """One daemon: the master and its process."""

    _numbers = iter(range(1, 1_000_000))

    def __init__(self, host: Host, options: Mapping[str, object]) -> None:
        super().__init__()
        self._host = host
        self._options = {'mode': 'act', 'sweep_rate': 0, **options}

    def _setUp(self) -> None:
        name = f'worker-{next(self._numbers)}'
        self.log = self._host.base / f'{name}.log'
        self._conf = self._host.write(name, self._options)
        self.log.touch()
        self._server = self.useFixture(process.Server(name, self.log))
        self.start()

    def start(self) -> None:
        """Return once it has begun to look for work."""
        self.started = time.monotonic()
        count = self._starts()
        argv = [sys.executable, f'{sys.prefix}/bin/glance-lifecycle-worker',
                '--config-file', str(self._conf)]
        if self._host.name:
            argv = [*_ELSEWHERE, self._host.name, *argv]
        self._server.start(
            argv, env=os.environ, cwd=self._host.base,
            ready=lambda: self._starts() > count)

    def _starts(self) -> int:
        return self.log.read_text().count(' starts; mode ')

    def pids(self) -> list[int]:
        return [self._server.pid, *process.children(self._server.pid)]

    @property
    def id(self) -> str:
        """The UUID of the one that runs."""
        return self._presence().id

    def seen(self) -> datetime.datetime:
        """When it last gave a sign of life."""
        return self._presence().seen_at

    def _presence(self) -> presence.Worker:
        pids = self.pids()
        host = self._host.name or socket.gethostname()
        return next(each for each in presence.workers(self._host.database)
                    if each.pid in pids and each.host == host)

    def cpu(self) -> float:
        """Seconds, of all its processes since they were started."""
        return sum(procs.usage(pid).cpu for pid in self.pids())

    def peak(self) -> int:
        """Bytes, of the largest process."""
        return max(procs.usage(pid).peak for pid in self.pids())

    def proportional(self) -> int:
        """Bytes of memory, what is shared counted once."""
        return sum(procs.proportional(pid) for pid in self.pids())

    def kill(self) -> None:
        self._server.kill()

    def signal(self, number: int) -> None:
        """To the master first, which would else start another."""
        for pid in self.pids():
            os.kill(pid, number)
