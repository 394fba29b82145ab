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


"""Sorting what does not fit into memory."""

import os
import tempfile
from unittest import mock

import hypothesis
from hypothesis import strategies
import testtools

from glance_lifecycle.audit.hygiene import packing
from glance_lifecycle.audit.hygiene import sorting
from glance_lifecycle import exceptions

_WORDS = strategies.lists(strategies.tuples(
    strategies.text(max_size=4), strategies.integers(0, 9)), max_size=60)


def lines(words: list[tuple[str, int]], held: int) -> sorting.Lines:
    found = sorting.Lines(held)
    for word, number in words:
        found.add(packing.key(word), b'%d' % number)
    return found


class LinesTest(testtools.TestCase):

    @hypothesis.settings(max_examples=50)
    @hypothesis.given(_WORDS, strategies.sampled_from((100, 300, 10 ** 6)))
    def test_sorted(self, words: list[tuple[str, int]], held: int) -> None:
        expected = sorted((packing.key(word), b'%d' % number)
                          for word, number in words)
        found = lines(words, held)
        self.addCleanup(found.close)
        for _ in range(2):
            self.assertEqual(expected, list(found))
        self.assertEqual(len(words), found.count)

    def test_in_order(self) -> None:
        """A listing that is sorted makes one run, however long."""
        words = [('%06d' % number, 0) for number in range(5000)]
        found = lines(words, 10000)
        self.addCleanup(found.close)
        self.assertEqual(1, len(found._runs))
        self.assertEqual([packing.key(word) for word, _ in words],
                         [key for key, _rest in found])

    def test_last_comes_first(self) -> None:
        """What is still in memory may belong before all that is not."""
        words = [('%06d' % number, 0) for number in range(1000, 0, -1)]
        found = lines(words, 10000)
        self.addCleanup(found.close)
        self.assertGreater(len(found._runs), 1)
        keys = [key for key, _rest in found]
        self.assertEqual(sorted(keys), keys)

    def test_between_runs(self) -> None:
        """After the last run, and before the end of the one before."""
        found = sorting.Lines(200)
        self.addCleanup(found.close)
        for word in ('a', 'z', 'b', 'c', 'x'):
            found.add(packing.key(word), b'.' * 60)
        self.assertEqual((2, 1), (len(found._runs), len(found._held)))
        self.assertEqual(list(map(packing.key, 'abcxz')),
                         [key for key, _rest in found])

    def test_longer_than_a_chunk(self) -> None:
        words = [('x' * 200000 + str(number), 1) for number in range(3, 0, -1)]
        found = lines(words, 1)
        self.addCleanup(found.close)
        self.assertEqual(sorted(packing.key(word) for word, _ in words),
                         [key for key, _rest in found])

    def test_no_room(self) -> None:
        with mock.patch.object(tempfile, 'TemporaryFile',
                               side_effect=OSError(28, 'No space left')):
            error = self.assertRaises(exceptions.ConfigurationError,
                                      lines, [('a', 1)], 1)
        self.assertIn('TMPDIR', str(error))

    def test_directory(self) -> None:
        """Not where files may be memory, but where that is said."""
        with mock.patch.dict(os.environ, {'TMPDIR': '/tmp'}):
            self.assertIsNone(sorting._directory())
        with mock.patch.dict(os.environ):
            os.environ.pop('TMPDIR', None)
            self.assertEqual('/var/tmp', sorting._directory())


class GroupsTest(testtools.TestCase):

    @hypothesis.given(_WORDS, _WORDS)
    def test_all(self, left: list[tuple[str, int]],
                 right: list[tuple[str, int]]) -> None:
        ones, others = lines(left, 500), lines(right, 500)
        self.addCleanup(ones.close)
        self.addCleanup(others.close)
        groups = list(sorting.groups(ones, others))
        keys = [key for key, _, _ in groups]
        self.assertEqual(sorted({packing.key(word) for word, _ in (
            *left, *right)}), keys)
        for number, (words, given) in enumerate(((left, 1), (right, 2))):
            self.assertEqual(
                sorted((packing.key(word), b'%d' % one)
                       for word, one in words),
                sorted((group[0], rest) for group in groups
                       for rest in group[given]), str(number))

    def test_not_sorted(self) -> None:
        """It would take apart what belongs together."""
        for left, right in (([b'b', b'a'], []), ([], [b'b', b'a']),
                            ([b'b'], [b'c', b'a'])):
            self.assertRaises(
                exceptions.InternalError, list, sorting.groups(
                    [(key, b'') for key in left],
                    [(key, b'') for key in right]))
