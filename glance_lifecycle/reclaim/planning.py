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

"""From what an examination found to a plan of what can be taken back.

In doubt, nothing of a store is: not where anything lies that may be of another
Glance, unless the operator says that there is none.
"""

import collections
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import functools

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.transfer.backends import inventory

#: Of findings: whoever else uses the store, or whatever it is, it is not
#: understood, and nothing of it is ever taken.
NEVER = (wording.ANOTHER, wording.NOT_THE_ONE, wording.NOT_LISTED)

_NEEDLESS = frozenset(map(str, judging.NEEDLESS))


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the operator asks for; see ``plan.Plan``.

    :ivar codes: of findings; none for all
    :ivar needed: ids of images that other Glances have: of these nothing is
        taken, in no store
    :ivar exports: that say so
    """

    grace: float
    keep: float
    most: int
    percent: float
    alone: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    needed: Container[str] = frozenset()
    exports: tuple[plans.Export, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """What is needless, by all that is known, and is not taken."""

    item: wording.Item
    why: str


@dataclasses.dataclass(frozen=True)
class Made:
    plan: plans.Plan
    left: tuple[Left, ...]


#: What can be taken of a store: kinds, or why there are none.
Kinds = Callable[[str], frozenset[inventory.Kind] | str]


def make(items: Iterable[wording.Item],
         totals: Mapping[str, examination.Totals], kinds: Kinds,
         wishes: Wishes, made: str) -> Made:
    """:param items: of an examination, to its end

    :param totals: complete once ``items`` has ended
    :param made: when
    """
    kinds = functools.cache(kinds)
    found = _Found(wishes)
    for item in items:
        found.take(item)
    stores = tuple(
        plans.Store(name, one.objects, one.held, found.refusal(name))
        for name, one in sorted(totals.items()) if name)
    steps: list[plans.Step] = []
    left: list[Left] = []
    for store in stores:
        taken: set[inventory.Spot] = set()
        for item in found.needless[store.name]:
            why = _not(item, store, kinds, wishes)
            if not why and len(steps) >= plans.MOST_STEPS:
                why = 'The plan is full. Make another after it.'
            if not why and item.entry and item.entry.spot in taken:
                # The trash of Ceph holds many things of one name, and what is
                # in quarantine is found by its plan and its name.
                why = ('Another object of that name is in the plan. Make '
                       'another plan after it.')
            if why:
                left.append(Left(item, why))
            elif item.entry is not None:
                taken.add(item.entry.spot)
                steps.append(plans.Step.of(
                    store.name, item.finding.code, item.entry, item.deleted,
                    item.finding.evidence))
    return Made(plans.Plan(
        made, wishes.grace, wishes.keep, wishes.most, wishes.percent,
        tuple(sorted(wishes.alone)), stores, tuple(steps), wishes.exports),
        tuple(left))


class _Found:
    """By store."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._never: dict[str, wording.Item] = {}
        self._strange: collections.Counter[str] = collections.Counter()
        self.needless: dict[str, list[wording.Item]] = (
            collections.defaultdict(list))

    def take(self, item: wording.Item) -> None:
        codes = self._wishes.codes
        if item.slug in NEVER:
            self._never[item.store] = item
        elif item.slug == judging.Word.UNKNOWN_IMAGE:
            if not (item.entry and is_needed(item.entry,
                                             self._wishes.needed)):
                self._strange[item.store] += 1
        elif item.slug in _NEEDLESS and (
                not codes or item.finding.code in codes):
            self.needless[item.store].append(item)

    def refusal(self, store: str) -> str:
        """Why nothing of it is taken; empty for not."""
        never = self._never.get(store)
        if never is not None:
            return '%s (%s)' % (never.finding.evidence, never.finding.code)
        strange = self._strange[store]
        if strange and store not in self._wishes.alone:
            return ('%d of its objects are of images that this Glance does '
                    'not know (GLC026), so that another Glance may use it. '
                    'If none does, say so with "--alone %s".' % (
                        strange, store))
        return ''


def is_needed(entry: inventory.Entry, needed: Container[str]) -> bool:
    """Whether another Glance has an image of that id."""
    return bool(entry.image_id) and (
        entry.image_id in needed or entry.image_id.lower() in needed)


def _not(item: wording.Item, store: plans.Store, kinds: Kinds,
         wishes: Wishes) -> str:
    """Why it is not taken; empty for nothing."""
    entry = item.entry
    if store.refused:
        return 'Nothing of this store is taken: %s' % store.refused
    if item.slug == judging.Word.CLONED or (entry and entry.hangs.children):
        # The latter of what is in the trash.
        return 'It has clones, which need it.'
    if entry is None or entry.changed is None:
        return 'The store does not tell when it changed.'
    if is_needed(entry, wishes.needed):
        return 'Another Glance has an image of that id.'
    taken = kinds(store.name)
    if isinstance(taken, str):
        return taken
    if entry.kind not in taken:
        return 'Of this store, nothing of the kind "%s" can be taken.' % (
            entry.kind)
    if entry.held * 100 > store.held * wishes.percent:
        return ('It alone takes more than %g percent of the bytes of the '
                'store. See --percent.' % wishes.percent)
    return ''
