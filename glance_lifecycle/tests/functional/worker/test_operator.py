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

"""What operators ask and do on a host of the worker, by the real command."""

import os
import subprocess
import sys
from typing import Any

from glance_lifecycle.policy import drift
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker import presence

State = jobs.State

HOSTILE = 'golden\x1b[2J\n\x9b1A'
VISIBLE = 'golden\\x1b[2J\\x0a\\x9b1A'
IMAGES = [f'7e8d6b6a-0000-4000-8000-00000000000{n}' for n in range(10)]


class OperatorCase(base.FunctionalTestCase):

    # Whether the command runs in this process: starting takes seconds.
    here = False

    def setUp(self) -> None:
        super().setUp()
        python = self.work / 'python'
        python.mkdir()
        self.openstack = openstack.WorkerHost(python)
        self.state = self.work / 'state'
        self.conf = self.work / 'worker.conf'
        self.configure()

    def configure(self, **options: object) -> None:
        glance_conf.write(self.conf, {
            'lifecycle': {'state_dir': self.state},
            'lifecycle_worker': options})

    def ask(self, *argv: str, code: int = 0) -> openstack.Answer:
        start = self.openstack.run if self.here else self.openstack.spawn
        answer = start('image', 'lifecycle', *argv, '--config-file',
                       str(self.conf))
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def data(self, *argv: str, code: int = 0) -> Any:
        return self.ask(*argv, '-f', 'json', code=code).json

    def open(self, url: str = '') -> engine.Database:
        database = engine.Database(
            url or f'sqlite:///{self.state}/worker.db')
        self.addCleanup(database.close)
        migration.sync(database)
        return database

    def job(self, database: engine.Database, kind: str, number: int, *,
            held: bool = False, name: str = HOSTILE,
            **arguments: Any) -> str:
        """A job as the worker opens it; its id."""
        action = actions.Action(
            kind, IMAGES[number], name, 'p1', arguments,
            (drift.Drift('place', 'stores', 's1', '', 'golden'),))
        job, _joined = jobs.open_job(database, jobs.Wanted(
            image_id=action.image_id, purpose=action.purpose,
            action=action.to_dict(), reason='It is not in %s.' % name,
            rule='golden', image_name=name, project='p1'),
            actor='worker w1', held=held)
        return job.id

    def end(self, database: engine.Database, job_id: str, state: State,
            **more: Any) -> None:
        fence = claims.claim(database, job_id, 'w1')
        assert fence is not None
        claims.finish(database, job_id, fence, state, **more)

    def state_of(self, database: engine.Database, job_id: str) -> str:
        return jobs.get(database, job_id).state.value


