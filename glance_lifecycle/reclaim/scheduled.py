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

"""One run of a worker: plans of all stores here, and what policy lets go.

Each store of which the policy lets something go has a plan of its own, with
its own limits; the others share one, which nobody but an operator applies.
It needs Glance: import it where one is known to be.
"""

from collections.abc import Container
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import itertools

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.audit.hygiene import here as audited
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import others
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import applying
from glance_lifecycle.reclaim import brake as brakes
from glance_lifecycle.reclaim import exported
from glance_lifecycle.reclaim import here
from glance_lifecycle.reclaim import letting
from glance_lifecycle.reclaim import outcome
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.reclaim import plan_files
from glance_lifecycle.reclaim import planning
from glance_lifecycle.worker import hygiene

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


def run(wishes: hygiene.Wishes) -> Generator[hygiene.Event, None, None]:
    """See ``hygiene.Runs``."""
    try:
        with here.locked():
            yield from _Run(wishes).events()
    except here.Busy as error:
        raise hygiene.Busy(str(error)) from error


@dataclasses.dataclass(frozen=True)
class _Made:
    """:ivar strange: stores that cannot be listed, or are not understood
    :ivar brake: of all that one run does there
    """

    share: letting.Share
    plan: plans.Plan
    event: hygiene.Planned
    strange: Sequence[str]
    brake: brakes.Brake


_Done = tuple[plans.Plan, outcome.Outcome]

# See ``here.applicable``.
_Opened = tuple[Mapping[str, applying.Store], Mapping[str, str]]


class _Run:
    """While no other is at work here."""

    def __init__(self, wishes: hygiene.Wishes) -> None:
        self._wishes = wishes
        self._needed = exported.read(CONF, wishes.exports,
                                     wishes.certificates)
        names = audited.stores()
        for name in sorted(wishes.words.keys() - set(names)):
            LOG.warning('The policy says what may go of store %s, and it is '
                        'not among enabled_backends.', name)
        self._shares = list(letting.shares(wishes.words, names))

    def events(self) -> Iterator[hygiene.Event]:
        made = []
        for share in self._shares:
            made.append(self._plan(share))
            yield made[-1].event
        applied = [one for one in made if one.share.applied]
        if self._wishes.act and applied:
            with here.applicable([name for one in applied
                                  for name in one.share.names]) as opened:
                yield from self._applied(applied, opened)
        try:
            plan_files.prune(CONF.lifecycle.state_dir, _needed_plans)
        except exceptions.StoreError as error:
            LOG.warning('Old plans are kept, as nobody can tell which of '
                        'them are needed: %s', error.for_operator())

    # The plans.

    def _plan(self, share: letting.Share) -> _Made:
        word = share.word
        wanted = planning.Wishes(
            float(word.after), share.keep, word.objects, float(word.percent),
            share.alone, frozenset(), self._needed,
            exported.noted(self._needed))
        with audited.examined(share.names, wanted.grace,
                              others.Others(self._needed),
                              self._wishes.each) as examined:
            made = planning.make(
                examined.items(), examined.totals, here.kinds, wanted,
                datetime.datetime.now(datetime.UTC).isoformat(
                    timespec='seconds'))
            totals = dict(examined.totals)
        path = plan_files.write(CONF.lifecycle.state_dir, made.plan)
        return _Made(
            share, made.plan, hygiene.Planned(made.plan.id, str(path), {
                store.name: _found(store, made, totals[store.name].found)
                for store in made.plan.stores}),
            [store.name for store in made.plan.stores
             if not totals[store.name].found.keys().isdisjoint(
                 planning.NEVER)],
            brakes.Brake(made.plan.stores, made.plan.most,
                         made.plan.percent))

    # What the policy lets go.

    def _applied(self, made: Sequence[_Made], opened: _Opened
                 ) -> Iterator[hygiene.Event]:
        why = letting.against([name for one in made for name in one.strange])
        for plan, done in itertools.chain(
                self._kept(made, opened, purges=not why),
                () if why else self._taken(made, opened)):
            yield _event(plan, done)
            if not letting.goes_on(done.result):
                yield hygiene.Halted(_halted(plan, done))
                return
        if why:
            yield hygiene.Halted(why)

    def _kept(self, made: Sequence[_Made], opened: _Opened, *, purges: bool
              ) -> Iterator[_Done]:
        """What is in quarantine: somebody may need it by now."""
        for one in made:
            after = one.share.word.purge
            wishes = applying.Wishes(
                purges and after is not None, needed=self._needed,
                take=False, keep=float(after or 0))
            for plan in plan_files.of(CONF.lifecycle.state_dir,
                                      _plans_in(one.share, opened)):
                # One of other stores as well is an operator's to apply.
                if [store.name for store in plan.stores] == one.share.names:
                    exported.check(plan, self._needed)
                    yield from _carried_out(plan, one, opened, wishes)

    def _taken(self, made: Sequence[_Made], opened: _Opened
               ) -> Iterator[_Done]:
        for one in made:
            yield from _carried_out(one.plan, one, opened, applying.Wishes(
                needed=self._needed))


def _carried_out(plan: plans.Plan, made: _Made, opened: _Opened,
                 wishes: applying.Wishes) -> Iterator[_Done]:
    stores, failed = opened
    for done in applying.Applying(plan, audited.ThisHost(), stores, failed,
                                  wishes, made.brake).run():
        yield plan, done


def _plans_in(share: letting.Share, opened: _Opened) -> Container[str]:
    """Those by which something is in quarantine, in the stores of a share."""
    stores, _failed = opened
    return {kept.plan for name in share.names if name in stores
            for kept in stores[name].quarantine.kept()}


def _found(store: plans.Store, made: planning.Made,
           counted: Mapping[str, tuple[int, int]]) -> hygiene.Found:
    steps = [one for one in made.plan.steps if one.store == store.name]
    left = sum(1 for one in made.left if one.item.store == store.name)
    return hygiene.Found(
        len(steps), sum(one.held for one in steps), left,
        counted.get(str(judging.Word.UNCLEAR), (0, 0))[0],
        exceptions.sentence(store.refused))


def _event(plan: plans.Plan, done: outcome.Outcome) -> hygiene.Done:
    entry = done.entry
    return hygiene.Done(
        plan.id, done.store, entry.image_id if entry else '', _where(done),
        done.held, str(done.result), wording.shown(done.detail),
        letting.is_told(done.result))


def _halted(plan: plans.Plan, done: outcome.Outcome) -> str:
    return ('Nothing more is taken from any store in this run: %s of store '
            '%s, of plan %s: %s.' % (_where(done), done.store, plan.id,
                                     done.result))


def _where(done: outcome.Outcome) -> str:
    return '' if done.entry is None else wording.shown(
        done.entry.where or done.entry.name)


def _needed_plans() -> Container[str]:
    """Those by which something is in quarantine, in any store.

    :raises StoreError: one of them cannot be asked
    """
    with here.opened() as found:
        for name, why in found.failed.items():
            raise exceptions.StoreError(store=name, detail=why)
        return {kept.plan for store in found.stores.values()
                for kept in store.kept()}
