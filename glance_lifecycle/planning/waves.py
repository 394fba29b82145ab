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

"""In which waves images move from one store to another, and how long it takes.

The first wave is the canary: the images with the least risk, and few of them.
Then the others, by their risk: those that nobody needs, those that are
needed, and last the golden ones. All of them together fit into the room that
there is in the target, since what was copied stays there.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """One image that is to move.

    :ivar size: bytes of a copy
    :ivar there: whether there is a copy in the target already
    :ivar golden: whether it is protected, or its policy wants that
    :ivar dependents: servers and volumes that were made of it
    """

    id: str
    name: str
    project: str
    size: int
    there: bool = False
    golden: bool = False
    dependents: int = 0

    @property
    def risk(self) -> tuple[bool, int, int, str]:
        """What would go wrong with it costs the least with the smallest."""
        return self.golden, self.dependents, self.size, self.id

    @property
    def writes(self) -> int:
        """Bytes that the target has to take."""
        return 0 if self.there else self.size


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """How fast it goes.

    :ivar rate: bytes a second, of all copies that run at once
    :ivar each: seconds that an image takes, whatever its size
    :ivar parallel: images that move at once
    """

    rate: float
    each: float
    parallel: int

    def seconds(self, size: float, images: int) -> float:
        """Of so many bytes in so many images."""
        return size / self.rate + images * self.each / self.parallel


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What a wave, or all of them, may be.

    :ivar room: bytes that the target may take; None for no limit
    :ivar images: of one wave
    :ivar seconds: of one wave; one image may take longer by itself
    :ivar canary: images of the first wave
    """

    room: int | None
    images: int
    seconds: float
    canary: int


@dataclasses.dataclass(frozen=True, slots=True)
class Wave:
    """Images that move, and are done with, before any of the next wave.

    :ivar seconds: that its copies take, by the forecast
    """

    images: tuple[Candidate, ...]
    seconds: float
    canary: bool = False

    @property
    def size(self) -> int:
        """Bytes that are read and compared."""
        return sum(image.size for image in self.images)

    @property
    def writes(self) -> int:
        return sum(image.writes for image in self.images)


@dataclasses.dataclass(frozen=True, slots=True)
class Waves:
    """:ivar without_room: images for which there is none in the target"""

    waves: tuple[Wave, ...]
    without_room: tuple[Candidate, ...]


def make(found: Iterable[Candidate], pace: Pace, limits: Limits) -> Waves:
    """Each image is in one wave, or there is no room for it."""
    fit, without = _fitting(sorted(found, key=lambda one: one.risk),
                            limits.room)
    return Waves(tuple(_waves(fit, pace, limits)), tuple(without))


def revised(forecasts: Sequence[float], actuals: Sequence[float]
            ) -> list[float]:
    """Forecasts of the waves that are to come, as those before them went.

    :param forecasts: of all waves, in seconds
    :param actuals: of those that have ended
    """
    ended = len(actuals)
    before = sum(forecasts[:ended])
    factor = sum(actuals) / before if before > 0 and ended else 1.0
    return [seconds * factor for seconds in forecasts[ended:]]


def busy(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds during which at least one of them went on.

    :param spans: beginnings and ends
    """
    total, until = 0.0, float('-inf')
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def _fitting(ordered: Sequence[Candidate], room: int | None
             ) -> tuple[list[Candidate], list[Candidate]]:
    fit, without = [], []
    for image in ordered:
        if room is not None and image.writes > room:
            without.append(image)
            continue
        fit.append(image)
        room = None if room is None else room - image.writes
    return fit, without


def _waves(ordered: Sequence[Candidate], pace: Pace, limits: Limits
           ) -> Iterator[Wave]:
    canary = ordered[:limits.canary]
    if canary:
        yield _wave(canary, pace, canary=True)
    now: list[Candidate] = []
    size = 0
    for image in ordered[len(canary):]:
        if now and (len(now) == limits.images or pace.seconds(
                size + image.size, len(now) + 1) > limits.seconds):
            yield _wave(now, pace)
            now, size = [], 0
        now.append(image)
        size += image.size
    if now:
        yield _wave(now, pace)


def _wave(images: Sequence[Candidate], pace: Pace, *, canary: bool = False
          ) -> Wave:
    return Wave(tuple(images), pace.seconds(
        sum(image.size for image in images), len(images)), canary)