class SqliteTest(OperatorCase):

    def setUp(self) -> None:
        super().setUp()
        self.state.mkdir()
        self.here = True

    def test_no_glance(self) -> None:
        """Nor a cloud: all commands, where neither can be had."""
        self.here = False
        self.assertIn('No module named', subprocess.run(
            [sys.executable, '-c', 'import glance'], check=False,
            env=self.openstack.environ(), capture_output=True,
            text=True).stderr)
        database = self.open()
        job = self.job(database, 'copy', 0, held=True)
        for argv in (('job', 'list'), ('job', 'show', job),
                     ('job', 'release', job), ('job', 'cancel', job),
                     ('job', 'retry', job), ('history', IMAGES[0], '--long')):
            self.assertIn(job, self.ask(*argv, '-f', 'json').stdout)
        self.assertEqual(1, self.data('status')['jobs']['queued'])

    def test_jobs(self) -> None:
        """What is open and what failed; and no name moves the cursor."""
        database = self.open()
        failed = self.job(database, 'copy', 0, stores=['s2'])
        self.end(database, failed, State.FAILED,
                 error='Store s2 failed: it is away.')
        done = self.job(database, 'update', 1)
        self.end(database, done, State.DONE)
        held = self.job(database, 'drop', 2, held=True, stores=['s3'])
        rows = {row['ID']: row for row in self.data('job', 'list')}
        self.assertEqual({failed, held}, rows.keys())
        self.assertEqual(
            ('failed', IMAGES[0], VISIBLE, 'copy to s2', 1,
             'Store s2 failed: it is away.'),
            tuple(rows[failed][name] for name in (
                'State', 'Image', 'Name', 'Action', 'Attempts', 'Why')))
        self.assertRegex(rows[failed]['Created At'],
                         r'^\d{4}-\d\d-\d\dT[\d:]{8}\+00:00$')
        self.assertRegex(rows[failed]['Age'], r'^\d+ (second|minute)s?$')
        self.assertEqual('DESTRUCTIVE: delete the copy in s3',
                         rows[held]['Action'])
        table = self.ask('job', 'list', '--state', 'all', '--limit', '2')
        self.assertNotIn('\x1b', table.stdout)
        self.assertNotIn('\x9b', table.stdout)
        self.assertIn('There are more: --marker %s' % done, table.stderr)
        self.assertEqual([failed], [row['ID'] for row in self.data(
            'job', 'list', '--state', 'all', '--marker', done)])
        self.assertEqual([done], [row['ID'] for row in self.data(
            'job', 'list', '--state', 'done', '--state', 'running')])
        self.assertEqual([], self.data('job', 'list', '--image', IMAGES[9]))

        shown = self.data('job', 'show', failed)
        self.assertEqual(('failed', 'copy to s2', False, VISIBLE, 'golden'), (
            shown['state'], shown['what'], shown['destructive'],
            shown['image_name'], shown['rule']))
        self.assertEqual(['queued', 'failed'], [
            line['event'] for line in shown['history']])
        self.assertNotIn('\x1b', self.ask('job', 'show', failed).stdout)
        self.assertIn('There is no such job', self.ask(
            'job', 'show', 'x', code=1).stderr)

    def test_store_jobs(self) -> None:
        """Why a job waits that could run, in three commands."""
        self.configure(store_jobs='s2:1,s3:4')
        database = self.open()
        runs = self.job(database, 'copy', 0, stores=['s2'])
        waits = self.job(database, 'copy', 1, stores=['s2', 's3'])
        claims.claim(database, runs, 'w1')
        why = 'Waits: store s2 has 1 of 1 jobs.'
        rows = {row['ID']: row['Why'] for row in self.data('job', 'list')}
        self.assertEqual('%s It is not in %s.' % (why, VISIBLE), rows[waits])
        self.assertNotIn('Waits', rows[runs])
        self.assertEqual([why, ''], [
            self.data('job', 'show', job)['waits'] for job in (waits, runs)])
        self.assertEqual({
            's2': {'running': 1, 'limit': 1, 'due': 1},
            's3': {'running': 0, 'limit': 4, 'due': 1}},
            self.data('status')['store_jobs'])
        text = self.ask('status').stdout
        self.assertIn('s2: 1 of 1 jobs run, 1 more are due', text)
        self.configure()
        self.assertIn('no limits', self.ask('status').stdout)

    def test_changes(self) -> None:
        database = self.open()
        failed = self.job(database, 'copy', 0, stores=['s2'])
        self.end(database, failed, State.FAILED, error='It is away.')
        deletion = self.job(database, 'delete', 0)
        self.end(database, deletion, State.FAILED, error='It is in use.')
        running = self.job(database, 'copy', 1, stores=['s2'])
        claims.claim(database, running, 'w1')

        # What destroys is shown first, and nobody is there to agree.
        text = self.ask('job', 'retry', failed, deletion, code=1).stderr
        self.assertIn('DESTRUCTIVE: delete the image, of image %s (%s)' % (
            IMAGES[0], VISIBLE), text)
        self.assertIn('Nothing was changed: there is no terminal', text)
        self.assertEqual('failed', self.state_of(database, failed))
        rows = self.data('job', 'retry', failed, running, '--reason',
                         'The store is back', code=1)
        self.assertEqual(['queued', 'running'],
                         [row['State'] for row in rows])
        self.assertIn('is running', rows[1]['Detail'])
        self.assertEqual('queued', self.state_of(database, failed))
        self.data('job', 'retry', deletion, '--yes')
        self.assertEqual('queued', self.state_of(database, deletion))

        rows = self.data('job', 'cancel', failed, running, 'x', code=1)
        self.assertEqual(['cancelled', 'running', ''],
                         [row['State'] for row in rows])
        self.assertIn('told to stop', rows[1]['Detail'])
        self.assertTrue(jobs.get(database, running).cancel_requested)

        told = [(row['Event'], row['What'], row['Rule'])
                for row in self.data('history', IMAGES[0])]
        self.assertEqual([
            ('queued', 'It is not in %s.' % VISIBLE, 'golden'),
            ('failed', 'It is away.', 'golden'),
            ('queued', 'It is not in %s.' % VISIBLE, 'golden'),
            ('failed', 'It is in use.', 'golden'),
            ('queued', 'The store is back.', 'golden'),
            ('queued', 'The job is to be tried again.', 'golden'),
            ('cancelled', 'The job was cancelled.', 'golden')], told)
        who = {row['Who'] for row in self.data('history', IMAGES[0])}
        self.assertEqual(2, len(who))
        self.assertIn('operator ', ''.join(who))

    def test_release(self) -> None:
        database = self.open()
        copy = self.job(database, 'copy', 0, held=True, stores=['s2'])
        drop = self.job(database, 'drop', 0, held=True, stores=['s3'])
        other = self.job(database, 'copy', 1)
        self.assertIn('Name the jobs', self.ask(
            'job', 'release', code=1).stderr)
        text = self.ask('job', 'release', '--all', code=1).stderr
        self.assertIn('2 jobs are held, 1 of them DESTRUCTIVE.', text)
        self.assertIn('DESTRUCTIVE: delete the copy in s3', text)
        self.assertNotIn(copy, text)
        self.data('job', 'release', copy)
        self.assertEqual(['queued', 'held'], [
            self.state_of(database, one) for one in (copy, drop)])
        self.assertEqual('no', self.at_terminal('n', drop))
        self.assertEqual('held', self.state_of(database, drop))
        self.assertEqual('yes', self.at_terminal('y', drop))
        self.assertEqual('queued', self.state_of(database, drop))
        self.assertEqual([], self.data('job', 'release', '--all'))
        self.end(database, other, State.DONE)
        self.data('job', 'release', other, code=1)

    def at_terminal(self, answer: str, job_id: str) -> str:
        """Somebody sits there, and is asked."""
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        os.write(ours, answer.encode() + b'\n')
        argv = self.openstack.argv(
            'image', 'lifecycle', 'job', 'release', job_id, '--config-file',
            str(self.conf))
        done = subprocess.run(
            argv, stdin=theirs, env=self.openstack.environ(), check=False,
            capture_output=True, text=True, timeout=waiting.BOUND)
        os.close(theirs)
        self.assertIn('DESTRUCTIVE: delete the copy in s3', done.stderr)
        self.assertIn('Go on? [y/N]', done.stderr)
        return 'no' if done.returncode else 'yes'

    def test_history(self) -> None:
        """With its proof; and what nobody knows is said to be so."""
        database = self.open()
        job = self.job(database, 'copy', 0, stores=['s2'])
        self.end(database, job, State.DONE, text='Copy to s2.',
                 proof={'sha512': 'ab' * 64, 'name': HOSTILE})
        rows = self.data('history', IMAGES[0], '--long')
        self.assertEqual([None, {'sha512': 'ab' * 64, 'name': HOSTILE}],
                         [row['Proof'] for row in rows])
        self.assertEqual([job, job], [row['Job'] for row in rows])
        text = self.ask('history', IMAGES[0], '--long').stdout
        self.assertIn('sha512: abab', text)
        self.assertNotIn('\x1b', text)
        answer = self.ask('history', 'golden', '-f', 'json')
        self.assertEqual([], answer.json)
        self.assertIn('Nothing is known of image golden', answer.stderr)

    def test_history_by_name(self) -> None:
        """Whoever else takes the name is not mistaken for it."""
        database = self.open()
        job = self.job(database, 'copy', 0, stores=['s2'])
        answer = self.ask('history', HOSTILE, '--long', '-f', 'json')
        self.assertEqual([job], [row['Job'] for row in answer.json])
        self.assertIn(IMAGES[0], answer.stderr)
        self.job(database, 'update', 1)
        answer = self.ask('history', HOSTILE, code=1)
        self.assertIn('Several images had the name %s: ' % VISIBLE,
                      answer.stderr)
        self.assertIn(IMAGES[0], answer.stderr)
        self.assertIn(IMAGES[1], answer.stderr)


