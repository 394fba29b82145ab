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

"""The commands, from a command line to what they print."""

import io
import json
import types
from typing import Any

from osc_lib import exceptions as osc_exceptions
import yaml

from glance_lifecycle.osc import doctor
from glance_lifecycle.osc import doctor_explain
from glance_lifecycle.tests.unit.audit.doctor import cases
from glance_lifecycle.tests.unit.audit.doctor import test_checks


class DoctorTest(cases.DoctorTestCase):

    def setUp(self) -> None:
        super().setUp()
        (self.work / 'glance-api.conf').write_text(test_checks.STORES)

    def run_it(self, *argv: str, command: Any = doctor.Doctor
               ) -> tuple[int, str]:
        out = io.StringIO()
        made = command(types.SimpleNamespace(stdout=out), None)
        parsed = made.get_parser('x').parse_args(argv)
        return made.run(parsed) or 0, out.getvalue()

    def doctor(self, *argv: str) -> tuple[int, str]:
        return self.run_it('--config-dir', str(self.work), *argv)

    def add(self, text: str) -> None:
        with (self.work / 'glance-api.conf').open('a') as file:
            file.write(text)

    def test_exit_codes(self) -> None:
        self.assertEqual(0, self.doctor()[0])
        self.add('[nobody]\nx = y\n')
        self.assertEqual(0, self.doctor('--strict')[0])
        self.add('[DEFAULT]\nenable_import_methods = []\n')
        self.assertEqual(4, self.doctor()[0])
        self.assertEqual(1, self.doctor('--strict')[0])
        (self.work / 'glance-image-import.conf').symlink_to('nowhere')
        self.assertEqual(3, self.doctor()[0])
        self.add('debug = x\n')
        self.assertEqual(1, self.doctor()[0])

    def test_formats(self) -> None:
        self.add('debug = x\n[DEFAULT]\ndebug = y\n')
        found = json.loads(self.doctor('-f', 'json')[1])
        self.assertEqual(found, yaml.safe_load(self.doctor('-f', 'yaml')[1]))
        self.assertEqual('GLC105', found['findings'][0]['code'])
        for name in ('table', 'csv', 'value'):
            self.assertIn('GLC105', self.doctor('-f', name)[1])
        self.assertEqual('GLC105\nGLC101\n', self.doctor(
            '-f', 'value', '-c', 'Code')[1])

    def test_hosts(self) -> None:
        for name in 'ab':
            path = self.work / name / 'etc/glance'
            path.mkdir(parents=True)
            (path / 'glance-api.conf').write_text(test_checks.STORES)
        code, said = self.run_it('--host', 'a=%s/a' % self.work,
                                 '--host', 'b=%s/b' % self.work)
        self.assertEqual(1, code)
        self.assertIn('GLC502', said)
        self.assertIn('on a, b', said)
        for argv in (('--host', 'a'), ('--host', '=x'),
                     ('--host', 'a=b', '--config-dir', 'c')):
            with self.assertRaises(SystemExit):
                self.run_it(*argv)
        with self.assertRaises(osc_exceptions.CommandError):
            self.run_it('--host', 'a=x', '--host', 'a=y')

    def test_beside(self) -> None:
        for name in ('c1', 'c2'):
            (self.work / name).mkdir()
            (self.work / name / 'nova.conf').write_text(
                '[workarounds]\ndisable_deep_image_inspection = true\n')
        (self.work / 'cinder.conf').write_text(
            '[DEFAULT]\nverify_glance_signatures = disabled\n')
        (self.work / 'x.conf').write_text('[client]\nkey = x\n')
        (self.work / 'rules').mkdir()
        (self.work / 'rules/policy.yaml').write_text('publicize_image: "@"\n')
        code, said = self.doctor(
            '--nova-conf', 'c1=%s/c1/nova.conf' % self.work,
            '--nova-conf', '%s/c2/nova.conf' % self.work,
            '--cinder-conf', 'volumes=%s/cinder.conf' % self.work,
            '--ceph-conf', '%s/x.conf' % self.work,
            '--policy-dir', '%s/rules' % self.work)
        self.assertEqual(1, code)
        for part in ('GLC812', 'on c1, %s/c2' % self.work, 'GLC822',
                     'on volumes', 'GLC833', 'GLC707'):
            self.assertIn(part, said)
        code, said = self.doctor('--nova-conf', '%s/none' % self.work)
        self.assertEqual(3, code)
        self.assertIn('GLC801', said)
        for wrong in ('=x', 'a='):
            with self.assertRaises(SystemExit):
                self.doctor('--nova-conf', wrong)

    def test_uwsgi(self) -> None:
        path = self.work / 'glance-api.ini'
        path.write_text('[uwsgi]\nmodule = glance.wsgi.api\n')
        self.assertNotIn('GLC407', self.doctor()[1])
        self.assertIn('GLC407', self.doctor('--uwsgi', str(path))[1])
        code, said = self.doctor('--uwsgi', '%s/none' % self.work)
        self.assertEqual(3, code)
        self.assertIn('GLC801', said)

    def test_this_host(self) -> None:
        staging = self.work / 'staging'
        staging.mkdir()
        staging.chmod(0o777)
        self.add('[os_glance_staging_store]\nfilesystem_store_datadir = %s\n'
                 % staging)
        self.assertNotIn('GLC309', self.doctor()[1])
        code, said = self.doctor('--this-host')
        self.assertEqual(1, code)
        self.assertIn('GLC309', said)
        with self.assertRaises(osc_exceptions.CommandError):
            self.run_it('--this-host', '--host', 'a=%s' % self.work)

    def test_mutes(self) -> None:
        self.add('[DEFAULT]\nenable_import_methods = []\n')
        path = self.work / 'mutes.yaml'
        path.write_text('version: 1\nmutes:\n  - {code: GLC101, until: '
                        '"2999-01-01", reason: Never mind.}\n')
        code, said = self.doctor('--mutes', str(path))
        self.assertEqual(0, code)
        self.assertIn('1 more, muted', said.replace('\n', ' '))
        path.write_text('nonsense')
        with self.assertRaises(osc_exceptions.CommandError):
            self.doctor('--mutes', str(path))

    def test_no_configuration(self) -> None:
        with self.assertRaises(osc_exceptions.CommandError):
            self.run_it('--config-dir', '/nonexistent')

    def test_sarif(self) -> None:
        path = self.work / 'x.sarif'
        self.add('debug = x\n')
        self.doctor('--sarif', str(path))
        self.assertIn('GLC101', path.read_text())
        with self.assertRaises(osc_exceptions.CommandError):
            self.doctor('--sarif', str(self.work))

    def test_explain(self) -> None:
        def explain(*argv: str) -> str:
            return self.run_it(*argv, command=doctor_explain.ExplainCheck)[1]

        self.assertIn('Wrong:', explain('glc101'))
        self.assertIn('GLC608 warning', explain())
        # Of causes and caches, too.
        self.assertIn('Name: import-dead. Severity: error.',
                      explain('glc052'))
        self.assertIn('GLC003 warning', explain())
        with self.assertRaises(osc_exceptions.CommandError):
            explain('GLC999')

    def test_parser(self) -> None:
        app: Any = types.SimpleNamespace()
        parsed = doctor.Doctor(app, None).get_parser('x').parse_args([])
        self.assertEqual('text', parsed.formatter)
