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

"""One moment after another, of what the model of recovery finds by chance."""
import io
import json
from unittest import mock

from glance_lifecycle.cmd import manage
from glance_lifecycle.cmd import manage_recover
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.tests.unit.cmd import test_asking
from glance_lifecycle.tests.unit.recovery import test_undoing


class AskedTest(test_undoing.OldJournalTestCase):
    """What is said when somebody is asked first."""

    def said(self, *args: str, answer: str = '',
             status: int = 0) -> tuple[str, str]:
        """What stands on standard output and on standard error."""
        parsed = manage._parser().parse_args(['recover', *args])
        conf = mock.Mock()
        conf.lifecycle.state_dir = self.cloud.state_dir('a')
        with mock.patch.object(manage_recover, 'CONF', conf), \
                mock.patch('sys.stdin', test_asking.Terminal(answer)), \
                mock.patch('sys.stdout', io.StringIO()) as out, \
                mock.patch('sys.stderr', io.StringIO()) as err:
            self.assertEqual(status, parsed.function(parsed))
        return out.getvalue(), err.getvalue()

    def test_no(self) -> None:
        self.write('s1')
        for option in ('--by-name', '--forget'):
            for answer in ('', '\n', 'n\n', 'yesterday\n'):
                out, err = self.said(option, self.task_id, answer=answer,
                                     status=1)
                self.assertEqual('Nothing is changed.\n', out)
                self.assertIn('DESTRUCTIVE', err)
        self.assertIn(self.task_id, self.said('--dry-run')[0])

    def test_yes(self) -> None:
        for option, args, answer in (('--by-name', (), 'y\n'),
                                     ('--forget', ('-y',), '')):
            with self.subTest(option):
                self.write('s1')
                self.cloud.path('s1').write_bytes(b'whose?')
                out, _err = self.said(option, self.task_id, *args,
                                      answer=answer)
                self.assertIn(self.task_id, out)
                self.assertEqual(option == '--forget',
                                 self.cloud.path('s1').exists())
                self.assertEqual(('Nothing to recover.\n', ''), self.said())

    def test_json(self) -> None:
        """A list, and nothing else, whatever there is."""
        self.assertEqual(('[]\n', ''), self.said('-f', 'json'))
        self.write('s1')
        for option, answer in (('--by-name', 'n\n'), ('--forget', '\n')):
            out, err = self.said(option, self.task_id, '-f', 'json',
                                 answer=answer, status=1)
            self.assertEqual([], json.loads(out))
            self.assertIn('DESTRUCTIVE', err)
        for args in (('--dry-run',), ()):
            plan, = json.loads(self.said('-f', 'json', *args)[0])
            self.assertEqual(self.task_id, plan['task_id'])
        self.assertEqual(('[]\n', ''), self.said('-f', 'json'))

    def test_it_cannot_be_recovered(self) -> None:
        """Which is not the same as that there is nothing to recover."""
        self.write('s1')
        for error, text in (
                (exceptions.StoreError(store='s1', detail='away'), 'away'),
                (OSError('/secret'), 'Unexpected OSError')):
            with self.subTest(text), mock.patch.object(
                    glance_host, 'settle', side_effect=error):
                out, _err = self.said(status=1)
                self.assertRegex(out, 'not recovered: .*stays on record: .*' +
                                 text)
                self.assertNotIn('secret', out)
                plan, = json.loads(self.said('-f', 'json', status=1)[0])
                self.assertIn(text, plan['failed'])
                self.assertIn(text, self.said(
                    '--forget', self.task_id, '-y', status=1)[0])
        self.assertIn(self.task_id, self.said()[0])
