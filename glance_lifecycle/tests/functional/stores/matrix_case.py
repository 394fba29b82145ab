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

"""What the tests of the matrix do with a sink: see ``matrix``."""

from collections.abc import Sequence
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any
from typing import ClassVar

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


class MatrixCase(noted.Noted):
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
