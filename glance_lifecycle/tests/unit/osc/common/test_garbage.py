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

"""Python looks for garbage seldom, and as before afterwards."""

import gc
import subprocess
import sys
import unittest

from glance_lifecycle.osc.common import garbage


# What is registered first is called last.
_ENDS = '''
import argparse
import atexit
import gc
from osc_lib.command import command
from glance_lifecycle.osc.common import garbage

class Command(garbage.Seldom, command.Command):
    auth_required = False
    def take_action(self, parsed_args):
        self.kept = [{} for _one in range(1000)]

atexit.register(lambda: print(len(gc.get_objects())))
Command(argparse.Namespace(), None).run(argparse.Namespace())
'''


class SeldomTest(unittest.TestCase):

    def test_as_before(self) -> None:
        before = gc.get_threshold()
        with garbage.seldom():
            self.assertGreater(gc.get_threshold()[0], 100 * before[0])
            self.assertTrue(gc.isenabled())
        self.assertEqual(before, gc.get_threshold())

    def test_end(self) -> None:
        """When a process ends, nothing is left to look through."""
        said = subprocess.run([sys.executable, '-c', _ENDS], check=True,
                              capture_output=True, text=True).stdout
        self.assertEqual('0\n', said)

    def test_failed(self) -> None:
        before = gc.get_threshold()
        with self.assertRaises(LookupError), garbage.seldom():
            raise LookupError
        self.assertEqual(before, gc.get_threshold())
