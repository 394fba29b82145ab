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
import resource
import signal
import subprocess
import sys

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer import journal_case
from glance_lifecycle.transfer.backends.file import sink as file_sink
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import journal_file
from glance_lifecycle.transfer import journal_record

TARGET = jobs.Target('s1', '', {'datadirs': [['/x', 0]]}, driver='file')

# One journal of each version, as it lay on disk.
VERSION_1 = '''\
{"task_id": "task", "image_id": "image"}
{"method": "glance-direct", "stores": ["s1", "s2"], "staged": "/x/image"}
{"disk_format": "qcow2", "container_format": "bare"}
{"targets": [{"store": "s1", "entry": \
"glance_lifecycle.transfer.sink.file:FileSink", "options": {"datadirs": \
[["/x", 0]]}, "name": ""}, {"store": "s2", "entry": "other.package:Sink", \
"options": {}, "name": ""}]}
'''

VERSION_2 = '''
{"version": 2, "task_id": "task", "image_id": "image"}

{"method": "glance-direct", "stores": ["s1"], "staged": "/x/image"}

{"targets": [{"store": "s1", "options": {"datadirs": [["/x", 0]]}, \
"name": "", "driver": "file"}]}

{"created": ["s1", {"datadir": "/x", "filesystem": 7, "inode": 12, \
"generation": 3}]}
'''


