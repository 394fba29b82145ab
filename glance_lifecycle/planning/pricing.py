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


"""What an image costs in each set of stores that it may lie in."""

from collections.abc import Sequence
import dataclasses
import functools
from typing import NamedTuple

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import options
from glance_lifecycle.planning import sizes

#: Of what a placement costs: nothing moves for less than this part of it.
MOVED = 1e-4
#: What keeps an image as it is although that is worse than the reference:
#: many times what it costs anywhere.
WORSE = 1000

# What a byte costs, of a store that is not thin, and of one that is.
_Rate = tuple[float, float]


class Choice(NamedTuple):
    """One set of stores for an image.

    :ivar kept: it stays as it is, because nothing else has the room
    """

    kind: formats.Format
    stores: options.Mask
    kept: bool = False


#: Choices, and what a byte of each costs.
Rated = tuple[tuple[Choice, ...], tuple[_Rate, ...]]


@dataclasses.dataclass(slots=True)
class Item:
    """One image: what it may become.

    :ivar kind: what it is
    :ivar rates: by choice: what a byte costs, of a store that is not thin,
        and of one that is
    :ivar thick: bytes, as what it may become, in a store that is not thin
    :ivar thin: in one that is
    """

    image: clouds.Image
    kind: formats.Format
    today: options.Mask
    choices: tuple[Choice, ...]
    rates: tuple[_Rate, ...]
    thick: float
    thin: float

    def sizes(self, kind: formats.Format) -> tuple[float, float]:
        if kind is self.choices[0].kind:
            return self.thick, self.thin
        return sizes.both(self.image, kind)

    def cheapest(self, rates: Sequence[_Rate]) -> int:
        """The number of the best choice at these prices; none is kept."""
        thick, thin = self.thick, self.thin
        found = [thick * a + thin * b for a, b in rates]
        return found.index(min(found))


class Pricing:
    """Of the stores of one cloud."""

    def __init__(self, cloud: clouds.Cloud) -> None:
        #: of a byte, by place of a store
        self.prices = [sizes.price(one, 1) for one in cloud.stores]
        self.thin = [one.thin.value for one in cloud.stores]
        # Choices are many, and of very many images: they are hashed once.
        self._rated: dict[tuple[Choice, ...], Rated] = {}
        self._by_stores: dict[options.Mask, _Rate] = {}

    def rated(self, choices: tuple[Choice, ...]) -> Rated:
        found = self._rated.get(choices)
        if found is None:
            found = self._rated[choices] = choices, tuple(
                self.rate(one, self.prices) for one in choices)
        return found

    def all_rated(self) -> list[Rated]:
        """All that was asked for."""
        return list(self._rated.values())

    def rate(self, choice: Choice, prices: Sequence[float]) -> _Rate:
        thick = thin = 0.0
        for place in places(choice.stores):
            if self.thin[place]:
                thin += prices[place]
            else:
                thick += prices[place]
        return thick, thin

    def taken(self, item: Item, choice: Choice) -> list[tuple[int, float]]:
        """Bytes, by place of a store."""
        thick, thin = item.sizes(choice.kind)
        return [(place, thin if self.thin[place] else thick)
                for place in places(choice.stores)]

    def cost(self, item: Item, choice: Choice) -> float:
        rate = self._by_stores.get(choice.stores)
        if rate is None:
            rate = self._by_stores[choice.stores] = self.rate(
                choice, self.prices)
        thick, thin = item.sizes(choice.kind)
        return thick * rate[0] + thin * rate[1]

    def weighed(self, item: Item, choice: Choice) -> float:
        """With what a move has to be worth."""
        cost = self.cost(item, choice)
        if choice.kept:
            return cost * WORSE + WORSE
        moved = choice.kind is not item.kind or choice.stores & ~item.today
        return cost * (1 + MOVED) if moved else cost

    def all_weighed(self, item: Item) -> list[float]:
        """The same of all its choices, and faster."""
        thick, thin = item.thick, item.thin
        changed = item.choices[0].kind is not item.kind
        found = [(thick * a + thin * b) * (
            1 + MOVED if changed or one.stores & ~item.today else 1)
            for one, (a, b) in zip(item.choices, item.rates, strict=True)]
        # Only the last can be of another format, or be kept.
        last = item.choices[-1]
        if last.kept or last.kind is not item.choices[0].kind:
            found[-1] = self.weighed(item, last)
        return found


# Of a catalogue, many are in the same.
@functools.lru_cache(maxsize=65536)
def places(stores: options.Mask) -> tuple[int, ...]:
    return tuple(place for place in range(stores.bit_length())
                 if stores >> place & 1)
