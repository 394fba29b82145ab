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


import os
import pathlib
import subprocess
import sys
import tempfile
import unittest


class StatusTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = pathlib.Path(directory.name)
        self.conf = self.base / 'a.conf'

    def run_it(self, stdout: int = subprocess.PIPE
               ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-m', 'glance_lifecycle.cmd.status',
             '--config-file', str(self.conf), 'upgrade', 'check'],
            check=False, stdout=stdout, stderr=subprocess.PIPE, text=True)

    def test_configuration_of_no_use(self) -> None:
        """Which is none of the results of the check."""
        for data in (None, b'[DEFAULT]\nnothing\n', b'[DEFAULT]\nx = \xe4\n',
                     b'[DEFAULT]\ndebug = banana\n'):
            with self.subTest(data):
                if data is not None:
                    self.conf.write_bytes(data)
                done = self.run_it()
                self.assertEqual((255, ''), (done.returncode, done.stdout))
                self.assertRegex(
                    done.stderr, 'configuration cannot be used: '
                    '|is not UTF-8: |Invalid Boolean value: banana')
                self.assertNotIn('Traceback', done.stderr)

    def test_nobody_reads(self) -> None:
        self.conf.write_text(f'[lifecycle]\nstate_dir = {self.base}\n')
        read, write = os.pipe()
        os.close(read)
        try:
            done = self.run_it(write)
        finally:
            os.close(write)
        self.assertEqual('', done.stderr)
        self.assertEqual(0, done.returncode)
