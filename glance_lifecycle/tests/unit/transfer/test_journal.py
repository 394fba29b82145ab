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

"""A journal tells what was begun, and whether anybody is still at it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal

TARGET = jobs.Target('s1', 'a.module:Sink', {'datadirs': [['/x', 0]]})


class JournalTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.state = directory.name

    def path(self, task: str = 'task') -> pathlib.Path:
        return pathlib.Path(self.state, 'transfers', task + '.json')

    def abandoned(self) -> list[journal.Record]:
        found = []
        for dead in journal.abandoned(self.state):
            found.append(dead.record)
            dead.close()
        return found

    def test_what_was_noted_is_read(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        live.note(method='glance-direct', stores=['s1'])
        live.note(targets=[TARGET], staged='first')
        live.note(staged='second')
        live.close()
        self.assertEqual(
            [journal.Record('task', 'image', method='glance-direct',
                            stores=['s1'], targets=[TARGET],
                            staged='second')], self.abandoned())

    def test_a_live_one_is_not_abandoned(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        self.assertEqual([], self.abandoned())
        self.assertTrue(journal.exists(self.state, 'task'))
        live.close()
        self.assertEqual(1, len(self.abandoned()))

    def test_a_child_that_lives_keeps_it(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        child = subprocess.Popen(
            [sys.executable, '-c', 'input()'], stdin=subprocess.PIPE,
            pass_fds=[live.fd])
        live.close()
        self.assertEqual([], self.abandoned())
        child.communicate(b'\n')
        self.assertEqual(1, len(self.abandoned()))

    def test_a_torn_line(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        live.note(stores=['s1'])
        os.write(live.fd, b'{"stores": ["s1", "s')
        live.close()
        self.assertEqual(['s1'], self.abandoned()[0].stores)

    def test_empty(self) -> None:
        self.path().parent.mkdir()
        self.path().touch()
        self.assertEqual([journal.Record('task', '')], self.abandoned())

    def test_fields_of_another_release(self) -> None:
        journal.create(self.state, 'task', 'image').close()
        with self.path().open('a') as lines:
            lines.write(json.dumps({'invented': 1}) + '\n')
        self.assertEqual('image', self.abandoned()[0].image_id)

    def test_removed(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        live.remove()
        self.assertFalse(self.path().exists())
        self.assertEqual([], self.abandoned())

    def test_held_by_another(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        self.addCleanup(live.close)
        self.assertRaises(exceptions.ConfigurationError, journal.create,
                          self.state, 'task', 'image')

    def test_no_directory(self) -> None:
        self.assertEqual([], list(journal.abandoned('/nonexistent')))
        path = pathlib.Path(self.state, 'file')
        path.touch()
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'state_dir'):
            journal.create(str(path), 'task', 'image')

    def test_nobody_else_may_read(self) -> None:
        journal.create(self.state, 'task', 'image').close()
        self.assertEqual(0o600, self.path().stat().st_mode & 0o777)
