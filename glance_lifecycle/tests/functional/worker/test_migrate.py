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

import pathlib
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import loopfs
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import moves

POLICY = 'version: 1\nrules: []\n'


class MigrateCase(store_case.StoreCase):
    """Commands of migrations, beside a worker."""

    #: from where images move, and to where
    ends = ('s1', 's2')

    api: glance.GlanceApi

    def migrate(self, *argv: str, code: int = 0) -> openstack.Answer:
        answer = self.operator().spawn('image', 'lifecycle', 'migrate', *argv)
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def plan(self, *argv: str, code: int = 0) -> pathlib.Path:
        path = self.work / f'plan-{len(list(self.work.glob("plan-*")))}'
        source, target = self.ends
        self.planned = self.migrate(
            'plan', '--from', source, '--to', target, '--soak', '0', '--rate',
            '100', '--out', str(path), '-f', 'json', *argv, '--config-file',
            str(self.api.etc / 'glance-api.conf'), code=code)
        return path

    def ask(self, daemon: worker.Worker, *argv: str, code: int = 0
            ) -> openstack.Answer:
        return self.migrate(
            *argv, '--config-file', str(self.api.etc / 'glance-api.conf'),
            '--config-file', str(daemon.conf), code=code)

    def run_plan(self, daemon: worker.Worker, *argv: str, code: int = 0
                 ) -> str:
        answer = self.ask(daemon, 'run', str(self.plan(*argv, code=code)),
                          '--yes', '-f', 'json')
        return str(answer.json['id'])

    def wait(self, daemon: worker.Worker, *states: str) -> dict[str, Any]:
        """Until the newest one is in one of these."""
        waiting.until('the migration is %s' % ' or '.join(states), lambda: (
            moves.listed(daemon.database, 1)[0].state in states))
        found: dict[str, Any] = self.ask(daemon, 'status', '-f', 'json').json
        return found

    def assert_in(self, store: str, expected: images.Reference,
                  *image_ids: str) -> None:
        for image_id in image_ids:
            self.assert_stored(self.api, self.admin.get(image_id), expected,
                               store)
        self.assert_nothing_left(self.api, *(
            image['id'] for image in self.admin.list_images()))


class MigrateTest(worker_case.WorkerCase, MigrateCase):

    def test_whole_way(self) -> None:
        """Planned, run, shown, undone."""
        source = self.noise(2 * images.MIB)
        expected = images.digests(source)
        moved = [self.image(source, name=f'a-{n}') for n in range(2)]
        both = self.image(source, name='a-both')
        self.run_store('copy', both, '--to', 's2')
        other = self.image(name='other')
        daemon = self.worker(POLICY, mode='observe')
        path = self.plan('--where', '{name: "a-*"}')
        self.assertEqual({*moved, both},
                         {row['Image'] for row in self.planned.json})
        self.assertEqual([1, 2, 2],
                         [row['Wave'] for row in self.planned.json])
        self.assertIn('DESTRUCTIVE', self.planned.stderr)
        self.assertIn('The rate is given', self.planned.stderr)

        self.assertIn('The worker observes', self.ask(
            daemon, 'run', str(path), '--yes', code=1).stderr)
        daemon.configure(mode='act')
        daemon.terminate()
        daemon.start()
        self.ask(daemon, 'run', str(path), '--dry-run')
        self.assertIn('no terminal to ask on', self.ask(
            daemon, 'run', str(path), code=1).stderr)
        self.assertEqual(['s1'], self.stores_of(moved[0]))
        self.assertEqual([], moves.listed(daemon.database))

        move_id = self.ask(daemon, 'run', str(path), '--yes', '-f',
                           'json').json['id']
        done = self.wait(daemon, 'done', 'stopped')
        self.assertEqual(('done', move_id), (done['state'], done['id']),
                         str(done))
        self.assert_in('s2', expected, *moved, both)
        self.assertEqual(['s1'], self.stores_of(other))
        self.assertEqual([{'moved': 1}, {'moved': 2}],
                         [wave['images'] for wave in done['waves']])
        for wave in done['waves']:
            self.assertGreater(wave['actual'], 0)
        self.assertIn('copy in s1, after the move to s2',
                      str(daemon.story(moved[0])))

        rows = self.ask(daemon, 'undo', move_id, '--dry-run', '-f',
                        'json').json
        self.assertEqual({*moved, both}, {row['Image'] for row in rows})
        self.ask(daemon, 'undo', move_id, '--yes')
        back = self.wait(daemon, 'done', 'stopped')
        self.assertEqual(('done', move_id), (back['state'], back['undoes']))
        self.assert_in('s1', expected, *moved)
        # That copy was there before.
        self.assertEqual(['s1', 's2'], self.stores_of(both))

    def test_paused_and_killed(self) -> None:
        """What is copied is finished; after a death it goes on."""
        source = self.noise(32 * images.MIB)
        moved = [self.image(source) for _n in range(3)]
        daemon = self.worker(POLICY)
        move_id = self.run_plan(daemon, '--parallel', '1', '--canary', '0')
        with transfer.frozen(transfer.find_below(daemon.pid)):
            self.ask(daemon, 'pause', move_id)
            self.assertIn('still copies', self.ask(
                daemon, 'undo', move_id, '--yes', code=1).stderr)
        waiting.until('the first is copied', lambda: (
            'copied' in self.steps(daemon)))
        self.assertEqual(['copied', 'waiting', 'waiting'],
                         self.steps(daemon))
        self.ask(daemon, 'resume', move_id)
        with transfer.frozen(transfer.find_below(daemon.pid)):
            self.assertIn('copying', self.steps(daemon))
            daemon.kill()
        daemon.start()
        self.assertEqual('done', self.wait(daemon, 'done',
                                           'stopped')['state'])
        self.assertIn('taken back', str([daemon.story(one)
                                         for one in moved]))
        self.assert_in('s2', images.digests(source), *moved)

    def steps(self, daemon: worker.Worker) -> list[str]:
        move, = moves.listed(daemon.database)
        return [image.state.value
                for image in moves.images(daemon.database, move.id)]


class FullTest(MigrateCase):

    def setUp(self) -> None:
        small = self.useFixture(loopfs.LoopFs(48 * images.MIB))
        self.api = self.useFixture(glance.GlanceApi(conf={
            's2': {'filesystem_store_datadir': small.path}}))
        super().setUp()

    def test_full(self) -> None:
        """It stops and says so; what was there first is all there is."""
        source = self.noise()
        fits = self.new_image(b'bytes' * 1000)
        large = self.new_image(source)
        daemon = self.useFixture(worker.Worker(self.api, POLICY))
        self.run_plan(daemon, '--max-errors', '0')
        found = self.wait(daemon, 'done', 'stopped')
        self.assertEqual('stopped', found['state'])
        self.assertIn('Store s2 is full', found['error'])
        self.assertEqual(['s2'], self.stores_of(fits))
        self.assertEqual(['failed'], [
            image['state'] for image in found['attention']])
        self.assert_in('s1', images.digests(source), large)
        self.assertIn('Store s2 is full', self.ask(daemon, 'status').stderr)
