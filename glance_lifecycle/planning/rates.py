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

"""How fast images move, as those before them did."""

from collections.abc import Sequence

from glance_lifecycle.planning import waves


def fit(images: Sequence[tuple[int, float]], seconds: float, parallel: int
        ) -> waves.Pace | None:
    """The pace of images that have moved; None if they do not tell it.

    What an image takes whatever its size is where the line of seconds by
    bytes begins; the rest of the time went into the bytes.

    :param images: bytes of each, and the seconds that it took
    :param seconds: that all of them took, so many at once
    """
    size = sum(one for one, _seconds in images)
    if not size or seconds <= 0:
        return None
    each = min(_begins(images), 0.9 * seconds * parallel / len(images))
    return waves.Pace(size / (seconds - len(images) * each / parallel),
                      each, parallel)


def _begins(images: Sequence[tuple[int, float]]) -> float:
    """Seconds of an image without bytes, by least squares; 0 at least."""
    count = len(images)
    mean_size = sum(size for size, _seconds in images) / count
    mean = sum(seconds for _size, seconds in images) / count
    spread = sum((size - mean_size) ** 2 for size, _seconds in images)
    if not spread:
        return 0.0
    slope = sum((size - mean_size) * (seconds - mean)
                for size, seconds in images) / spread
    return max(0.0, mean - slope * mean_size)
