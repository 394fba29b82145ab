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

"""What every sink must do, as a mix-in: one small class for each sink."""

from collections.abc import Sequence
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any
from typing import ClassVar

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.stores import noted
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import sink as sinks

IMAGE = helpers.IMAGE

# Tells its marks, says where it is and sleeps there until it is killed; or
# dies by itself when it has made something: before or after that is noted.
_VICTIM = '''
import json, os, sys, time
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer import job
entry, options, unit, until, dies_at, noted = json.loads(sys.argv[1])
image = helpers.Image(helpers.noise(unit + 300000), 4096, b'tail')
sink = job.load(entry)('one', helpers.IMAGE, options)
def note(store, mark):
    dies = len(sink.marks) == dies_at
    if not dies or noted:
        print(json.dumps(mark), flush=True)
    if dies:
        os.kill(os.getpid(), 9)
sink.note = note
sink.begin(len(image.content))
helpers.feed(sink, image, until)
if until == 3:
    sink.commit()
print('there', flush=True)
time.sleep(1000000)
'''


class Matrix(noted.Noted):
    """Tests of one sink; the rest is for its class to say.

    :cvar entry: ``module:class`` of the sink
    :cvar unit: bytes after which the store begins a new part, segment or
        object: the sizes around it are tried
    :cvar keeps: it stores anything at all
    :cvar hides: nothing is visible before commit
    :cvar tells_living: it knows a living writer from a dead one
    :cvar holes: zeros are not written
    :cvar shares_name: an unfinished object does not take the image's name
    """

    entry: ClassVar[str]
    unit: ClassVar[int] = helpers.CHUNK
    keeps: ClassVar[bool] = True
    hides: ClassVar[bool] = True
    tells_living: ClassVar[bool] = True
    holes: ClassVar[bool] = False
    shares_name: ClassVar[bool] = True

    # What the class of a sink has to say.

    def matrix_options(self) -> dict[str, Any]:
        """What ``describe`` returned for a store that can be written."""
        raise NotImplementedError

    def content(self) -> bytes | None:
        """What readers of the store see by the image's name, or None."""
        raise NotImplementedError

    def left(self) -> list[str]:
        """Whatever is in the store, visible or not."""
        raise NotImplementedError

    def put_foreign(self, content: bytes) -> None:
        """Store an object by the image's name, as somebody else."""
        helpers.store(jobs.load(self.entry)(
            'one', IMAGE, self.matrix_options()), helpers.Image(content))

    def put_unfinished(self) -> None:
        """Begin to store one, as somebody else who is still at it."""

    def matrix_away(self) -> dict[str, Any] | None:
        """Options of a store that is not there, though ours was.

        None where that is tested elsewhere.
        """
        return None

    # Tools.

    def matrix_sink(self) -> sinks.Sink:
        sink: sinks.Sink = self.noting(jobs.load(self.entry)(
            'one', IMAGE, self.matrix_options()))
        return sink

    def matrix_undo(self, created: Sequence[sinks.Mark] | None = None) -> bool:
        """:param created: of all sinks of this test, if they are not given
        """
        return bool(jobs.load(self.entry).undo(
            'one', IMAGE, self.matrix_options(),
            self.created if created is None else created))

    def matrix_absent(self) -> sinks.Mark:
        mark: sinks.Mark = jobs.load(self.entry).absent(
            'one', IMAGE, self.matrix_options())
        self.note('one', mark)
        if sinks.BEGUN in mark:
            after = time.time() + sinks.PRECISION
            waiting.until('its second is over', lambda: time.time() > after)
        return self.created.pop()

    def remove_foreign(self) -> None:
        self.assertTrue(self.matrix_undo([sinks.since(0)]))
        self.assertTrue(self.content() is None)

    @property
    def some(self) -> helpers.Image:
        """An image that is more than one unit, with zeros."""
        return helpers.Image(helpers.noise(self.unit + 300000), 4096, b'tail')

    def begun(self, image: helpers.Image, until: int) -> sinks.Sink:
        sink = self.matrix_sink()
        sink.begin(len(image.content), image.data_size)
        helpers.feed(sink, image, until)
        return sink

    def assert_content(self, expected: bytes) -> None:
        content = self.content()
        if not self.keeps:
            return
        assert content is not None
        # Not assertEqual: it would print both.
        self.assertEqual(len(expected), len(content))
        self.assertTrue(expected == content, 'the content differs')

    def assert_empty(self) -> None:
        self.assertEqual([], self.left())

    def check_stored(self, image: helpers.Image) -> None:
        sink = self.matrix_sink()
        stored = helpers.store(sink, image)
        self.assertEqual('one', stored.metadata['store'])
        self.assertIn(IMAGE, stored.url)
        self.assert_content(image.content)
        if self.keeps and not self.holes:
            self.assertEqual(len(image.content), sink.bytes_written)
        if self.holes:
            self.assertLessEqual(sink.bytes_written, image.data_size)
        self.assertEqual(self.keeps, self.matrix_undo())
        self.assert_empty()

    def kill_child(self, until: int, dies_at: int = 0,
                   noted: bool = True) -> bool:
        """Have a transfer killed.

        :param until: pieces that it has written; 3: it has committed
        :param dies_at: rather at the mark of that number, counted from 1
        :param noted: when this one is noted already
        :returns: whether it came to where it was to be killed
        """
        child = subprocess.Popen(
            [sys.executable, '-c', _VICTIM, json.dumps(
                [self.entry, self.matrix_options(), self.unit, until,
                 dies_at, noted])],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert child.stdout is not None
        lines = []
        with child.stdout:
            try:
                while (line := child.stdout.readline()) not in (
                        b'there\n', b''):
                    lines.append(line)
            finally:
                os.kill(child.pid, signal.SIGKILL)
                child.wait()
        for mark in lines:
            self.note('one', json.loads(mark))
        return bool(dies_at) == (line == b'')

    # The matrix.

    def test_layouts(self) -> None:
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                self.check_stored(image)

    def test_sizes(self) -> None:
        unit = self.unit
        for size in (0, 1, unit - 1, unit, unit + 1, 2 * unit - 1, 2 * unit,
                     3 * unit + 7):
            with self.subTest(size):
                self.check_stored(helpers.Image(helpers.noise(size))
                                  if size else helpers.Image())
            with self.subTest(size, kind='zeros'):
                self.check_stored(helpers.Image(size))

    def test_nothing_is_visible_before_commit(self) -> None:
        if not self.hides:
            self.skipTest('its driver shows what it writes')
        for image in (self.some, helpers.Image(b'small', 7, b'x')):
            sink = self.begun(image, 3)
            self.assertTrue(self.content() is None)
            sink.commit()
            self.assert_content(image.content)
            self.assertEqual(self.keeps, self.matrix_undo())

    def test_abort_at_every_call(self) -> None:
        for until in range(4):
            with self.subTest(until):
                sink = self.begun(self.some, until)
                sink.abort()
                sink.abort()
                self.assertTrue(self.content() is None)
                self.assert_empty()

    def test_abort_before_begin(self) -> None:
        self.matrix_sink().abort()
        self.assert_empty()

    def test_abort_after_commit_keeps_it(self) -> None:
        sink = self.matrix_sink()
        helpers.store(sink, self.some)
        sink.abort()
        self.assert_content(self.some.content)
        self.matrix_undo()
        self.assert_empty()

    def test_nothing_is_left_running(self) -> None:
        if not self.keeps:
            return

        def state() -> tuple[int, int]:
            # urllib3 leaves its sockets to the collector.
            gc.collect()
            return (threading.active_count(),
                    len(os.listdir('/proc/self/fd')))

        # Libraries keep some for themselves, once.
        self.check_stored(self.some)
        threads, files = state()
        for _ in range(4):
            self.check_stored(self.some)
            self.begun(self.some, 1).abort()

        def closed() -> bool:
            # What a service keeps in this process ends a little later.
            more_threads, more_files = state()
            return more_threads - threads < 3 and more_files - files < 3
        transfer.until('what was open is closed', closed,
                       interval=0.2)

    def test_too_few_bytes(self) -> None:
        if not self.keeps:
            return
        sink = self.begun(self.some, 2)
        self.assertRaises(exceptions.InternalError, sink.commit)
        sink.abort()
        self.assert_empty()

    def test_existing(self) -> None:
        if not self.keeps:
            return
        self.put_foreign(b'theirs')
        sink = self.matrix_sink()
        with self.assertRaises(exceptions.StoreDuplicate) as caught:
            sink.begin(len(self.some.content))
        self.assertEqual('one', caught.exception.store)
        sink.abort()
        self.assertFalse(self.matrix_undo())
        self.assert_content(b'theirs')
        self.remove_foreign()
        self.assert_empty()

    def test_killed_and_undone(self) -> None:
        if not self.keeps:
            return
        for until in range(4):
            with self.subTest(until):
                self.assertTrue(self.kill_child(until))
                self.matrix_undo()
                self.assertTrue(self.content() is None)
                self.assert_empty()

    def test_killed_and_begun_anew(self) -> None:
        if not self.keeps:
            return
        if not self.hides:
            self.skipTest('what its driver leaves cannot be told from what '
                          'is whole, until it is undone')
        self.assertTrue(self.kill_child(2))
        self.check_stored(self.some)

    def test_alive(self) -> None:
        if not self.keeps:
            return
        if not self.tells_living:
            self.skipTest('its driver does not know')
        first = self.begun(self.some, 2)
        second = self.matrix_sink()
        self.assertRaises(exceptions.StoreDuplicate, second.begin, 10)
        second.abort()
        self.assertRaises(exceptions.StoreError, self.matrix_undo)
        start = len(self.some.content) - 4
        first.write(start, memoryview(b'tail'))
        first.commit()
        self.assert_content(self.some.content)
        self.assertTrue(self.matrix_undo())
        self.assert_empty()

    # Whose is it?

    def test_killed_at_every_mark(self) -> None:
        """Also in the moment after something was made, before it is noted.
        """
        if not self.keeps:
            return
        self.assertTrue(self.kill_child(3))
        marks = len(self.created)
        self.assertGreater(marks, 0)
        self.assertTrue(self.matrix_undo())
        self.assert_empty()
        for number in range(1, marks + 1):
            for noted_first in (False, True):
                with self.subTest(number, noted=noted_first):
                    self.created.clear()
                    self.assertTrue(self.kill_child(3, number, noted_first))
                    self.matrix_undo()
                    self.assert_empty()

    def test_foreign_object(self) -> None:
        """It stays, whatever transfer of ours ends however."""
        if not self.keeps:
            return
        self.assertTrue(self.kill_child(3))
        self.assertTrue(self.matrix_undo())
        helpers.store(self.matrix_sink(), self.some)
        marks = [mark for mark in self.created if 'absent' not in mark]
        self.assertTrue(self.matrix_undo())
        # The very bytes that were ours.
        self.put_foreign(self.some.content)
        left = self.left()
        for created in ([], marks, marks[:1],
                        [sinks.since(time.time() + 3600)]):
            self.assertFalse(self.matrix_undo(created))
        sink = self.matrix_sink()
        self.assertRaises(exceptions.StoreDuplicate, sink.begin,
                          len(self.some.content))
        sink.abort()
        self.assertFalse(self.matrix_undo(marks + list(sink.marks)))
        self.assertEqual(left, self.left())
        self.assert_content(self.some.content)
        self.remove_foreign()
        self.assert_empty()

    def test_foreign_object_while_ours_is_unfinished(self) -> None:
        if not (self.keeps and self.hides):
            return
        if not self.shares_name:
            self.skipTest('its name is taken from the beginning')
        for until in (0, 2):
            with self.subTest(until):
                self.assertTrue(self.kill_child(until))
                self.put_foreign(b'theirs')
                self.matrix_undo()
                self.assert_content(b'theirs')
                self.remove_foreign()
                self.assert_empty()

    def test_foreign_object_that_is_unfinished(self) -> None:
        if not self.keeps:
            return
        self.put_unfinished()
        left = self.left()
        if not left:
            self.skipTest('nothing of others can be seen there')
        sink = self.matrix_sink()
        try:
            helpers.store(sink, self.some)
        except exceptions.StoreDuplicate:
            sink.abort()
        else:
            self.assertTrue(self.matrix_undo())
        self.assertEqual(left, self.left())
        for until in (0, 2):
            sink = self.matrix_sink()
            try:
                sink.begin(len(self.some.content))
                helpers.feed(sink, self.some, until)
            except exceptions.StoreDuplicate:
                pass
            sink.abort()
            self.matrix_undo()
            self.assertEqual(left, self.left())
        self.assertFalse(self.matrix_undo([]))
        self.assertEqual(left, self.left())

    def test_vouched_for(self) -> None:
        """Written by Glance itself, which tells us no identity."""
        if not self.keeps:
            return
        mark = self.matrix_absent()
        self.assertIn('absent', mark)
        self.assertFalse(self.matrix_undo([mark]))
        for vouching in (mark, sinks.since(time.time() - 3600)):
            self.put_foreign(self.some.content)
            self.assertRaises(exceptions.StoreDuplicate, self.matrix_absent)
            self.assertFalse(self.matrix_undo([]))
            self.assertTrue(self.matrix_undo([vouching]))
            self.assert_empty()

    def test_away(self) -> None:
        """It is not taken for empty, and undone when it is back."""
        away = self.matrix_away()
        if away is None:
            self.skipTest('tested elsewhere')
        for mark in (None, self.matrix_absent()):
            helpers.store(self.matrix_sink(), self.some)
            created = self.created if mark is None else [mark]
            with self.assertRaises(exceptions.StoreError):
                jobs.load(self.entry).undo('one', IMAGE, away, created)
            self.assertTrue(self.matrix_undo(created))
            self.assert_empty()
        self.assertRaises(exceptions.StoreError,
                          jobs.load(self.entry).absent, 'one', IMAGE, away)
