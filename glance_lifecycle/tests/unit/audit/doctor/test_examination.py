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

import subprocess
import sys
import tracemalloc

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.doctor import cases

_LOADED = """
import sys
from glance_lifecycle.osc import doctor, doctor_explain
print(*sys.modules)
"""


class ExaminationTest(cases.DoctorTestCase):

    def test_worst_first(self) -> None:
        found = self.examined({'glance-api.conf': '[DEFAULT]\nworkers = 1\n'
                               'debug = x\nenable_import_methods = []\n'})
        ranks = [one.severity.rank for one in found]
        self.assertEqual(sorted(ranks), ranks)
        self.assertGreater(len(set(ranks)), 2)

    def test_counts(self) -> None:
        found = examination.examine(self.gathered({
            'glance-api.conf': '[DEFAULT]\ndebug = x\n'}), check.load_all())
        self.assertEqual((1, 1), (found.files, found.settings))
        self.assertEqual(1, [one.severity for one in found.findings].count(
            check.ERROR))
        self.assertEqual(('api',), found.hosts)

    def test_check_fails(self) -> None:
        """Others are made, and it is not taken for "all well"."""
        class Broken(check.Check):
            code = 'GLC999'

            def host(self, host: hosts.Host) -> list[finding.Finding]:
                raise KeyError('secret')
        found = examination.examine(self.gathered({
            'glance-api.conf': '[DEFAULT]\ndebug = x\n'}),
            [Broken, *check.load_all()]).findings
        self.assertEqual([check.ERROR, check.UNKNOWN],
                         [one.severity for one in found][:2])
        self.assertIn('KeyError', found[1].evidence)
        self.assertNotIn('secret', found[1].evidence)

    def test_nothing_there(self) -> None:
        self.assertRaises(
            exceptions.ConfigurationError, examination.gathered,
            [('a', self.work)], 33, local=True)

    def test_release(self) -> None:
        self.assertIn(examination.installed_release(), (31, 32, 33))

    def test_hostile(self) -> None:
        """Whatever a file is, there are findings, and no traceback."""
        for text in ('', '\ufeff[DEFAULT]\n', '[' * 10_000, '=\n' * 10_000,
                     '[a]\n' + 'b' * 1_000_000, '[DEFAULT]\n' + '$a' * 99_999,
                     '[DEFAULT]\nenabled_backends = ' + ','.join(
                         'a%d:rbd' % number for number in range(3000)),
                     '[DEFAULT]\nenabled_backends = DEFAULT:file\n',
                     '[DEFAULT]\nenabled_backends = lifecycle:rbd,[x]:file\n',
                     '[x\x1b[2J]\ny\x1b = \x07\n', '[DEFAULT]\n' + ''.join(
                         'debug = %d\n' % number for number in range(5000)),
                     '[lifecycle]\npolicy_file = /etc/glance\n',
                     '[lifecycle]\npolicy_file = \x1b\n',
                     '[DEFAULT]\nworker_self_reference_url = http://[x\n'):
            for files in ({'glance-api.conf': text},
                          {'a/glance-api.conf': text,
                           'b/glance-api.conf': text}):
                for one in self.examined(files):
                    for said in (one.subject, one.evidence, one.remedy):
                        self.assertLess(len(said), 5000)
                        self.assertNotIn('\x1b', said)
                        self.assertNotIn('\x07', said)

    def test_hostile_names(self) -> None:
        """Of files, which the host whose report it is has named."""
        found = self.examined({
            'glance-api.conf': '[DEFAULT]\ndebug = true\n',
            'glance-api.conf.d/\x1b[2J.conf': '[DEFAULT]\ndebug = false\n=\n',
            'glance-api.conf.d/\x1b]0;x.conf': '\0'})
        self.assertEqual({'GLC106', 'GLC107', 'GLC108'}, {
            one.code for one in found} - {'GLC201', 'GLC401', 'GLC301'})
        for one in found:
            for said in (one.subject, one.evidence, one.remedy):
                self.assertNotIn('\x1b', said)

    def test_imports_nothing_heavy(self) -> None:
        """"openstack --help" loads the commands, and must stay quick."""
        loaded = subprocess.run(
            [sys.executable, '-c', _LOADED], check=True, text=True,
            capture_output=True).stdout.split()
        self.assertEqual([], [name for name in loaded if name.startswith((
            'oslo_config.', 'glance_lifecycle.audit.doctor',
            'glance_lifecycle.policy', 'jsonschema', 'yaml'))
            and name not in _OF_CLIFF])

    def test_twenty_hosts(self) -> None:
        """Without a limit of time, which no test has, but of memory."""
        text = '[DEFAULT]\nenabled_backends = fast:rbd\n' + ''.join(
            '# a comment\n[section%d]\noption = value\n' % number
            for number in range(300))
        checks = check.load_all()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        found = examination.examine(self.gathered({
            'h%d/glance-api.conf' % number: text for number in range(20)}),
            checks)
        self.assertEqual(20, len(found.hosts))
        self.assertLess(len(found.findings), 1000)
        _now, peak = tracemalloc.get_traced_memory()
        self.assertLess(peak, 100 * 1024 ** 2)


# What osc_lib loads by itself.
_OF_CLIFF: set[str] = set()
