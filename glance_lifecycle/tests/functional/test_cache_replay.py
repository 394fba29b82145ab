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

"""What we say of Glance's cache, and what its own code and pruner leave."""

from collections.abc import Iterator
import contextlib
import heapq
import itertools
import random
import sqlite3
from typing import Any

from glance import image_cache
from oslo_config import cfg

from glance_lifecycle.planning.caches import glance_cache
from glance_lifecycle.tests.functional import base

_UNTIL = 1000
_PIECE = 100


class CacheReplayTest(base.FunctionalTestCase):

    def real(self, downloads: list[glance_cache.Download], limit: int,
             interval: int) -> tuple[int, list[str]]:
        """Hits, and what is left, what was accessed longest ago first.

        What happens at a time is noted in its database as then.
        """
        directory = self.work / str(limit)
        cfg.CONF.set_override('image_cache_dir', str(directory))
        cfg.CONF.set_override('image_cache_driver', 'sqlite')
        cfg.CONF.set_override('image_cache_max_size', limit)
        self.addCleanup(cfg.CONF.reset)
        cache = image_cache.ImageCache()
        hits = 0
        number = itertools.count()
        # What comes first at a time: the end of a download, then the pruner.
        events: list[tuple[float, int, int, str, Any]] = [
            *((one.time, 2, next(number), 'get', one) for one in downloads),
            *((time, 1, next(number), 'prune', None)
              for time in range(interval, _UNTIL, interval))]
        heapq.heapify(events)
        while events:
            now, _order, _number, what, subject = heapq.heappop(events)
            if what == 'prune':
                cache.prune()
            elif what == 'end':
                image, pieces = subject
                list(pieces)
                self.accessed(directory, image, now)
            elif cache.is_cached(subject.image):
                hits += 1
                with cache.driver.open_for_read(subject.image) as file:
                    file.read()
                self.accessed(directory, subject.image, now)
            elif cache.driver.is_cacheable(subject.image):
                pieces = cache.get_caching_iter(
                    subject.image, None, self.pieces(int(subject.size)))
                next(pieces)
                heapq.heappush(events, (
                    now + subject.seconds, 0, next(number), 'end',
                    (subject.image, pieces)))
        found = sorted(cache.get_cached_images(),
                       key=lambda one: one['last_accessed'])
        return hits, [one['image_id'] for one in found]

    def pieces(self, size: int) -> Iterator[bytes]:
        for start in range(0, size, _PIECE):
            yield b'x' * min(_PIECE, size - start)

    def accessed(self, directory: Any, image: str, now: float) -> None:
        with contextlib.closing(sqlite3.connect(
                directory / 'cache.db')) as database, database:
            database.execute('UPDATE cached_images SET last_accessed = ? '
                             'WHERE image_id = ?', (now, image))

    def test_replay(self) -> None:
        """By chance: images of all sizes, and limits below and above."""
        chance = random.Random(1)
        sizes = {name: chance.randrange(1, 2000) for name in 'abcdefgh'}
        for limit in (0, 1500, 3000, 5000, 100_000):
            downloads = sorted(glance_cache.Download(
                round(chance.uniform(0, _UNTIL), 6), image, sizes[image],
                round(chance.uniform(0.1, 30), 6))
                for image in chance.choices('abcdefgh', k=60))
            hits, left = self.real(downloads, limit, 90)
            # Until the last pruner, and the last download that ends.
            end = glance_cache.Download(_UNTIL + 30, 'none', 0, 0)
            outcome = glance_cache.replay([*downloads, end], limit, 90)
            self.assertEqual((hits, len(downloads) - hits + 1), (
                outcome.hits, outcome.misses), str(limit))
            self.assertEqual(left, list(outcome.cached), str(limit))
            self.assertEqual({one: sizes[one] for one in left},
                             outcome.cached)
