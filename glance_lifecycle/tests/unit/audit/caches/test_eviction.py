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

"""What the pruner and the cleaner would remove."""

import os
import pathlib
import tempfile
import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle.audit.caches import eviction
from glance_lifecycle.audit.caches import glance_nodes


def cached(name: str, size: int, accessed: float) -> glance_nodes.Cached:
    return glance_nodes.Cached(name, size, 0, accessed, 0.0)


class EvictionTest(unittest.TestCase):

    def test_pruned(self) -> None:
        entries = [cached('new', 10, 3.0), cached('old', 10, 1.0),
                   cached('mid', 10, 2.0)]
        for most, unrecorded, expected in (
                (30, 0, []), (29, 0, ['old']), (10, 0, ['old', 'mid']),
                (0, 0, ['old', 'mid', 'new']), (30, 1, ['old']),
                (5, 100, ['old', 'mid', 'new'])):
            self.assertEqual(expected, eviction.pruned(
                entries, most, unrecorded))
        self.assertEqual([], eviction.pruned([], 0, 5))

    @hypothesis.given(
        strategies.lists(strategies.tuples(
            strategies.integers(0, 100), strategies.floats(0, 1e10))),
        strategies.integers(0, 1000))
    def test_least(self, given: list[tuple[int, float]], most: int) -> None:
        """What is left fits, and would not without the last that goes."""
        entries = [cached(str(number), size, accessed)
                   for number, (size, accessed) in enumerate(given)]
        gone = eviction.pruned(entries, most)
        sizes = {one.image_id: one.size for one in entries}
        left = sum(sizes.values()) - sum(map(sizes.__getitem__, gone))
        self.assertLessEqual(left, most)
        if gone:
            self.assertGreater(left + sizes[gone[-1]], most)

    def test_directory(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name)
            self.assertIsNone(eviction.directory(name, 'cache.db'))
            for part in ('invalid', 'incomplete', 'queue'):
                (path / part).mkdir()
            for file in ('a', 'cache.db', 'invalid/b', 'incomplete/c',
                         'incomplete/d'):
                (path / file).write_bytes(b'123')
            os.utime(path / 'incomplete/c', (100, 100))
            os.utime(path / 'incomplete/d', (950, 950))
            (path / 'link').symlink_to('/etc/passwd')
            os.mkfifo(path / 'fifo')
            found = eviction.directory(name, 'cache.db')
            assert found is not None
            self.assertEqual(({'a': 3}, {'b': 3}),
                             (found.files, found.invalid))
            self.assertEqual({'c': 3}, eviction.stalled(found, 100, 1000.0))
