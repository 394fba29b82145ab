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

"""What has to be done to an image so that it is as its policy wants it.

Pure: an image as the Image API shows it and a Decision in, actions out.
Whoever carries them out looks again just before. After they are done, there
is nothing left to do but what ``Left`` names.

Arguments of the actions, by kind:

update
    ``attributes``: Image API name -> value; ``set_properties``: name ->
    value; ``remove_properties``, ``add_tags``, ``remove_tags``: names.
copy, drop
    ``stores``: names.
prefetch
    ``caches``: nodes, see ``caching``; ``keep``: also when it was evicted.
sign, hide, deactivate, delete
    None.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import drift
from glance_lifecycle.policy import generations
from glance_lifecycle.policy import units
from glance_lifecycle.policy import wants
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import caching
from glance_lifecycle.worker import resigning

Action = actions.Action

#: the Image API's: a task has the image now
LOCK = 'os_glance_import_task'
_SETTLED = ('active', 'deactivated')
_SIGNATURE = 'signature'

_NO_FAMILY = ('Give it the property or the name that its family has, or let '
              'another rule decide.')

_NONE: Mapping[str, Any] = {}
_LISTS = {'set_tags': 'add_tags', 'forbid_tags': 'remove_tags',
          'forbid_properties': 'remove_properties'}


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """A difference that no action mends.

    :ivar why: and who can, as a sentence
    """

    image_id: str
    image_name: str
    reason: drift.Drift
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Needs:
    """What one image needs.

    :ivar actions: in the order in which they are done
    """

    actions: tuple[Action, ...] = ()
    left: tuple[Left, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Around:
    """What an image does not tell itself.

    :ivar view: of its family; None where nobody has looked
    :ivar unused: seconds for which surely nothing has needed it; None where
        that is not known
    :ivar missing: caches that it is not in, and should be
    :ivar signature: what its own is like
    """

    view: generations.View | None = None
    unused: int | None = None
    missing: caching.Missing = caching.NOT_MISSING
    signature: resigning.Found = resigning.NOTHING


def reconcile(image: Mapping[str, Any], facts: decisions.Facts,
              decision: decisions.Decision, around: Around = Around()
              ) -> Needs:
    """What this image needs.

    :param image: of the Image API
    :param facts: the same, as ``audit.drift.facts`` makes them
    :param decision: on these facts
    """
    if image.get('status') not in _SETTLED:
        return Needs()
    differences = drift.compare(facts, decision, around.view)
    if not any(found.option == _SIGNATURE for found in differences):
        differences += _broken(decision, around.signature)
    if image.get(LOCK):
        return Needs(left=tuple(
            _left(image, found, 'It is imported or copied now, by task %s. '
                  'Look again after that.' % image[LOCK])
            for found in differences))
    return _Image(image, facts, decision, differences, around).needs()


def wants_caches(image: Mapping[str, Any], decision: decisions.Decision
                 ) -> bool:
    """Whether caches are to have it."""
    return (image.get('status') == 'active' and not image.get('os_hidden')
            and not image.get(LOCK) and 'cache' not in decision.unsure
            and bool(decision.cache.prefetch))


def _broken(decision: decisions.Decision, signature: resigning.Found
            ) -> Iterator[drift.Drift]:
    """A signature that is there, and no good."""
    if (signature.wrong and decision.require.signature != 'never'
            and 'require' not in decision.unsure):
        yield drift.Drift(
            'require', 'img_signature', drift.SERVICE_SIGNATURE,
            signature.wrong, decision.decided_by('require', 'signature'),
            _SIGNATURE)


class _Image:
    """One image while its needs are collected."""

    def __init__(self, image: Mapping[str, Any], facts: decisions.Facts,
                 decision: decisions.Decision,
                 differences: Sequence[drift.Drift], around: Around
                 ) -> None:
        self._image = image
        self._facts = facts
        self._decision = decision
        self._differences = differences
        self._around = around
        self._left: list[Left] = []

    def needs(self) -> Needs:
        retired = [*self._retire()]
        if any(each.kind == actions.DELETE for each in retired):
            # It goes: nothing else is worth the work.
            return Needs(tuple(retired), tuple(self._left))
        found = (*self._update(), *self._sign(), *self._place(), *(
            () if retired else self._prefetch()), *retired)
        for item in self._of('require', 'convert'):
            if item.option != _SIGNATURE:
                self._leave(item, 'The image has to be imported again, or the '
                            'policy has to allow it.')
        return Needs(found, tuple(self._left))

    def _of(self, *sections: str) -> list[drift.Drift]:
        return [d for d in self._differences if d.section in sections]

    def _leave(self, reason: drift.Drift, why: str) -> None:
        self._left.append(_left(self._image, reason, why))

    def _action(self, kind: str, reasons: Sequence[drift.Drift],
                arguments: Mapping[str, Any] = _NONE, *, size: int = 0,
                unused: bool = False) -> Action:
        return Action(
            kind, self._image['id'], self._image.get('name') or '',
            self._image.get('owner') or '', arguments, tuple(reasons),
            size, unused)

    # What one request changes.

    def _update(self) -> Iterator[Action]:
        changed: dict[str, Any] = {}
        reasons = [reason for reason in self._of(
            'protect', 'visibility', 'metadata', 'retain')
            if self._change(reason, changed)]
        if reasons:
            # In one order, however the image lists them, so that a plan can
            # be compared with a later one.
            yield self._action(actions.UPDATE, reasons, {
                key: sorted(value) if isinstance(value, list) else value
                for key, value in sorted(changed.items()) if value})

    def _change(self, reason: drift.Drift, changed: dict[str, Any]) -> bool:
        """Add what mends this; False if nothing does."""
        decision, option, name = self._decision, reason.option, reason.subject
        attributes = changed.setdefault('attributes', {})
        if option == 'protected':
            attributes['protected'] = decision.protect.protected
        elif option == 'hidden':
            attributes['os_hidden'] = decision.visibility.hidden
        elif option in ('allowed', 'publishers'):
            narrower = self._narrower()
            if narrower is None:
                self._leave(reason, 'Only its owner or an operator makes an '
                            'image visible to more projects.')
                return False
            attributes['visibility'] = narrower
        elif option == 'deprecate':
            self._mark(name, changed)
        elif option == 'set_properties':
            changed.setdefault(option, {})[name] = (
                decision.metadata.set_properties[name])
        elif name.startswith(wants.RESERVED):
            self._leave(reason, 'It belongs to the service. Let the policy '
                        'not forbid it.')
            return False
        else:
            changed.setdefault(_LISTS[option], []).append(name)
        return True

    def _mark(self, name: str, changed: dict[str, Any]) -> None:
        value = generations.marks(self._facts, self._decision,
                                  self._around.view)[name]
        if name == 'os_hidden':
            changed['attributes'][name] = value
        elif value is None:
            changed.setdefault('remove_properties', []).append(name)
        else:
            changed.setdefault('set_properties', {})[name] = value

    def _narrower(self) -> str | None:
        """The next less visible that is allowed."""
        order = wants.ALL_VISIBILITIES
        found = self._facts.visibility
        below = order[order.index(found) + 1:] if found in order else ()
        return next((each for each in below
                     if self._decision.visibility.permits(
                         each, self._facts.project)), None)

    # What the service has signed.

    def _sign(self) -> Iterator[Action]:
        reasons = [d for d in self._of('require') if d.option == _SIGNATURE]
        if not reasons:
            return
        if self._around.signature.why_not:
            for reason in reasons:
                self._leave(reason, self._around.signature.why_not)
        else:
            yield self._action(actions.SIGN, reasons)

    # Where its copies are.

    def _place(self) -> Iterator[Action]:
        found = self._of('place')
        missing = [d for d in found if d.option != 'copies']
        surplus = [d for d in found if d.option == 'copies']
        if missing:
            yield from self._copy(missing)
            for reason in surplus:
                self._leave(reason, 'First the copies that are missing are '
                            'made.')
            return
        for reason in surplus:
            yield from self._drop(reason)

    def _copy(self, missing: list[drift.Drift]) -> Iterator[Action]:
        known = self._facts.store_kinds
        if self._image['status'] != 'active':
            for reason in missing:
                self._leave(reason, 'Only an active image is copied. '
                            'Reactivate it first.')
            return
        for reason in [d for d in missing
                       if known is not None and d.subject not in known]:
            self._leave(reason, 'There is no such store in this cloud. '
                        'Correct the policy, or add the store.')
            missing.remove(reason)
        if missing:
            stores = sorted(d.subject for d in missing)
            yield self._action(
                actions.COPY, missing, {'stores': stores},
                size=len(stores) * (self._image.get('size') or 0))

    def _drop(self, reason: drift.Drift) -> Iterator[Action]:
        if self._image['status'] != 'active':
            # Glance answers 409, which is no reason to try again and again.
            self._leave(reason, 'Only of an active image is a copy deleted. '
                        'Reactivate it first.')
            return
        place = self._decision.place
        wanted = {*(place.stores or ()), *place.later}
        for store in sorted(set(self._facts.stores) - wanted):
            yield self._action(actions.DROP, [reason], {'stores': [store]},
                               size=self._image.get('size') or 0)

    # Where it is to be at hand.

    def _prefetch(self) -> Iterator[Action]:
        missing = self._around.missing
        if missing.nodes:
            yield self._action(
                actions.PREFETCH,
                [self._uncached(node) for node in missing.nodes],
                {'caches': sorted(missing.nodes),
                 'keep': self._decision.cache.keep},
                size=len(missing.nodes) * (
                    self._image.get('size') or 0))
        for node in missing.full:
            self._leave(self._uncached(node), 'There is no room for it. Raise '
                        '[lifecycle_worker] cache_limit, or let the policy '
                        'prefetch less.')
        for node in missing.absent:
            self._leave(self._uncached(node), 'There is no such aggregate. '
                        'Name one that "openstack aggregate list" shows.')

    def _uncached(self, node: str) -> drift.Drift:
        return drift.Drift(
            'cache', 'prefetch', 'in the cache of %s' % node, 'not there',
            self._decision.decided_by('cache', 'prefetch'), 'prefetch', node)

    # When it is old.

    def _retire(self) -> Iterator[Action]:
        status = self._image['status']
        unused = self._decision.retain.only_unused
        due = self._due('delete_after', 'image', status)
        if due is not None:
            protect = self._decision.protect
            if not (self._facts.protected or protect.protected
                    or 'protect' in self._decision.unsure):
                yield self._action(
                    actions.DELETE, [due], size=self._image.get('size') or 0,
                    unused=unused or protect.keep_while_in_use)
                return
            self._leave(due, 'It is protected, or may be, so that it is not '
                        'deleted by its age.')
        due = self._due('hide_after', 'os_hidden', 'false')
        if due is not None and self._facts.hidden is False:
            if self._decision.visibility.hidden is None:
                yield self._action(actions.HIDE, [due], unused=unused)
            elif not self._decision.visibility.hidden:
                self._leave(due, 'The section visibility of the policy wants '
                            'it shown. Correct one of the two.')
        due = self._due('deactivate_after', 'status', status)
        if due is not None and status == 'active':
            yield self._action(actions.DEACTIVATE, [due], unused=unused)

    def _due(self, option: str, name: str, found: str) -> drift.Drift | None:
        retain = self._decision.retain
        after = getattr(retain, option)
        if after is None or 'retain' in self._decision.unsure:
            return None
        age, since = self._facts.age, ''
        if retain.keep_last is not None:
            age, since = self._superseded(age, retain.keep_last, after)
        if age is None or age < after or not self._unused(option):
            return None
        return drift.Drift(
            'retain', name, '%s %s%s' % (option, units.duration_text(after),
                                         since),
            found, self._decision.decided_by('retain', option), option)

    def _superseded(self, age: int | None, keep_last: int, after: int
                    ) -> tuple[int | None, str]:
        """Seconds since it was of the newest; None if it still is."""
        view = self._around.view
        if age is None:
            return None, ''
        if view is None or view.key is None:
            if age >= after:
                self._leave_once('keep_last', 'keep_last %d' % keep_last,
                                 'no family', 'It is not known of which '
                                 'family it is, and so not whether it is of '
                                 'the newest. %s' % _NO_FAMILY)
            return None, ''
        if view.newer < keep_last or view.out is None:
            return None, ''
        return age - view.out, (
            ' since %d newer ones of its family were there' % keep_last)

    def _unused(self, option: str) -> bool:
        """Whether nothing has needed it for as long as is asked."""
        wanted = self._decision.retain.unused_for
        if wanted is None:
            return True
        if self._around.unused is None:
            self._leave_once(
                'unused_for', 'unused_for ' + units.duration_text(wanted),
                'not known', 'Only a worker that can ask Nova and Cinder '
                'knows when it was last used, and retires it.')
            return False
        return self._around.unused >= wanted

    def _leave_once(self, option: str, wanted: str, found: str, why: str
                    ) -> None:
        left = _left(self._image, drift.Drift(
            'retain', 'image', wanted, found,
            self._decision.decided_by('retain', option), option), why)
        if left not in self._left:
            self._left.append(left)


def _left(image: Mapping[str, Any], reason: drift.Drift, why: str) -> Left:
    return Left(image['id'], image.get('name') or '', reason, why)
