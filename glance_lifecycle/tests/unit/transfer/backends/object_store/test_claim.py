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

"""One writer of an object in this host."""

import signal
import subprocess
import sys
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import claim

_HOLDER = '''
import time
from glance_lifecycle.transfer.backends.object_store import claim
assert claim.Claim('one', 'a', 'b').take()
kept = claim.Claim('one', 'place', 'key')
assert kept.take()
print('taken', flush=True)
time.sleep(1000000)
'''


class ScopeTest(unittest.TestCase):

    def test_same_for_all_of_this_host(self) -> None:
        told = subprocess.run(
            [sys.executable, '-c',
             'from glance_lifecycle.transfer.backends.object_store '
             'import claim; print(claim.scope())'],
            stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertEqual(claim.scope(), told.strip())
        with open('/proc/sys/kernel/random/boot_id') as stream:
            self.assertNotIn(claim.scope(), stream.read())


class ClaimTest(unittest.TestCase):

    def make(self, *place: str) -> claim.Claim:
        made = claim.Claim('one', *place)
        self.addCleanup(made.close)
        return made

    def test_once(self) -> None:
        first, second = self.make('here', 'key'), self.make('here', 'key')
        self.assertTrue(first.take())
        self.assertFalse(second.take())
        with self.assertRaisesRegex(exceptions.StoreDuplicate, 'one'):
            second.take_to_write()
        with self.assertRaisesRegex(exceptions.StoreError, 'image x'):
            second.take_to_undo('x')
        first.close()
        first.close()
        second.take_to_write()

    def test_places(self) -> None:
        for place in (('a', 'b'), ('ab',), ('a', 'b', ''), ('b', 'a')):
            self.assertTrue(self.make(*place).take())

    def test_taken(self) -> None:
        with claim.taken('one', 'a', 'key') as first:
            with claim.taken('one', 'a', 'key') as second:
                self.assertEqual((True, False), (first, second))
            self.assertFalse(self.make('a', 'key').take())
        self.assertTrue(self.make('a', 'key').take())

    def test_ends_with_its_process(self) -> None:
        holder = subprocess.Popen([sys.executable, '-c', _HOLDER],
                                  stdout=subprocess.PIPE)
        assert holder.stdout is not None
        with holder.stdout:
            self.assertEqual(b'taken\n', holder.stdout.readline())
            self.assertFalse(self.make('place', 'key').take())
            holder.send_signal(signal.SIGKILL)
            holder.wait()
        self.assertTrue(self.make('place', 'key').take())
