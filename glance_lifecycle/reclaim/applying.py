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

"""A plan is carried out: exactly its steps, each judged again before it.

It can be interrupted at any point. What is in quarantine says so itself, so
that the next run goes on where this one ended.
"""

import collections
from collections.abc import Container
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import time

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import brake as brakes
from glance_lifecycle.reclaim import outcome
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.reclaim import second_look
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine

Now = second_look.Now
Outcome = outcome.Outcome
Result = outcome.Result


@dataclasses.dataclass(frozen=True)
class Store:
    """One that is open; see ``claims.Store``."""

    claims: claims.Store
    quarantine: quarantine.Quarantine


@dataclasses.dataclass(frozen=True)
class Wishes:
    """:ivar purge: remove for good what has been kept for long enough
    :ivar dry_run: only say what would be done
    :ivar needed: see ``planning.Wishes``
    :ivar take: without that, only what is in quarantine is looked at
    :ivar keep: seconds in quarantine, before which nothing is purged, where
        that is longer than the plan says
    """

    purge: bool = False
    dry_run: bool = False
    needed: Container[str] = frozenset()
    take: bool = True
    keep: float = 0.0


class Applying:
    """One run.

    :param stores: of the plan, those that can be opened
    :param failed: why the others cannot
    :param brake: of all plans of one run; by default one of this plan
    """

    def __init__(self, plan: plans.Plan, host: second_look.Host,
                 stores: Mapping[str, Store], failed: Mapping[str, str],
                 wishes: Wishes, brake: brakes.Brake | None = None) -> None:
        self._plan = plan
        self._host = host
        self._stores = stores
        self._failed = failed
        self._wishes = wishes
        self._brake = brake or brakes.Brake(plan.stores, plan.most,
                                            plan.percent)

    def run(self) -> Iterator[Outcome]:
        """One outcome for each step.

        :raises DatabaseError: the database cannot be read; what was about to
            be taken is where it was
        """
        for store in dict.fromkeys(step.store for step in self._plan.steps):
            steps = [one for one in self._plan.steps if one.store == store]
            try:
                one = _OfStore(self._plan, self._host, self._opened(store),
                               self._brake, self._wishes, steps)
            except exceptions.LifecycleError as error:
                for step in steps:
                    yield _said(step, Result.FAILED, error.detail)
                continue
            yield from map(one.carried_out, steps)

    def _opened(self, store: str) -> Store:
        if store not in self._stores:
            raise exceptions.StoreError(store=store, detail=self._failed.get(
                store, 'it is not among enabled_backends'))
        return self._stores[store]


