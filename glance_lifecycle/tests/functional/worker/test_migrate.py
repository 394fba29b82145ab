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

"""Images that move between the stores of a real Glance, by a real worker."""

import json
import os
import pathlib
import shutil
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import moves

POLICY = 'version: 1\nrules: []\n'


class MigrateCase(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        python = self.work / 'python'
        python.mkdir()
        self.openstack = openstack.WorkerHost(python)

    def plan(self, *argv: str, code: int = 0) -> pathlib.Path:
        path = self.work / f'plan-{len(list(self.work.glob("plan-*")))}'
        self.planned = self.operator().spawn(
            'image', 'lifecycle', 'migrate', 'plan', '--from', 's1', '--to',
            's2', '--soak', '0', '--out', str(path), '-f', 'json', *argv)
        self.assertEqual(code, self.planned.code, str(self.planned))
        return path

    def ask(self, daemon: worker.Worker, *argv: str, code: int = 0
            ) -> openstack.Answer:
        answer = self.openstack.lifecycle(
            'migrate', *argv, '--config-file',
            str(self.api.etc / 'glance-api.conf'), '--config-file',
            str(daemon.conf))
        self.assertEqual(code, answer.code, str(answer))
        return answer

    def run_plan(self, daemon: worker.Worker, path: pathlib.Path) -> str:
        answer = self.ask(daemon, 'run', str(path), '--yes', '-f', 'json')
        return str(answer.json['id'])

    def status(self, daemon: worker.Worker, *argv: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(
            daemon, 'status', *argv, '-f', 'json').json
        return found

    def wait(self, daemon: worker.Worker, *states: str) -> dict[str, Any]:
        """Until the newest one is in one of these."""
        waiting.until('the migration is %s' % ' or '.join(states), lambda: (
            moves.listed(daemon.database, 1)[0].state in states))
        return self.status(daemon)

    def assert_in(self, store: str, image_id: str,
                  source: pathlib.Path | bytes = b'') -> None:
        self.assertEqual([store], self.stores_of(image_id))
        if source:
            self.assert_stored(self.api, self.admin.get(image_id),
                               images.digests(source), store)
        self.assert_nothing_left(self.api, image_id)


class MigrateTest(MigrateCase):

    def test_whole_way(self) -> None:
        """Planned, run, shown, undone."""
        source = self.noise(8 * images.MIB)
        moved = [self.image(source, name=f'a-{n}') for n in range(3)]
        both = self.image(source, name='a-both')
        self.run_store('copy', both, '--to', 's2')
        other = self.image(name='other')
        daemon = self.worker(POLICY)
        path = self.plan('--where', '{name: "a-*"}', '--rate', '100')
        rows = self.planned.json
        self.assertEqual({*moved, both}, {row['Image'] for row in rows})
        self.assertEqual([1, 2, 2, 2], [row['Wave'] for row in rows])
        self.assertIn('DESTRUCTIVE', self.planned.stderr)
        self.assertIn('The rate is given', self.planned.stderr)
        self.ask(daemon, 'run', str(path), '--dry-run')
        self.assertIn('no terminal to ask on', self.ask(
            daemon, 'run', str(path), code=1).stderr)
        self.assertEqual(['s1'], self.stores_of(moved[0]))

        move_id = self.run_plan(daemon, path)
        done = self.wait(daemon, 'done', 'stopped')
        self.assertEqual(('done', move_id), (done['state'], done['id']))
        for image_id in (*moved, both):
            self.assert_in('s2', image_id, source)
        self.assertEqual(['s1'], self.stores_of(other))
        self.assertEqual([{'moved': 1}, {'moved': 3}],
                         [wave['images'] for wave in done['waves']])
        for wave in done['waves']:
            self.assertGreater(wave['actual'], 0)
        self.assertIn('was begun before', self.ask(
            daemon, 'run', str(path), '--yes', code=1).stderr)

        rows = self.ask(daemon, 'undo', move_id, '--dry-run', '-f',
                        'json').json
        self.assertEqual({*moved, both}, {row['Image'] for row in rows})
        self.ask(daemon, 'undo', move_id, '--yes')
        back = self.wait(daemon, 'done', 'stopped')
        self.assertEqual(('done', move_id), (back['state'], back['undoes']))
        for image_id in moved:
            self.assert_in('s1', image_id, source)
        # That copy was there before.
        self.assertEqual(['s1', 's2'], self.stores_of(both))
        self.assertEqual('undone', self.status(daemon, move_id)['state'])
