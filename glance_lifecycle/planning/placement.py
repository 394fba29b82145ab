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


"""The cheapest placement, and in words why each image moves."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import functools
from typing import Any
from typing import NamedTuple

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import options
from glance_lifecycle.planning import programme
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import staying
from glance_lifecycle.planning import words

#: That the solver may take.
SECONDS = 15
_DAY = 86400


class Move(NamedTuple):
    """One image that is not where it should be.

    :ivar saved: in a month; less than 0 if it costs more
    """

    placed: layout.Placed
    saved: float


@dataclasses.dataclass(frozen=True)
class Placement:
    """All of it.

    :ivar advised: what is booted is as fast as advised; else, as today
    :ivar result: of the search
    :ivar images: where each should be, in their order
    :ivar wanted: what the policy wants of each image
    """

    advised: bool
    result: programme.Result
    images: tuple[layout.Placed, ...]
    wants: options.Wants | None

    @functools.cached_property
    def moves(self) -> tuple[Move, ...]:
        """In the order of the images."""
        return tuple(_moves(self.images))


def search(cloud: clouds.Cloud, plan: layout.Plan,
           wants: options.Wants | None = None, advised: bool = True,
           seconds: float = SECONDS) -> Placement:
    """The cheapest that is found.

    :param seconds: that the solver may take
    :raises SolverMissing: HiGHS is not installed
    :raises NotSolved: that was too short
    """
    found = options.Options(cloud, plan, wants)
    result = programme.Search(cloud, found, options.references(
        cloud, plan, advised)).run(seconds)
    shared: dict[options.Mask, tuple[clouds.Store, ...]] = {}
    images = []
    for image, choice in zip(cloud.images, result.choices, strict=True):
        stores = shared.get(choice.stores)
        if stores is None:
            stores = shared[choice.stores] = tuple(
                cloud.stores[place] for place in found.ordered(choice.stores))
        images.append(layout.Placed(image, choice.kind, stores))
    return Placement(advised, result, tuple(images), wants)


def _moves(images: Iterable[layout.Placed]) -> Iterator[Move]:
    for placed in images:
        image = placed.image
        before = {one.store.name for one in image.copies}
        after = {one.name for one in placed.stores}
        if before != after or placed.converted:
            yield Move(placed, cost_before(image) - cost(placed))


def cost(placed: layout.Placed) -> float:
    """For a month."""
    return sum(sizes.cost(placed.image, placed.kind, one)
               for one in placed.stores)


def cost_before(image: clouds.Image) -> float:
    """For a month."""
    today = image.kind
    return sum(sizes.cost(image, today, one.store) for one in image.copies)


def why(cloud: clouds.Cloud, placement: Placement, placed: layout.Placed
        ) -> str:
    """Such as: X moves to archive because it was last booted 400 days ago."""
    image = placed.image
    before = [one.store.name for one in image.copies]
    after = [one.name for one in placed.stores]
    added = [one for one in after if one not in before]
    gone = [one for one in before if one not in after]
    reasons = []
    wanted = placement.wants(image).stores if placement.wants else ()
    if forced := [one for one in added if one in wanted]:
        reasons.append('the policy wants it in %s' % words.names(forced))
    if added and len(before) < image.least_copies:
        reasons.append('it has to have %s' % words.count(
            image.least_copies, 'copies'))
    if image.used and (added or placed.converted):
        reasons.append(_faster(cloud, placement, placed))
    if not image.used and gone:
        reasons.append(_idle(image) if cost(placed) <= cost_before(image)
                       else 'it has to boot as fast from whichever copy '
                       'Glance reads first')
    elif gone:
        reasons.append('none of its disks needs the copy in %s' % (
            words.names(gone)))
    what = 'moves from %s to %s' % (
        words.names(gone), words.names(added)) if added and gone else (
        'gets a copy in %s' % words.names(added) if added else
        'leaves %s' % words.names(gone) if gone else 'stays where it is')
    if placed.converted:
        what += ' as %s' % placed.kind
    return '%s %s because %s.' % (
        image.name, what, ', and '.join(reasons) or 'that costs less')


def _faster(cloud: clouds.Cloud, placement: Placement,
            placed: layout.Placed) -> str:
    image = placed.image
    now = matrix.week(cloud, image, image.kind, image.copies,
                      cloud.glance)
    then = matrix.week(cloud, image, placed.kind, placed.copies,
                       matrix.SHOWN)
    if then.cloned > now.cloned:
        return '%s of its disks a week are cloned from there' % (
            words.number(then.cloned))
    if then.seconds < now.seconds * (1 - 1e-9):
        return 'a disk takes %s instead of %s' % (
            words.seconds(then.mean), words.seconds(now.mean))
    return 'its disks are made as fast from there, and that costs less'


def _idle(image: clouds.Image) -> str:
    if image.last_boot is None:
        return 'no disk is made of it, as far as the facts tell'
    if staying.kept(image):
        return 'whoever boots it is served as fast from there'
    return 'it was last booted %s ago' % words.count(
        int(image.last_boot // _DAY), 'days')


def summary(cloud: clouds.Cloud, placement: Placement) -> dict[str, Any]:
    """Plain data; the longest list has a row a store."""
    result = placement.result
    before = sum(map(cost_before, cloud.images))
    kept = sum(one.kept for one in result.choices)
    count = saved = 0.0
    dearer = []
    for one in placement.moves:
        count += 1
        saved += one.saved
        if one.saved < 0:
            dearer.append(one)
    return {
        'keeps': 'advised' if placement.advised else 'today',
        'cost_before': round(before, 6), 'cost': round(result.cost, 6),
        'bound': round(result.cost - result.above, 6),
        'gap': round(result.gap, 6), 'moves': int(count),
        'without_room': kept,
        'saved_by_a_gib_of': {name: round(value, 6) for name, value
                              in result.worth.items() if value > 0},
        'dearer': dearer_than(cloud, placement, before, result.cost, dearer)}


def dearer_than(cloud: clouds.Cloud, placement: Placement, before: float,
                after: float, found: Sequence[Move]) -> str | None:
    """Why it costs more than today; None: it does not.

    :param found: the moves that cost more
    """
    if after <= before * (1 + 1e-9):
        return None
    first = min(found, key=lambda one: one.saved)
    return 'It costs %s more than today, for %s, such as: %s' % (
        words.cost(cloud, after - before),
        words.count(len(found), 'images'), why(
            cloud, placement, first.placed))
