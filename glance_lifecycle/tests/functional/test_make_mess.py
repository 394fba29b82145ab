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

"""``tools/make-mess``, in the Glance that it is told, and in no other."""

import os
import pathlib
import subprocess
import sys

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import identity
from glance_lifecycle.tests.functional import mess
from glance_lifecycle.tests.functional import mess_case
from glance_lifecycle.tests.functional import test_hygiene
from glance_lifecycle.tests import waiting

TOP = pathlib.Path(__file__).parents[3]


class MakeMessTest(test_hygiene.FileHygieneCase):

    def make(self, *argv: str, code: int = 0, said: str = '',
             config_of: glance.GlanceApi | None = None) -> str:
        environ = {name: value for name, value in os.environ.items()
                   if not name.startswith('OS_')}
        done = subprocess.run(
            [sys.executable, TOP / 'tools/make-mess', '--out',
             self.work / 'mess', '--config-file',
             (config_of or self.api).etc / 'glance-api.conf', '--number', '1',
             *argv],
            env={**environ, 'OS_AUTH_TYPE': 'admin_token',
                 'OS_TOKEN': identity.token('admin', 'admin', ('admin',)),
                 'OS_ENDPOINT': f'{self.api.url}/v2',
                 'PYTHONPATH': str(TOP)},
            input=said, text=True, capture_output=True, check=False,
            timeout=waiting.BOUND)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_make_and_check(self) -> None:
        self.make(said='mess\n')
        made = mess.load((self.work / 'mess/manifest.json').read_text())
        self.assertEqual(
            {'orphan', 'unfinished', 'unregistered'},
            {one.what for one in made.needless})
        rows = self.found('--export', str(self.work / 'mess/west'),
                          '--unsigned', code=1)
        self.assertEqual(
            sorted(one.path for one in made.needless),
            sorted(row['Object'] for row in rows
                   if row['Severity'] == 'warning'))
        self.assertIn('3 of 3 that can go are there', self.make('--check'))
        pathlib.Path(made.stay[0].path).unlink()
        self.assertIn(f'is not as it was: {made.stay[0].path}',
                      self.make('--check', code=1))

    def test_it_asks(self) -> None:
        for said in ('', 'y\n'):
            text = self.make(said=said, code=1)
            self.assertIn('DESTRUCTIVE', text)
            self.assertIn('Nothing was done', text)
        self.assertEqual([], self.admin.list_images())
        self.assertEqual([], list(self.work.iterdir()))

    def test_another_glance(self) -> None:
        other = self.useFixture(glance.GlanceApi(autostart=False))
        text = self.make('--yes', code=1, config_of=other)
        self.assertIn('The configuration is that of another Glance', text)
        self.assertEqual([], self.admin.list_images())
        for api in (self.api, other):
            self.assertEqual({}, mess_case.tree(api))
