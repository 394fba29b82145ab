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

"""Glance's cache of one node, by its own rules, as downloads go by.

As glance.image_cache does, 31 to 33, with each of its drivers. What is
downloaded whole is cached, once that ends. Meanwhile the same image is read
from its store by others, and not cached a second time. The pruner, whenever it
is run, removes what was accessed longest ago, until no more than the limit is
left; between its runs nothing limits the cache.
"""

import collections
from collections.abc import Iterable
import dataclasses
import heapq
from typing import NamedTuple


class Download(NamedTuple):
    """One request for all of an image.

    :ivar time: seconds
    :ivar size: bytes
    :ivar seconds: it takes from a store
    """

    time: float
    image: str
    size: float
    seconds: float


@dataclasses.dataclass
class Outcome:
    """What became of them.

    :ivar cached: image -> bytes, at the end, the one accessed longest ago
        first
    :ivar hits: downloads that came from the cache
    :ivar misses: and those from a store
    :ivar peak: the most bytes that the cache had
    """

    cached: dict[str, float]
    hits: int = 0
    hit_bytes: float = 0
    misses: int = 0
    missed_bytes: float = 0
    missed_seconds: float = 0
    peak: float = 0

    @property
    def served(self) -> float:
        """Part of all bytes that came from the cache."""
        total = self.hit_bytes + self.missed_bytes
        return self.hit_bytes / total if total else 0


class Cache:
    """One, as time goes by.

    :param limit: ``image_cache_max_size``, bytes
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.size = 0.0
        self.peak = 0.0
        # In the order of their last access.
        self.images: collections.OrderedDict[str, float] = (
            collections.OrderedDict())
        self._coming: list[tuple[float, str, float]] = []
        self._being_cached: set[str] = set()

    def get(self, download: Download) -> bool:
        """Whether it comes from the cache."""
        self.pass_time(download.time)
        if download.image in self.images:
            self.images.move_to_end(download.image)
            return True
        if download.image not in self._being_cached:
            self._being_cached.add(download.image)
            heapq.heappush(self._coming, (
                download.time + download.seconds, download.image,
                download.size))
        return False

    def pass_time(self, until: float) -> None:
        """What has been fetched by then is cached."""
        while self._coming and self._coming[0][0] <= until:
            _time, image, size = heapq.heappop(self._coming)
            self._being_cached.discard(image)
            self.images[image] = size
            self.size += size
            self.peak = max(self.peak, self.size)

    def prune(self) -> None:
        """As glance-cache-pruner."""
        while self.images and self.size > self.limit:
            self.size -= self.images.popitem(last=False)[1]


def replay(downloads: Iterable[Download], limit: float, interval: float,
           counted_from: float = 0) -> Outcome:
    """All of them.

    :param downloads: by time
    :param interval: seconds from one run of the pruner to the next
    :param counted_from: those before it only fill the cache
    """
    cache = Cache(limit)
    outcome = Outcome(cache.images)
    pruned = interval
    for one in downloads:
        while pruned <= one.time:
            cache.pass_time(pruned)
            cache.prune()
            pruned += interval
        hit = cache.get(one)
        if one.time < counted_from:
            continue
        if hit:
            outcome.hits += 1
            outcome.hit_bytes += one.size
        else:
            outcome.misses += 1
            outcome.missed_bytes += one.size
            outcome.missed_seconds += one.seconds
    outcome.peak = cache.peak
    return outcome
