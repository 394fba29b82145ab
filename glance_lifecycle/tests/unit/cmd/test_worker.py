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

"""How glance-lifecycle-worker begins, and why it does not."""

import io
import os
import pathlib
from typing import Any
import unittest
from unittest import mock

import cotyledon
import fixtures
from oslo_config import cfg
from oslo_reports import guru_meditation_report

from glance_lifecycle.cmd import worker
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker import service

GOOD = {
    'lifecycle': {'policy_file': '{base}/policy.yaml',
                  'state_dir': '{base}/state'},
    'lifecycle_worker': {'auth_type': 'admin_token', 'token': 'hidden',
                         'endpoint': 'http://127.0.0.1:9/v2'}}


class WorkerTest(fixtures.TestWithFixtures, unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.base / 'policy.yaml').write_text(
            'version: 1\nrules: [{name: a, protect: {protected: true}}]\n')
        self.conf = cfg.ConfigOpts()
        self.useFixture(fixtures.MockPatchObject(worker, 'CONF', self.conf))
        # As where there is no Glance.
        self.useFixture(fixtures.MockPatch(
            'importlib.util.find_spec', return_value=None))
        self.logging = self.useFixture(fixtures.MockPatch(
            'oslo_log.log.setup')).mock
        self.manager = self.useFixture(fixtures.MockPatchObject(
            cotyledon, 'ServiceManager')).mock
        self.useFixture(fixtures.MockPatch(
            'multiprocessing.set_start_method'))

    def said(self, *argv: str, result: int = 1, **changes: Any) -> str:
        """On standard error."""
        groups = {name: {**options, **changes.get(name, {})}
                  for name, options in GOOD.items()}
        groups |= {name: options for name, options in changes.items()
                   if name not in groups}
        path = self.base / 'worker.conf'
        path.write_text(''.join(
            f'[{group}]\n' + ''.join(
                f'{name} = {value}\n' for name, value in options.items())
            for group, options in groups.items()).replace(
                '{base}', str(self.base)))
        with mock.patch('sys.stderr', io.StringIO()) as err:
            self.assertEqual(result, worker.main(
                ['--config-file', str(path), *argv]))
        self.assertNotIn('hidden', err.getvalue())
        return err.getvalue()

    def test_starts(self) -> None:
        self.assertEqual('', self.said(result=0, lifecycle_worker={
            'drain_timeout': '100'}))
        kept = self.manager.call_args.kwargs['graceful_shutdown_timeout']
        # The jobs have all of their time before cotyledon ends the process.
        self.assertGreater(kept, 100 + service.UNDO)
        manager = self.manager.return_value
        added = manager.add.call_args.args
        self.assertEqual((service.Worker, 1), added[:2])
        self.assertIs(self.conf, added[2][0])
        self.assertEqual(2, manager.register_hooks.call_count)
        manager.run.assert_called_once_with()
        self.assertTrue((self.base / 'state/worker.db').exists())

    def refused(self, **changes: Any) -> str:
        text = self.said(**changes)
        self.manager.assert_not_called()
        self.assertTrue(text.startswith('glance-lifecycle-worker: '), text)
        self.assertTrue(text.endswith(('.\n', ')\n')), text)
        return text

    def test_no_credentials(self) -> None:
        self.assertIn('[lifecycle_worker] has no auth_type', self.refused(
            lifecycle_worker={'auth_type': ''}))

    def test_bad_policy(self) -> None:
        (self.base / 'policy.yaml').write_text('version: 99\n')
        self.assertIn('policy', self.refused())

    def test_no_policy(self) -> None:
        (self.base / 'policy.yaml').unlink()
        self.assertIn('policy_file', self.refused())

    def test_bad_option(self) -> None:
        self.assertIn('jobs', self.refused(lifecycle_worker={'jobs': '0'}))

    def test_not_utf8(self) -> None:
        path = self.base / 'latin1.conf'
        path.write_bytes(b'[DEFAULT]\nx = \xe4\n')
        with mock.patch('sys.stderr', io.StringIO()) as err:
            self.assertEqual(1, worker.main(['--config-file', str(path)]))
        self.assertIn('is not UTF-8', err.getvalue())

    def test_no_database(self) -> None:
        self.refused(lifecycle_worker={
            'connection': 'sqlite:////proc/none/worker.db'})

    def test_log(self) -> None:
        """The files of glance-api name its own log, which is not ours."""
        self.said(result=0, DEFAULT={'log_file': '/var/log/glance/api.log'})
        self.assertIsNone(self.conf.log_file)
        self.assertTrue(self.conf.use_stderr)
        self.logging.assert_called_once_with(self.conf, worker.PROG)

    def test_log_file(self) -> None:
        own = str(self.base / 'own.log')
        self.said('--log-file', own, result=0)
        self.assertEqual(own, self.conf.log_file)

    def test_tables(self) -> None:
        """Another process makes them: alembic would stay in this one."""
        makers = self.base / 'makers'
        sync = migration.sync

        def noted(database: engine.Database) -> None:
            makers.write_text(str(os.getpid()))
            sync(database)
        with mock.patch.object(migration, 'sync', noted):
            self.said(result=0)
        self.assertNotEqual(str(os.getpid()), makers.read_text())

    def test_tables_are_there(self) -> None:
        database = engine.Database(f'sqlite:///{self.base}/state/worker.db')
        (self.base / 'state').mkdir()
        migration.sync(database)
        database.close()
        with mock.patch('multiprocessing.get_context',
                        side_effect=AssertionError):
            self.said(result=0)

    def test_report(self) -> None:
        made = worker._Version()
        self.assertEqual('glance-lifecycle-worker', made.product_string())
        with mock.patch.object(
                guru_meditation_report.TextGuruMeditation,
                'setup_autorun') as setup:
            worker._in_child(0, 0, None)
        self.assertIs(self.conf, setup.call_args.kwargs['conf'])
