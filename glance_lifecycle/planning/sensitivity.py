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

"""Which number would change the advice, if it was wrong.

A number is halved and doubled, or changed by as much as it was seen to change
where it was measured; what is assumed to be so or not is turned round. Numbers
that are assumed are wrong for all that do not say them; of stores, each other
number is wrong by itself, and else all that are from the same source. Then is
decided again, by the sums of the catalogue. What becomes of single images is
told by those that are used most, and so is what changes the sums.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import doubted
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix

_MOST_SHOWN = 3
#: Images that are looked at, those that are used and those that are not.
MOST_IMAGES = 100
# The sums count with them.
_IN_SUMS = ('hosts', 'image_cache')


@dataclasses.dataclass(frozen=True)
class Change:
    """One number that matters.

    :ivar name: as the file has it
    :ivar of: whose: stores, store ceph, images
    :ivar source: where it is from
    :ivar turned: half of that, twice that, the other way
    :ivar effect: what would be advised then, a clause
    """

    name: str
    of: str
    source: str
    turned: str
    effect: str


def changes(cloud: clouds.Cloud, plan: layout.Decision
            ) -> Iterator[Change]:
    """All numbers that matter."""
    again = _Again(cloud, plan)
    for doubt in again.doubts():
        effect = again.effect(doubt)
        if effect:
            yield Change(
                doubt.name, 'store %s' % doubt.only if doubt.only
                else doubt.of, doubt.source.value, doubt.turned, effect)


class _Again:
    """Decides again, with a few images."""

    def __init__(self, cloud: clouds.Cloud, plan: layout.Decision) -> None:
        self._cloud = dataclasses.replace(
            cloud, images=tuple(_looked_at(cloud.images)))
        self._plan = plan
        self._cells = {(one.store.name, one.kind): one for one in plan.cells}
        self._placed = _placed(self._cloud, plan)
        # Of these images alone, which may be another one.
        self._sample = layout.plan(self._cloud)
        self._reaches = [self._stores(one) for one in self._placed]

    def _stores(self, placed: layout.Placed) -> set[str]:
        """Names of all that matter to where an image is."""
        consumers = self._cloud.consumers
        return {self._plan.default.store.name, *(
            one.store.name for one in placed.image.copies), *(
                store.name for place, _disks in self._cloud.demand(
                    placed.image) if (store := self._plan.clones.get(
                        consumers[place].name)))}

    def doubts(self) -> Iterator[doubted.Doubt]:
        """Of stores and consumers all; of images, those that are looked at.
        """
        return doubted.doubts(self._cloud)

    def effect(self, doubt: doubted.Doubt) -> str:
        """What would be advised, as a clause; '' if it is the same."""
        other = doubted.changed(self._cloud, doubt)
        if doubt.of_images or doubt.name in _IN_SUMS:
            # How images are got depends neither on sizes nor on these.
            other.computed.update(self._cloud.computed)
            plan = layout.plan(other)
            return _effect(self._sample, self._sample.images, plan,
                           plan.images)
        stores = {mine.name: mine for mine, yours in zip(
            other.stores, self._cloud.stores, strict=True)
            if mine is not yours}
        if doubt.of_stores:
            self._keep(other, stores)
        decided = layout.decide(other, self._plan.totals,
                                self._compared(other, stores))
        if decided.default.store.name != self._plan.default.store.name:
            # Then all is another plan.
            return _effect(self._plan, (), decided, ())
        reached: Sequence[int] = range(len(self._placed))
        if doubt.of_stores and _names(decided) == _names(self._plan):
            reached = [number for number in reached
                       if not stores.keys().isdisjoint(self._reaches[number])]
        images = [other.images[number] for number in reached]
        return _effect(
            self._plan, [self._placed[number] for number in reached], decided,
            [layout.placed(other, one, decided) for one in images])

    def _keep(self, other: clouds.Cloud, stores: dict[str, clouds.Store]
              ) -> None:
        """What is known of how images are got from the other stores."""
        if any(one.copies_into and one.copies_into.name in stores
               for one in other.compute_groups):
            return
        other.computed.update(
            (key, ways) for key, ways in self._cloud.computed.items()
            if not any(copy.store.name in stores for copy in key[2]))

    def _compared(self, other: clouds.Cloud, stores: dict[str, clouds.Store]
                  ) -> Iterable[matrix.Cell]:
        if not stores:
            return matrix.matrix(other, self._plan.totals)
        cells = {**self._cells, **{
            (one.store.name, one.kind): one for one in matrix.matrix(
                other, self._plan.totals, stores.values())}}
        return [cells[one.name, kind] for one in other.stores
                for kind in formats.CHOICES]


def _looked_at(images: Iterable[clouds.Image]) -> Iterator[clouds.Image]:
    found = sorted(images, key=lambda one: -one.used)
    used = [one for one in found if one.used]
    yield from used[:MOST_IMAGES]
    yield from found[len(used):len(used) + MOST_IMAGES]


def _placed(cloud: clouds.Cloud, decided: layout.Decision
            ) -> list[layout.Placed]:
    return [layout.placed(cloud, one, decided) for one in cloud.images]


def _names(decided: layout.Decision) -> object:
    return (decided.default.store.name, _name(decided.archive),
            set(decided.full),
            {name: one.name for name, one in decided.clones.items()})


def _effect(plan: layout.Decision, images: Sequence[layout.Placed],
            other: layout.Decision, then: Sequence[layout.Placed]) -> str:
    """What differs, as a clause; '' if nothing does."""
    found = []
    if plan.default.store.name != other.default.store.name:
        found.append('the default store would be %s'
                     % other.default.store.name)
    if plan.default.kind is not other.default.kind:
        found.append('imports would be %s' % other.default.kind)
    if _name(plan.archive) != _name(other.archive):
        found.append('what nobody boots would go to %s' % (
            _name(other.archive) or 'no other store'))
    moved = [(mine.image.name, yours.kind)
             for mine, yours in zip(images, then, strict=True)
             if mine.kind is not yours.kind]
    if moved:
        more = len(moved) - _MOST_SHOWN
        found.append('%s%s' % (', '.join(
            '%s would be %s' % one for one in moved[:_MOST_SHOWN]),
            ' and %d more images another format' % more if more > 0 else ''))
    if not found and [[store.name for store in one.stores]
                      for one in images] != [
            [store.name for store in one.stores] for one in then]:
        found.append('some images would be in other stores')
    return ', and '.join(found)


def _name(store: clouds.Store | None) -> str:
    return store.name if store else ''