class _OfStore:
    """:raises StoreError: what is in its quarantine cannot be told"""

    def __init__(self, plan: plans.Plan, host: second_look.Host, store: Store,
                 brake: brakes.Brake, wishes: Wishes,
                 steps: Sequence[plans.Step]) -> None:
        self._plan = plan
        self._quarantine = store.quarantine
        self._brake = brake
        self._wishes = wishes
        self._look = second_look.SecondLook(
            host, store.claims, store.quarantine, plan.grace, wishes.needed,
            [step.entry for step in steps])
        self._kept = {one.entry.spot: one
                      for one in store.quarantine.kept(plan.id)}
        spots = {step.entry.spot for step in steps}
        self._elsewhere: dict[str, list[quarantine.Kept]] = (
            collections.defaultdict(list))
        for spot, one in self._kept.items():
            if spot not in spots:
                self._elsewhere[spot.name].append(one)

    def _found(self, step: plans.Step) -> quarantine.Kept | None:
        """What of it is in quarantine.

        The place of a file has the number of its device, which is another
        after a restart of the host, or on another one.
        """
        found = self._kept.get(step.entry.spot)
        if found is None:
            moved = self._elsewhere[step.name]
            return moved[0] if len(moved) == 1 else None
        return found

    def carried_out(self, step: plans.Step) -> Outcome:
        kept = self._found(step)
        try:
            if kept is None and not self._wishes.take:
                return _said(step, Result.BRAKED, 'Nothing more is taken by '
                             'this plan.')
            if kept is None:
                return self._take(step)
            return self._keep(step, kept)
        except exceptions.StoreError as error:
            return _said(step, Result.FAILED, error.detail)

    def _take(self, step: plans.Step) -> Outcome:
        if step.kind not in self._quarantine.kinds:
            return _said(step, Result.LEFT, 'Nothing of its kind can be '
                         'taken.')
        against = self._brake.against(step)
        if against:
            return _said(step, Result.BRAKED, against)
        judged = self._look.there(step.entry)
        if judged.now is Now.GONE:
            return _said(step, Result.GONE, judged.why)
        if judged.entry is None:
            return _said(step, Result.LEFT, judged.why)
        self._brake.count(step)
        if self._wishes.dry_run:
            return _said(step, Result.QUARANTINED)
        return self._put(step, judged.entry)

    def _put(self, step: plans.Step, entry: inventory.Entry) -> Outcome:
        if not self._quarantine.put(entry, self._plan.id):
            return _said(step, Result.LEFT, 'It has just changed, or somebody '
                         'uses it.')
        return self._checked(step, entry)

    def _checked(self, step: plans.Step, entry: inventory.Entry) -> Outcome:
        """What was put there just now stays, if it is needless still."""
        try:
            judged = self._look.away(entry)
        except exceptions.LifecycleError as error:
            # Nobody can tell whether it is needed: it is.
            stuck = self._stuck(entry)
            if not stuck:
                raise
            return _said(step, Result.FAILED, 'It is in quarantine, and '
                         'nobody can tell whether it is needed: %s %s Bring '
                         'it back with "hygiene undo".' % (
                             exceptions.sentence(error.detail), stuck))
        if judged.now in (Now.NEEDLESS, Now.ANOTHER):
            return _said(step, Result.QUARANTINED, '' if judged.entry else
                         judged.why)
        return self._restored(step, judged.why, self._back(entry))

    def _stuck(self, entry: inventory.Entry) -> str:
        """Bring it back; why that cannot be done, as a sentence."""
        try:
            return '' if self._back(entry) else 'It cannot be brought back.'
        except exceptions.StoreError as error:
            return exceptions.sentence(
                'It cannot be brought back: %s' % error.detail)

    def _back(self, entry: inventory.Entry) -> bool:
        found = [one for one in self._quarantine.kept(self._plan.id)
                 if one.entry.spot == entry.spot]
        return bool(found) and all(map(self._quarantine.restore, found))

    def _keep(self, step: plans.Step, kept: quarantine.Kept) -> Outcome:
        """What is in quarantine: since just now, or for long enough."""
        entry = dataclasses.replace(
            step.entry, place=kept.entry.place, identity=kept.entry.identity)
        judged = self._look.away(entry)
        if judged.now is Now.NEEDED:
            return self._restored(
                step, judged.why, self._wishes.dry_run
                or self._quarantine.restore(kept))
        if judged.now is not Now.NEEDLESS and not (
                # What is deleted goes from the database, too, in its time.
                step.deleted and self._look.forgotten(entry)):
            return _said(step, Result.KEPT, judged.why)
        ended = self._ended(step, kept)
        if ended is not None:
            return ended
        until = kept.since + max(self._plan.keep, self._wishes.keep)
        if not self._wishes.purge or time.time() < until:
            return _said(step, Result.KEPT, kept.entry.note)
        against = self._brake.against(step)
        if against:
            return _said(step, Result.BRAKED, against)
        self._brake.count(step)
        return self._purge(step, kept)

    def _ended(self, step: plans.Step, kept: quarantine.Kept
               ) -> Outcome | None:
        """What became of it if it is in both places; None if it is not.

        Where a store copies, whoever is killed after that leaves the original.
        """
        entry = dataclasses.replace(step.entry, place=kept.entry.place)
        # Of segments some are left, which is another thing than all.
        found = self._quarantine.look(
            dataclasses.replace(entry, identity='')
            if entry.kind is inventory.Kind.SEGMENT else entry)
        if found is None or found.kind is not entry.kind:
            return None
        # A location may lead to it since: then the copy is what is left over,
        # and it is the original that the image needs.
        judged = self._look.there(found)
        if judged.now is Now.NEEDED:
            return self._restored(
                step, judged.why, self._wishes.dry_run
                or self._quarantine.restore(kept))
        if judged.now is Now.UNCLEAR:
            return _said(step, Result.KEPT, judged.why)
        if judged.now in (Now.GONE, Now.ANOTHER):
            return None
        if self._wishes.dry_run:
            return _said(step, Result.QUARANTINED)
        if not self._quarantine.put(entry, self._plan.id):
            return None
        return self._checked(step, entry)

    def _purge(self, step: plans.Step, kept: quarantine.Kept) -> Outcome:
        if self._wishes.dry_run:
            return _said(step, Result.PURGED)
        if self._quarantine.purge(kept):
            return _said(step, Result.PURGED)
        return _said(step, Result.KEPT, 'It has just changed, or something '
                     'hangs on it.')

    def _restored(self, step: plans.Step, why: str, back: bool) -> Outcome:
        if back:
            return _said(step, Result.RESTORED, why)
        return _said(step, Result.FAILED, 'It is needed, and cannot be '
                     'brought back: its name is taken. %s' % why)


def _said(step: plans.Step, result: Result, detail: str = '') -> Outcome:
    return Outcome(step.store, step.entry, result, detail)
