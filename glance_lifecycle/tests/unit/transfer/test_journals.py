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

"""Of all journals, those of the dead are found, and no others."""

import os
import subprocess
import sys
from unittest import mock

from glance_lifecycle.tests.unit.transfer import journal_case
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import journal_file
from glance_lifecycle.transfer import journals

SCANNER = '''
import sys, threading
from glance_lifecycle.transfer import journals
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set())).start()
print('ready', flush=True)
looks = taken = 0
while not stop.is_set():
    looks += 1
    for dead in journals.abandoned(sys.argv[1]):
        # Not the one that its owner removes just now.
        taken += not dead.record.stores
        dead.close()
print(looks, taken)
'''


class JournalsTest(journal_case.JournalTestCase):

    def test_of_one_image(self) -> None:
        """Whoever has those of others, and they find theirs meanwhile."""
        for task, image in (('a', 'one'), ('b', 'two'), ('c', 'one')):
            journal.create(self.state, task, image).close()
        found = []
        for dead in journals.abandoned_of(self.state, 'one'):
            found.append(dead.record.task_id)
            (other,) = journals.abandoned_of(self.state, 'two')
            other.close()
            dead.close()
        self.assertEqual(['a', 'c'], found)
        self.assertEqual([], list(journals.abandoned_of(self.state, 'none')))

    def test_of_one_image_that_another_recovers(self) -> None:
        journal.create(self.state, 'task', 'image').close()
        busy = next(journals.abandoned(self.state))
        with mock.patch('glance_lifecycle.transfer.journals.time.sleep',
                        side_effect=lambda _seconds: busy.close()):
            (dead,) = journals.abandoned_of(self.state, 'image')
        dead.remove()
        self.assertEqual([], list(journals.abandoned_of(self.state, 'image')))

    def test_of_one_image_that_another_has_removed(self) -> None:
        journal.create(self.state, 'task', 'image').close()
        busy = next(journals.abandoned(self.state))
        with mock.patch('glance_lifecycle.transfer.journals.time.sleep',
                        side_effect=lambda _seconds: busy.remove()):
            self.assertEqual(
                [], list(journals.abandoned_of(self.state, 'image')))

    def test_of_one_image_that_does_not_end(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        self.addCleanup(live.close)
        with mock.patch.object(journals, '_PATIENCE', 0.0):
            self.assertEqual(
                [], list(journals.abandoned_of(self.state, 'image')))
        live.close()
        waits = journal.awaited(self.state, 'task')
        self.addCleanup(os.close, waits)
        # A worker has it, or will have it.
        self.none_at_once('image')

    def test_of_ones_own_image(self) -> None:
        """Or every import would wait for itself."""
        live = journal.create(self.state, 'task', 'image')
        self.addCleanup(live.close)
        self.none_at_once('image', own='task')

    def none_at_once(self, *args: str, **kwargs: str) -> None:
        with mock.patch('glance_lifecycle.transfer.journals.time.sleep',
                        side_effect=AssertionError('it waits')):
            self.assertEqual([], list(journals.abandoned_of(
                self.state, *args, **kwargs)))

    def test_nobody_sees_one_unlocked(self) -> None:
        """Who looks for the dead never takes one from its maker."""
        scanner = subprocess.Popen(
            [sys.executable, '-c', SCANNER, self.state],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert scanner.stdin is not None and scanner.stdout is not None
        self.assertEqual('ready\n', scanner.stdout.readline())
        for number in range(500):
            live = journal.create(self.state, 'task-%d' % number, 'image')
            live.note(stores=['s1'])
            live.remove()
        found, _ = scanner.communicate('\n')
        looks, taken = map(int, found.split())
        self.assertGreater(looks, 10)
        self.assertEqual(0, taken)
        self.assertEqual([], os.listdir(self.path().parent))

    def test_what_a_maker_left_is_swept(self) -> None:
        journal.create(self.state, 'task', 'image').remove()
        left = self.path().parent / ('.x' + journal_file.NEW_SUFFIX)
        left.touch()
        self.assertEqual([], self.abandoned())
        self.assertFalse(left.exists())

    def test_seen(self) -> None:
        """Looked at, and left as they are, with their owners."""
        self.assertEqual([], list(journals.seen(self.state)))
        alive = journal.create(self.state, 'alive', 'i1')
        dead = journal.create(self.state, 'dead', 'i2')
        dead.close()
        for _again in range(2):
            self.assertEqual(
                [('alive', 'i1', True), ('dead', 'i2', False)],
                [(record.task_id, record.image_id, lives)
                 for record, lives in journals.seen(self.state)])
        self.assertTrue(dead.retake())
        dead.close()
        alive.close()

    def test_no_directory(self) -> None:
        self.assertEqual([], list(journals.abandoned('/nonexistent')))
        self.assertEqual([], list(journals.seen('/nonexistent')))
