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

"""Which images pay to be in a cache before they are asked for."""

import collections
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from glance_lifecycle.planning.caches import glance_cache
from glance_lifecycle.planning.caches import trace

#: Of the hosts, so many have to want an image in a week: else most of what is
#: fetched ahead is never booted.
WANTED = 0.5
_MOST = 50


@dataclasses.dataclass(frozen=True)
class Image:
    """One of them, the most rewarding first.

    :ivar downloads: in a week
    :ivar waited: seconds of boots that wait for them in a week
    """

    name: str
    downloads: float
    waited: float


def of_hosts(missed: Sequence[trace.Boot], hosts: int, weeks: float,
             waited: Mapping[str, float]) -> tuple[Image, ...]:
    """For the base images of a compute group.

    :param missed: boots that had to download, in these weeks, on these hosts
    :param waited: image -> seconds of such a boot
    """
    found = [Image(name, number / weeks, number / weeks * waited[name])
             for name, number in collections.Counter(
                 one.image for one in missed).items()
             if number / weeks >= WANTED * hosts]
    return _first(found)


def of_glance(downloads: Sequence[glance_cache.Download], size: float,
              weeks: float) -> tuple[Image, ...]:
    """For a node whose cache is empty: what is asked for most, and fits.

    :param downloads: in these weeks
    """
    numbers = collections.Counter(one.image for one in downloads)
    seen = {one.image: one for one in downloads}
    found, left = [], size
    for name, number in sorted(numbers.items(), key=lambda one: -one[1]):
        # A single request gains nothing.
        if number / weeks >= 2 and seen[name].size <= left:
            left -= seen[name].size
            found.append(Image(name, number / weeks, seen[name].seconds))
    return _first(found)


def _first(found: list[Image]) -> tuple[Image, ...]:
    return tuple(sorted(found, key=lambda one: (
        -one.waited, one.name))[:_MOST])
