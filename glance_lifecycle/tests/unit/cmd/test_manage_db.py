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

"""The worker's database by the command line."""

import io
import pathlib
from unittest import mock

from oslo_config import cfg

from glance_lifecycle.cmd import manage
from glance_lifecycle.cmd import manage_db
from glance_lifecycle.conf import opts
from glance_lifecycle.tests.unit.cmd import test_asking
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration


class ManageDbTest(cases.DatabaseTestCase):

    def said(self, *args: str, answer: str = '',
             status: int = 0) -> tuple[str, str]:
        """What stands on standard output and on standard error."""
        parsed = manage._parser().parse_args(['db', *args])
        conf = cfg.ConfigOpts()
        opts.register_opts(conf)
        conf([], default_config_files=[])
        conf.set_override('connection', self.url, 'lifecycle_worker')
        with mock.patch.object(manage_db, 'CONF', conf), \
                mock.patch('sys.stdin', test_asking.Terminal(answer)), \
                mock.patch('sys.stdout', io.StringIO()) as out, \
                mock.patch('sys.stderr', io.StringIO()) as err:
            self.assertEqual(status, parsed.function(parsed))
        return out.getvalue(), err.getvalue()

    def old_job(self) -> str:
        """One that ended in March 2026, with two lines of history."""
        job_id, fence = self.claimed()
        claims.finish(self.database, job_id, fence, jobs.State.DONE,
                      now=cases.START)
        return job_id

    def test_sync_and_version(self) -> None:
        self.url = self.new_url()
        self.assertIn('none', self.said('version')[0])
        self.assertIn(migration.head(), self.said('sync')[0])
        self.assertEqual(migration.head() + '\n', self.said('version')[0])

    def test_asking_makes_no_file(self) -> None:
        self.url = self.new_url()
        path = pathlib.Path(self.url.removeprefix('sqlite:///'))
        self.assertIn('none', self.said('version')[0])
        self.assertRaises(errors.DatabaseMissing, self.said, 'purge')
        self.assertEqual([], list(path.parent.iterdir()))

    def test_purge_refused(self) -> None:
        job_id = self.old_job()
        for answer in ('', 'n\n', 'yesterday\n'):
            out, err = self.said('purge', '--days', '1', answer=answer,
                                 status=1)
            self.assertEqual('Nothing is changed.\n', out)
            self.assertIn('DESTRUCTIVE', err)
            self.assertIn('history: 2, jobs that are over: 1, migrations '
                          'that are over: 0.', err)
        out, err = self.said('purge', '--days', '1', '--dry-run')
        self.assertIn('history: 2, jobs that are over: 1', out)
        self.assertEqual(job_id, self.get(job_id).id)

    def test_purge(self) -> None:
        for args, answer in ((['--yes'], ''), ([], 'y\n')):
            self.old_job()
            kept = self.job('other', purpose=str(len(args)))
            out, _err = self.said('purge', '--days', '1', *args,
                                  answer=answer)
            self.assertTrue(out.startswith('Removed: '), out)
            self.assertEqual([], jobs.list_jobs(self.database,
                                                image_id='image'))
            self.assertEqual(kept, self.get(kept.id))
        self.assertEqual(('Nothing to remove.\n', ''),
                         self.said('purge', '--days', '1'))

    def test_days(self) -> None:
        for days in ('0', '-1', 'x', '1e9', '999999'):
            with mock.patch('sys.stderr', io.StringIO()):
                self.assertRaises(SystemExit, manage._parser().parse_args,
                                  ['db', 'purge', '--days', days])
