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

"""The data of the doctor is what the installed Glance has."""

import pathlib
import subprocess
import sys

import testtools

TOOL = pathlib.Path(__file__).parents[3] / 'tools/doctor-options'


class OptionsDataTest(testtools.TestCase):

    def test_as_installed(self) -> None:
        """tools/doctor-options makes what is shipped, for each release."""
        done = subprocess.run(
            [sys.executable, str(TOOL), '--check'], capture_output=True,
            text=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
