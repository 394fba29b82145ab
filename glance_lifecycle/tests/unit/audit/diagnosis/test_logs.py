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

"""Logs searched: nothing is missed, and nothing grows with them."""

import io
import os
import pathlib
import random
import tempfile
import tracemalloc

import testtools

from glance_lifecycle.audit.diagnosis import logs
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.diagnosis import cases
from glance_lifecycle.tests.unit.audit.diagnosis import test_log_line

MIB = 1024 * 1024
WORD = cases.IMAGE


class SearchTest(testtools.TestCase):

    def search(self, data: bytes, *words: str) -> list[tuple[int, bytes]]:
        return list(logs.search(io.BytesIO(data), words or (WORD,)))

    def test_lines(self) -> None:
        data = b'a\n%s\nb\n\nx %s\nq' % ((WORD.encode(),) * 2)
        self.assertEqual([(2, WORD.encode()), (5, b'x ' + WORD.encode())],
                         self.search(data))
        self.assertEqual([(6, b'q')], self.search(data, 'q'))
        self.assertEqual([(4, b'w'), (6, b'q')], self.search(
            data.replace(b'\n\n', b'\nw\n'), 'q', 'w'))
        self.assertEqual([], self.search(b''))
        self.assertEqual([], self.search(data, ''))

    def test_as_line_by_line(self) -> None:
        """Wherever the blocks end."""
        some = random.Random(7)
        lines = []
        for number in range(60000):
            text = b'%d %s' % (number, b'y' * some.randrange(120))
            if some.random() < 0.01:
                text += WORD.encode()
            lines.append(text)
        self.assertEqual(
            [(number, text) for number, text in enumerate(lines, 1)
             if WORD.encode() in text], self.search(b'\n'.join(lines)))

    def test_traceback(self) -> None:
        error = test_log_line.OSLO.encode()
        prefix = error.partition(b'[')[0]
        data = b'\n'.join((
            error, prefix + b'Traceback (most recent call last):',
            prefix + b'  File "x", line 1', prefix + b'ValueError: x',
            prefix + b'[None req-other] It failed, too.',
            prefix + b'Traceback of that'))
        self.assertEqual([1, 2, 3, 4], [
            number for number, _line in self.search(data, cases.REQUEST)])

    def test_endless_traceback(self) -> None:
        error = test_log_line.OSLO.encode()
        found = self.search(error + b'\n  x' * 100000, cases.REQUEST)
        self.assertLess(len(found), 100)

    def test_long_line(self) -> None:
        """A line of 10 MiB: found wherever the word is, and cut."""
        for place in (0, 5 * MIB, 10 * MIB, 2 * MIB - 20, 3 * MIB - 5):
            line = b'z' * place + WORD.encode() + b'z' * (10 * MIB - place)
            [(number, text)] = self.search(b'a\n' + line + b'\nb')
            self.assertEqual(2, number)
            self.assertLess(len(text), MIB)
        after = self.search(b'z' * 10 * MIB + b'\n' + WORD.encode())
        self.assertEqual([(2, WORD.encode())], after)

    def test_memory(self) -> None:
        """Bounded by the block, whatever the line."""
        class Endless(io.RawIOBase):
            left = 64

            def read(self, size: int = -1) -> bytes:
                self.left -= 1
                return b'z' * size if self.left else b''

        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.assertEqual([], list(logs.search(
            Endless(), (WORD,))))
        self.assertLess(tracemalloc.get_traced_memory()[1], 10 * MIB)


class ReadTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, 'x.log')

    def test_first_and_last(self) -> None:
        count = 3 * logs.MOST_LINES
        self.path.write_text(''.join(
            '%s %d\n' % (WORD, number) for number in range(1, count + 1)))
        found = logs.read(str(self.path), [WORD], 'api1')
        half = logs.MOST_LINES // 2
        self.assertEqual(
            [*range(1, half + 1), *range(count - half + 1, count + 1)],
            [line.number for line in found])
        self.assertEqual({'api1'}, {line.host for line in found})

    def test_binary(self) -> None:
        self.path.write_bytes(os.urandom(3 * MIB) + b'\n' + WORD.encode()
                              + b'\x1b[1m\0\xff\n' + os.urandom(MIB))
        [line] = logs.read(str(self.path), [WORD])
        self.assertTrue(line.text.isprintable())

    def test_unreadable(self) -> None:
        for path in (self.path, self.path.parent):
            error = self.assertRaises(exceptions.ConfigurationError,
                                      logs.read, str(path), [WORD])
            self.assertIn(str(path), str(error))