class JournalTest(journal_case.JournalTestCase):

    def test_what_was_noted_is_read(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        live.note(method='glance-direct', stores=['s1'])
        live.note(targets=[TARGET], staged='first')
        live.note(staged='second')
        live.close()
        self.assertEqual(
            [journal_record.Record('task', 'image', method='glance-direct',
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

    def test_awaited(self) -> None:
        """Who waits for a worker keeps the journal, whoever has its lock."""
        live = journal.create(self.state, 'task', 'image')
        waits = journal.awaited(self.state, 'task')
        live.close()
        self.assertEqual([], self.abandoned())
        taken = journal.take(self.state, 'task')
        assert taken is not None
        taken.note(failure={'error': 'x'})
        # The worker has it.
        self.assertFalse(live.retake())
        self.assertIsNone(journal.take(self.state, 'task'))
        self.assertEqual([], self.abandoned())
        os.close(waits)
        self.assertEqual([], self.abandoned())
        taken.close()
        self.assertEqual([{'error': 'x'}],
                         [record.failure for record in self.abandoned()])

    def test_awaited_by_a_process_that_dies(self) -> None:
        journal.create(self.state, 'task', 'image').close()
        waits = journal.awaited(self.state, 'task')
        child = subprocess.Popen([sys.executable, '-c', 'input()'],
                                 stdin=subprocess.PIPE, pass_fds=[waits])
        os.close(waits)
        self.assertEqual([], self.abandoned())
        child.kill()
        child.communicate()
        self.assertEqual(1, len(self.abandoned()))

    def test_retaken(self) -> None:
        """With what the worker has noted, and removed as a whole."""
        live = journal.create(self.state, 'task', 'image')
        live.note(offloaded='import:h:task', handed={'plan': {'a': [1]}})
        waits = journal.awaited(self.state, 'task')
        live.close()
        taken = journal.take(self.state, 'task')
        assert taken is not None
        self.assertEqual(({'plan': {'a': [1]}}, 'import:h:task'), (
            taken.record.handed, taken.record.offloaded))
        taken.note(targets=[TARGET], failure=None)
        taken.created('s1', {'inode': 1})
        taken.close()
        self.assertTrue(live.retake())
        self.assertEqual(([TARGET], [{'inode': 1}]), (
            live.record.targets, live.record.marks('s1')))
        self.assertEqual([], self.abandoned())
        live.remove()
        os.close(waits)
        self.assertEqual([], os.listdir(self.path().parent))
        self.assertFalse(live.retake())
        self.assertIsNone(journal.take(self.state, 'task'))

    def write(self, text: str) -> None:
        self.path().parent.mkdir(exist_ok=True)
        self.path().write_text(text)

    def test_version_1(self) -> None:
        self.write(VERSION_1)
        (record,) = self.abandoned()
        self.assertEqual(1, record.version)
        self.assertEqual(
            [TARGET, jobs.Target('s2', 'other.package:Sink', {})],
            record.targets)
        self.assertIs(file_sink.FileSink, record.targets[0].load())
        self.assertEqual([], record.marks('s1'))
        self.assertEqual('qcow2', record.disk_format)

    def test_version_2(self) -> None:
        self.write(VERSION_2)
        (record,) = self.abandoned()
        self.assertEqual(2, record.version)
        self.assertEqual([TARGET], record.targets)
        self.assertEqual([{'datadir': '/x', 'filesystem': 7, 'inode': 12,
                           'generation': 3}], record.marks('s1'))
        self.assertEqual([], record.marks('s2'))

    def test_version_of_today(self) -> None:
        """Who changes the format adds a test like those above."""
        self.assertEqual(2, journal_record.VERSION)
        live = journal.create(self.state, 'task', 'image')
        live.note(method='glance-direct', stores=['s1'], staged='/x/image')
        live.note(targets=[TARGET])
        live.created('s1', {'datadir': '/x', 'filesystem': 7, 'inode': 12,
                            'generation': 3})
        live.close()
        self.assertEqual(VERSION_2, self.path().read_text())

    def test_a_later_version_is_left_alone(self) -> None:
        self.write(VERSION_2.replace('2', '3', 1))
        with self.assertLogs('glance_lifecycle', 'ERROR'):
            self.assertEqual([], self.abandoned())
        self.assertEqual(VERSION_2.replace('2', '3', 1),
                         self.path().read_text())

    def test_no_module_is_named(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        live.note(targets=[jobs.Target('s1', 'a.module:Sink', {},
                                       driver='file')])
        live.close()
        self.assertNotIn('a.module', self.path().read_text())

    def test_a_driver_that_is_not_installed(self) -> None:
        self.write(VERSION_2.replace('"driver": "file"', '"driver": "gone"'))
        (record,) = self.abandoned()
        with self.assertRaisesRegex(exceptions.ConfigurationError, 'gone'):
            record.targets[0].undo('image', [])

    def test_marks_of_the_child(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        self.addCleanup(live.close)
        live.created('s1', {'inode': 1})
        journal_file.append(live.fd, {'created': ['s1', {'inode': 2}]})
        journal_file.append(live.fd, {'created': ['s2', {'inode': 3}]})
        self.assertEqual([{'inode': 1}], live.record.marks('s1'))
        live.reread()
        self.assertEqual({'s1': [{'inode': 1}, {'inode': 2}],
                          's2': [{'inode': 3}]}, live.record.created)

    def test_after_a_torn_line(self) -> None:
        """A child died in its line, and its parent goes on."""
        live = journal.create(self.state, 'task', 'image')
        os.write(live.fd, b'{"created": ["s1", {"ino')
        live.created('s1', {'inode': 2})
        live.close()
        self.assertEqual([{'inode': 2}], self.abandoned()[0].marks('s1'))

    def test_a_state_directory_that_is_full(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        self.addCleanup(live.close)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = self.path().stat().st_size
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGXFSZ, handler)
        # Some of the line fits, and all of it must.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, hard))
        try:
            with self.assertRaises(exceptions.ConfigurationError):
                live.created('s1', {'inode': 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def test_a_torn_line(self) -> None:
        live = journal.create(self.state, 'task', 'image')
        live.note(stores=['s1'])
        os.write(live.fd, b'{"stores": ["s1", "s')
        # What is left of a line can be JSON.
        os.write(live.fd, b'\n12\n')
        live.close()
        self.assertEqual(['s1'], self.abandoned()[0].stores)

    def test_empty(self) -> None:
        self.path().parent.mkdir()
        self.path().touch()
        self.assertEqual([journal_record.Record('task', '', version=1)],
                         self.abandoned())

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
        path = pathlib.Path(self.state, 'file')
        path.touch()
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'state_dir'):
            journal.create(str(path), 'task', 'image')

    def test_nobody_else_may_read(self) -> None:
        journal.create(self.state, 'task', 'image').close()
        self.assertEqual(0o600, self.path().stat().st_mode & 0o777)
