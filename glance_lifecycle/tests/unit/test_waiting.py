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

"""No test times itself, and what they wait with."""

import ast
from collections.abc import Iterator
import os
import pathlib
import re
from unittest import mock

import testtools

import glance_lifecycle
from glance_lifecycle.tests import waiting

PACKAGE = pathlib.Path(glance_lifecycle.__file__).parent

# A pause is no event, and a clock tells how busy the machine is.
CLOCKS = {'sleep', 'monotonic', 'monotonic_ns', 'perf_counter',
          'perf_counter_ns', 'process_time', 'process_time_ns',
          'thread_time'}

# How long these wait is ``waiting.BOUND``, not a number.
WAITS = {'until', 'wait', 'wait_for', 'wait_import', 'join', 'communicate',
         'run', 'assert_nothing_left'}

# What has none of these has no fault: to parse is slow.
WORDS = re.compile(r'\btime\s*\.|\btimeout\b|\b(?:join|wait|until)\b')


def faults(source: str) -> Iterator[tuple[int, str]]:
    """Line, and what is done there."""
    if not WORDS.search(source):
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(
                node.func, ast.Attribute):
            continue
        name, whose = node.func.attr, node.func.value
        if name in CLOCKS and isinstance(whose, ast.Name) and (
                whose.id == 'time'):
            yield node.lineno, f'time.{name}'
        values = [word.value for word in node.keywords
                  if word.arg == 'timeout']
        if name in ('join', 'wait'):
            values += node.args
        elif name == 'until':
            values += node.args[2:]
        if name in WAITS and any(
                isinstance(value, ast.Constant)
                and isinstance(value.value, int | float)
                for value in values):
            yield node.lineno, f'{name} with a number of seconds'


class TestsTest(testtools.TestCase):

    def test_no_test_times_itself(self) -> None:
        # Fixtures make delays, and poll; fuzzers say how fast they are. How
        # many bytes pass at most is a matter of time, however slow it is.
        found = [
            f'{path.relative_to(PACKAGE)}:{line}: {what}'
            for path in sorted(PACKAGE.glob('tests/*/**/*.py'))
            if 'fixtures' not in path.parts
            and not path.name.startswith('fuzz_')
            and path.name != 'test_rates.py'
            for line, what in faults(path.read_text())]
        self.assertEqual([], found)

    def test_what_is_found(self) -> None:
        for line in ('time.sleep(1)', 'x = 3 + time.monotonic()',
                     'until("a", b, timeout=20)', 'until("a", b, 8)',
                     'thread.join(5)',
                     'user.wait_import(image, timeout=9.5)'):
            with self.subTest(line):
                self.assertEqual(
                    1, len([*faults('x.' + line if line.startswith('until')
                                    else line)]))
        for line in ('time.time()', '", ".join(x)', 'thread.join(BOUND)',
                     'sink(timeout=2)'):
            self.assertEqual([], [*faults(line)])


class BoundTest(testtools.TestCase):

    def bound(self, value: str | None) -> int:
        environ = {} if value is None else {'OS_TEST_TIMEOUT': value}
        with mock.patch.dict(os.environ, environ):
            if value is None:
                os.environ.pop('OS_TEST_TIMEOUT', None)
            return waiting._seconds()

    def test_bound(self) -> None:
        """As oslotest reads the variable."""
        self.assertEqual(waiting.DEFAULT, self.bound(None))
        self.assertEqual(waiting.DEFAULT, self.bound('much'))
        self.assertEqual(60, self.bound('60'))
        for none in ('0', '-1'):
            self.assertGreater(self.bound(none), 86400)

    def test_until(self) -> None:
        answers = [False, False, True]
        waiting.until('the third', lambda: answers.pop(0))
        self.assertEqual([], answers)
        with testtools.ExpectedException(TimeoutError,
                                         '.*not: what never comes'):
            waiting.until('what never comes', lambda: False, timeout=-1)

    def test_settled(self) -> None:
        values = [1, 2, 2, 3]
        self.assertEqual(2, waiting.settled(lambda: values.pop(0), 0))
