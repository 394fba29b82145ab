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


"""Where each image is cheapest: an integer programme.

Images that need the same and are about as large are one group; how many of it
go where is for the solver. Then each image is put somewhere, with its true
size, and what does not fit is moved on. The bound is that of Lagrange, with
what the solver says a GiB of each store is worth: no placement costs less.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import math
import operator

from glance_lifecycle.planning import assumed
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import options
from glance_lifecycle.planning import pricing
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import solver

_MOST_COLUMNS = 40_000
# How many the solver means if it says less.
_NONE = 1e-6
# Doublings in size that are one group, the finest first; 0: the very size.
_GRAINS = (0.0, 0.25, 0.5, 1.0, 2.0, 64.0)


@dataclasses.dataclass(frozen=True)
class Result:
    """Of all images.

    :ivar choices: in the order of the images
    :ivar cost: for a month
    :ivar above: what a better placement could save of it, at most
    :ivar worth: store -> what a GiB more room would save in a month
    """

    choices: tuple[pricing.Choice, ...]
    cost: float
    above: float
    worth: Mapping[str, float]

    @property
    def gap(self) -> float:
        """How far from the bound it may be; 0.01 is one percent."""
        return self.above / self.cost if self.cost else 0.0


class Search:
    """Of one cloud.

    :param references: in the order of the images
    """

    def __init__(self, cloud: clouds.Cloud, found: options.Options,
                 references: Sequence[options.Reference]) -> None:
        self._cloud = cloud
        self._pricing = pricing.Pricing(cloud)
        self._rooms = [one.free.value for one in cloud.stores]
        self._shared: dict[object, pricing.Rated] = {}
        self._items = [self._item(image, reference, found)
                       for image, reference in zip(
                           cloud.images, references, strict=True)]
        for one in self._items:
            for place, size in self._pricing.taken(
                    one, pricing.Choice(one.kind, one.today)):
                self._rooms[place] += size

    def run(self, seconds: float) -> Result:
        """The cheapest that is found.

        :raises SolverMissing: there is no solver here
        """
        groups = self._groups()
        solved = solver.solve(self._programme(groups), seconds)
        chosen: dict[int, pricing.Choice] = {}
        start = 0
        for members in groups:
            count = len(self._items[members[0]].choices)
            self._spread(members, solved.chosen[start:start + count], chosen)
            start += count
        choices = [chosen[number] for number in range(len(self._items))]
        self._fit(choices)
        worth = [one / assumed.GIB for one in solved.worth]
        costs = [self._pricing.cost(item, choice) for item, choice in zip(
            self._items, choices, strict=True)]
        weighed = sum(
            self._pricing.weighed(item, choice) if choice.kept else cost
            for item, choice, cost in zip(
                self._items, choices, costs, strict=True))
        return Result(
            tuple(choices), sum(costs),
            max(0.0, weighed - self._bound(worth)), {
                one.name: value for one, value in zip(
                    self._cloud.stores, solved.worth, strict=True)})

    def _item(self, image: clouds.Image, reference: options.Reference,
              found: options.Options) -> pricing.Item:
        need = found.need(image, reference)
        today = found.mask(tuple(one.store.name for one in image.copies))
        kind = image.kind
        wanted = reference.kind
        good = self._shared.get((need, wanted))
        if good is None:
            good = self._shared[need, wanted] = self._pricing.rated(tuple(
                pricing.Choice(wanted, one) for one in found.sets(need)))
        if wanted is kind and any(one.stores & today == one.stores
                                  for one in good[0]):
            return _made(image, kind, today, good)
        # There is always room for what is there.
        key = need, wanted, kind, today
        choices = self._shared.get(key)
        if choices is None:
            does = wanted is kind and found.does(need, today)
            choices = self._shared[key] = self._pricing.rated((
                *good[0], pricing.Choice(kind, today, kept=not does)))
        return _made(image, kind, today, choices)

    def _groups(self) -> list[list[int]]:
        """Numbers of images, by what they need and how large they are."""
        needs = [(id(one.rates), _doublings(one)) for one in self._items]
        for grain in _GRAINS:
            found: dict[object, list[int]] = {}
            for number, (rates, large) in enumerate(needs):
                key = (rates, *[round(one / grain) for one in large]) if (
                    grain) else (rates, *large)
                found.setdefault(key, []).append(number)
            columns = sum(len(self._items[one[0]].choices)
                          for one in found.values())
            if columns <= _MOST_COLUMNS:
                break
        return list(found.values())

    def _programme(self, groups: list[list[int]]) -> solver.Programme:
        costs: list[float] = []
        of: list[int] = []
        takes: list[list[tuple[int, float]]] = []
        for number, members in enumerate(groups):
            items = [self._items[one] for one in members]
            staying: dict[int, float] = {}
            for item in items:
                for place in pricing.places(item.today):
                    staying[place] = staying.get(place, 0) + item.thick
            totals = {kind: [sum(one) / len(items) for one in zip(*(
                item.sizes(kind) for item in items), strict=True)]
                for kind in {one.kind for one in items[0].choices}}
            whole = sum(item.thick for item in items) or 1
            for choice, (thick, thin) in zip(
                    items[0].choices, items[0].rates, strict=True):
                total = totals[choice.kind]
                cost = total[0] * thick + total[1] * thin
                places = pricing.places(choice.stores)
                # What has it all there stays for nothing.
                stays = min(staying.get(one, 0) for one in places) / whole
                costs.append(
                    cost * pricing.WORSE + pricing.WORSE if choice.kept
                    else cost * (1 + pricing.MOVED * (1 - stays)))
                of.append(number)
                takes.append([
                    (place, total[self._pricing.thin[place]] / assumed.GIB)
                    for place in places])
        return solver.Programme(costs, of, [len(one) for one in groups],
                                takes, [one / assumed.GIB
                                        for one in self._rooms])

    def _spread(self, members: list[int], counts: Sequence[float],
                chosen: dict[int, pricing.Choice]) -> None:
        """Give each image of a group one of its choices.

        The largest first, to the choice that lacks the most: each gets its
        share of bytes, too.
        """
        choices = self._items[members[0]].choices
        taken = [(count, choice) for count, choice in zip(
            counts, choices, strict=True) if count > _NONE]
        if len(taken) == 1:
            chosen |= dict.fromkeys(members, taken[0][1])
            return
        weights = {number: self._items[number].thick or 1
                   for number in members}
        share = sum(weights.values()) / len(members)
        lacking = [count * share for count, _choice in taken]
        for number in sorted(members, key=lambda one: -weights[one]):
            best = lacking.index(max(lacking))
            chosen[number] = taken[best][1]
            lacking[best] -= weights[number]

    def _fit(self, choices: list[pricing.Choice]) -> None:
        """Move what has no room to where it costs least; then use what is
        left.
        """
        left = list(self._rooms)
        for item, choice in zip(self._items, choices, strict=True):
            for place, size in self._pricing.taken(item, choice):
                left[place] -= size
        if min(left, default=0) < 0:
            self._relieve(choices, left)
        for number, item in enumerate(self._items):
            now = choices[number]
            best = item.choices[item.cheapest(item.rates)]
            if best is not now and not best.kept and self._pricing.weighed(
                    item, best) < self._pricing.weighed(item, now):
                self._change(number, choices, best, left)

    def _relieve(self, choices: list[pricing.Choice], left: list[float]
                 ) -> None:
        moved = set()
        for _price, number, choice in self._ways_out(choices, left):
            if number not in moved and any(
                    left[place] < 0 for place in pricing.places(
                        choices[number].stores)) and self._change(
                            number, choices, choice, left):
                moved.add(number)
                if min(left) >= 0:
                    return
        # Today's placement has the room that it takes.
        for number, item in enumerate(self._items):
            if min(left) >= 0:
                return
            if any(left[place] < 0 for place in pricing.places(
                    choices[number].stores)):
                self._change(number, choices, pricing.Choice(
                    item.kind, item.today, kept=True), left)

    def _ways_out(self, choices: list[pricing.Choice], left: list[float]
                  ) -> list[tuple[float, int, pricing.Choice]]:
        """Of stores that are too full, the cheapest for a byte first: what
        that costs, and the number of an image.
        """
        over = {place for place, room in enumerate(left) if room < 0}
        ways: list[tuple[float, int, pricing.Choice]] = []
        for number, item in enumerate(self._items):
            full = [place for place in pricing.places(choices[number].stores)
                    if place in over]
            if not full:
                continue
            taken = dict(self._pricing.taken(item, choices[number]))
            freed = [(1 << place, taken[place]) for place in full]
            now = self._pricing.weighed(item, choices[number])
            for one, weighed in zip(
                    item.choices, self._pricing.all_weighed(item),
                    strict=True):
                stores, gained = one.stores, 0.0
                for store, size in freed:
                    if not stores & store:
                        gained += size
                if gained:
                    ways.append(((weighed - now) / gained, number, one))
        ways.sort(key=operator.itemgetter(0))
        return ways

    def _change(self, number: int, choices: list[pricing.Choice],
                choice: pricing.Choice, left: list[float]) -> bool:
        """If what it needs is left."""
        item = self._items[number]
        after = dict(self._pricing.taken(item, choice))
        before = dict(self._pricing.taken(item, choices[number]))
        if any(left[place] + before.get(place, 0) < size
               for place, size in after.items() if place not in before
               or size > before[place]):
            return False
        for place, size in before.items():
            left[place] += size
        for place, size in after.items():
            left[place] -= size
        choices[number] = choice
        return True

    def _bound(self, worth: Sequence[float]) -> float:
        """Whoever takes room pays for it; all of it is given back."""
        total = -sum(value * room for value, room in zip(
            worth, self._rooms, strict=True))
        prices = [price + value for price, value in zip(
            self._pricing.prices, worth, strict=True)]
        shared = {id(rates): tuple(self._pricing.rate(one, prices)
                                   for one in choices)
                  for choices, rates in self._pricing.all_rated()}
        for item in self._items:
            rates = shared[id(item.rates)]
            last = item.choices[-1]
            if last.kind is item.choices[0].kind and not last.kept:
                total += min([item.thick * a + item.thin * b
                              for a, b in rates])
                continue
            total += min(
                (self._pricing.weighed if one.kept
                 else self._pricing.cost)(item, one)
                + sum(size * worth[place]
                      for place, size in self._pricing.taken(item, one))
                for one in item.choices)
        return total


def _made(image: clouds.Image, kind: formats.Format, today: options.Mask,
          rated: pricing.Rated) -> pricing.Item:
    choices, rates = rated
    return pricing.Item(image, kind, today, choices, rates,
                        *sizes.both(image, choices[0].kind))


def _doublings(item: pricing.Item) -> tuple[float, ...]:
    """How large it is, as all that it may become."""
    # Only the last can be of another format.
    return tuple(math.log2(size) if size else -1.0 for size in (
        item.thick, item.thin, *(
            () if item.choices[-1].kind is item.choices[0].kind
            else item.sizes(item.choices[-1].kind))))
