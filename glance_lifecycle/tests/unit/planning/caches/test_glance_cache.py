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

"""Glance's rules, worked out by hand.

functional/test_cache_replay has them against Glance itself.
"""

import unittest

from hypothesis import given
from hypothesis import strategies

from glance_lifecycle.planning.caches import glance_cache
from glance_lifecycle.planning.caches.glance_cache import Download


class GlanceCacheTest(unittest.TestCase):

    def replay(self, *downloads: tuple[float, str], limit: float = 20,
               interval: float = 100) -> glance_cache.Outcome:
        return glance_cache.replay(
            [Download(time, image, 10, 2) for time, image in downloads],
            limit, interval)

    def test_hits(self) -> None:
        found = self.replay((0, 'a'), (5, 'a'), (6, 'b'), (9, 'a'))
        self.assertEqual((2, 20, 2, 20, 4), (
            found.hits, found.hit_bytes, found.misses, found.missed_bytes,
            found.missed_seconds))
        self.assertEqual(0.5, found.served)

    def test_not_yet(self) -> None:
        """Until it is there, others read it from its store."""
        found = self.replay((0, 'a'), (1, 'a'), (2, 'a'))
        self.assertEqual((1, 2), (found.hits, found.misses))
        self.assertEqual({'a': 10}, found.cached)

    def test_pruned(self) -> None:
        """What was accessed longest ago, and only when the pruner runs."""
        found = self.replay((0, 'a'), (10, 'b'), (20, 'c'), (30, 'a'),
                            (99, 'a'), (101, 'd'))
        self.assertEqual((['c', 'a'], 30), (list(found.cached), found.peak))

    def test_larger_than_the_limit(self) -> None:
        """It empties the whole cache."""
        found = glance_cache.replay(
            [Download(0, 'a', 10, 1), Download(5, 'large', 30, 1),
             Download(101, 'b', 10, 1)], 20, 100)
        self.assertEqual({}, found.cached)

    def test_counted(self) -> None:
        found = glance_cache.replay(
            [Download(time, 'a', 10, 1) for time in (0, 5, 10)], 20, 100, 5)
        self.assertEqual((2, 0, 1.0), (found.hits, found.misses,
                                       found.served))

    def test_none(self) -> None:
        self.assertEqual(0, self.replay().served)

    @given(strategies.lists(strategies.tuples(
        strategies.integers(0, 1000), strategies.sampled_from('abcdef'))),
        strategies.integers(0, 60))
    def test_limits(self, downloads: list[tuple[int, str]],
                    limit: int) -> None:
        """After the pruner, no more than the limit; nothing is lost."""
        cache = glance_cache.Cache(limit)
        for time, image in sorted(downloads):
            cache.get(Download(time, image, 10, 2))
        cache.pass_time(2000)
        before = list(cache.images)
        cache.prune()
        self.assertLessEqual(cache.size, limit)
        self.assertEqual(cache.size, sum(cache.images.values()))
        # The rest is what was used last, and one more would not fit.
        left = list(cache.images)
        self.assertEqual(before[len(before) - len(left):], left)
        if left != before:
            self.assertGreater(cache.size + 10, limit)
