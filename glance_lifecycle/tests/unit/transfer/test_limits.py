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

import json
import os
import signal
import struct
import subprocess
import sys

from oslotest import base

from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import limits
from glance_lifecycle.transfer import namespaces

# A filter that denies nothing.
ALLOWED = struct.pack('=HBBI', 0x06, 0, 0, 0x7fff0000)


class LimitsTest(base.BaseTestCase):

    def run_limited(self, script: str,
                    **values: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            limits.command(['/bin/sh', '-c', script], **values),
            capture_output=True, text=True, check=False)

    def test_values(self) -> None:
        result = self.run_limited(
            'ulimit -v; ulimit -St; ulimit -Ht; ulimit -f; ulimit -c',
            **{'as': 1 << 30, 'cpu': 50, 'fsize': 1 << 20})
        self.assertEqual(['1048576', '50', '52', '2048', '0'],
                         result.stdout.split())

    def test_tighter_ones_stay(self) -> None:
        argv = limits.command(['/bin/sh', '-c', '"ulimit -t"'], cpu=50)
        # The limits' parent is this shell, not us.
        argv[4] = '$$'
        result = subprocess.run(
            ['/bin/sh', '-c', 'ulimit -t 30; %s; :' % ' '.join(argv)],
            capture_output=True, text=True, check=True)
        self.assertEqual('30', result.stdout.strip())

    def test_too_much_written(self) -> None:
        result = self.run_limited(
            'f=$(mktemp); exec 9>$f; rm $f; exec head -c 100000 /dev/zero '
            '>&9', fsize=4096)
        self.assertEqual(-signal.SIGXFSZ, result.returncode)

    def test_capabilities(self) -> None:
        """Of root's, those that open files are left to who is confined."""
        said = subprocess.run(
            limits.command(['/bin/grep', '-E', 'Cap(Inh|Prm|Eff|Amb)',
                            '/proc/self/status'], (-1, ALLOWED, '')),
            capture_output=True, text=True, check=True).stdout
        found = {int(line.split()[1], 16) for line in said.splitlines()}
        self.assertEqual({0, 0b11111} if os.getuid() == 0 else {0}, found)

    def test_told_later(self) -> None:
        """What to run, with which limits and which environment."""
        said = subprocess.run(
            limits.command([]), text=True, capture_output=True, check=False,
            input=json.dumps({
                'argv': ['/bin/sh', '-c', 'ulimit -v; echo $A $HOME'],
                'limits': {'as': 1 << 30}, 'env': {'A': 'b'}}) + '\n')
        self.assertEqual('1048576\nb\n', said.stdout, said.stderr)

    def test_never_told(self) -> None:
        ended = subprocess.run(limits.command([]), stdin=subprocess.DEVNULL,
                               check=False)
        self.assertEqual(1, ended.returncode)

    def test_dies_with_its_parent(self) -> None:
        self._dies_with_its_parent('limits.NO_WALLS')

    def test_dies_with_its_parent_in_a_root_of_its_own(self) -> None:
        self.assertTrue(namespaces.available(sys.executable),
                        'This machine has no user name spaces.')
        self._dies_with_its_parent(
            '(-1, b"", \'{"rules": [["/bin", false], ["/usr", false], '
            '["/lib", false], ["/lib64", false]], "reads": []}\')')

    def _dies_with_its_parent(self, walls: str) -> None:
        parent = subprocess.Popen(
            [sys.executable, '-c',
             'import subprocess, sys\n'
             'from glance_lifecycle.transfer import limits\n'
             'p = subprocess.Popen(limits.command('
             '["/bin/sh", "-c", "echo $$; exec sleep 1000000"], %s))\n'
             'p.wait()\n' % walls], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        waiting.until('it is gone', lambda: not _alive(child))

    def test_parent_already_dead(self) -> None:
        result = subprocess.run(
            [sys.executable, limits.__file__, '1', '--', '/bin/echo', 'x'],
            capture_output=True, text=True, check=False)
        self.assertEqual((1, ''), (result.returncode, result.stdout))


def _alive(pid: int) -> bool:
    try:
        with open('/proc/%d/stat' % pid) as status:
            return status.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False