class NoDatabaseTest(OperatorCase):
    """A plain sentence that says what to do; and nothing is made."""

    def test_missing(self) -> None:
        for argv in (('status',), ('job', 'list'), ('job', 'cancel', 'x')):
            text = self.ask(*argv, code=1).stderr
            self.assertIn('There is no database of the lifecycle worker: a '
                          'worker that starts makes it', text)
            self.assertIn(str(self.state / 'worker.db'), text)
            self.assertFalse(self.state.exists())

    def test_outdated(self) -> None:
        self.state.mkdir()
        self.open().write(lambda connection: connection.exec_driver_sql(
            "update lifecycle_alembic_version set version_num = 'other'"))
        text = self.ask('job', 'list', code=1).stderr
        self.assertIn('revision other', text)
        self.assertIn('glance-lifecycle-manage db sync', text)

    def test_configuration(self) -> None:
        self.conf.write_text('[lifecycle]\nstate_dir\n')
        text = self.ask('status', code=1).stderr
        self.assertIn('configuration of the worker cannot be used', text)
        self.configure(connection='mysql:thesecret')
        text = self.ask('status', code=1).stderr
        self.assertIn('[lifecycle_worker] connection is not a URL', text)
        self.assertNotIn('thesecret', text)


class MariaDbTest(OperatorCase):

    def test_all(self) -> None:
        server = self.useFixture(mariadb.MariaDb())
        url = server.database()
        self.configure(connection=url)
        text = self.ask('status', code=1).stderr
        self.assertIn('it is empty', text)
        self.assertIn('db sync', text)
        database = self.open(url)
        held = self.job(database, 'drop', 0, held=True, stores=['s3'])
        waits = self.job(database, 'copy', 1, stores=['s2'])
        runs = self.job(database, 'copy', 2, stores=['s2'])
        claims.claim(database, runs, 'w1')
        presence.Presence(database, 'w1', mode='act').beat(['s2'])
        status = self.data('status')
        self.assertEqual((1, 1, 1), tuple(
            status['jobs'][state] for state in ('queued', 'running', 'held')))
        self.assertEqual([('w1', True, 'act', 1)], [
            (one['id'], one['alive'], one['mode'], one['running'])
            for one in status['workers']])
        self.assertEqual(['s2'], status['stores_away'])
        self.assertEqual([runs], [job['id'] for job in status['running']])
        self.assertEqual([held], [job['id'] for job in status['held']])
        self.assertEqual({'queued': 0, 'held': 1}, status['destructive'])
        self.data('job', 'cancel', waits)
        self.data('job', 'release', held, '--yes')
        self.assertEqual(
            {held: 'queued', runs: 'running', waits: 'cancelled'},
            {row['ID']: row['State'] for row in self.data(
                'job', 'list', '--state', 'all')})
        server.stop()
        text = self.ask('status', code=1).stderr
        self.assertIn('does the server run?', text)
        self.assertNotIn(mariadb.PASSWORD, text)
