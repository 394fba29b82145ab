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

"""Images that move from one store to another: copied, and then dropped."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import ClassVar
from typing import TYPE_CHECKING

from glance_lifecycle.copies import removal
from glance_lifecycle import exceptions
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.tasks import base
from glance_lifecycle.worker.tasks import reading

if TYPE_CHECKING:
    from glance_lifecycle.copies import dropping
    from glance_lifecycle.copies import facade
    from glance_lifecycle.dependents import base as dependents

_COPIED = ('copied', 'already there')

# Clones that are named.
_MOST = 5


class Migrate(reading.Reads):
    """Copy to the target, and read that copy back.

    A copy that is not the image is removed, if the migration has made it.
    """

    kind: ClassVar[str] = actions.MIGRATE

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        host = self.host(image)
        host.check_user()
        host.check_hash()
        for text in host.recover():
            self.say('Undone of an earlier copy: %s' % text)
        target, = action.stores
        written = self._copy(host, image, target)
        # One that was there before has not been read in this pass.
        if action.arguments['read_back'] or written is None:
            found = self.read_back(self.host(image), [target]).get(target, '')
            if found != reading.VERIFIED:
                self._wrong(action, image, target, found)
        return {'stores': [target], 'written': written,
                'os_hash_algo': image.get('os_hash_algo'),
                'os_hash_value': image.get('os_hash_value')}

    def _copy(self, host: facade.Copies, image: Mapping[str, Any],
              target: str) -> int | None:
        """Bytes written; None if it was there already."""
        self.cloud.may_act()
        try:
            outcomes = host.copy([target], None, self.progress, trust=False,
                                 may_register=self.cloud.may_act,
                                 paced=self.cloud.pacing.copying)
        except exceptions.StoreFull as error:
            # To try again at once would fill it again.
            raise exceptions.ActionRefused(
                image=image['id'], detail=str(error)) from None
        for outcome in outcomes:
            if outcome.store != target:
                continue
            if outcome.result not in _COPIED:
                raise exceptions.StoreError(
                    store=target, detail=base.without_store(
                        target, outcome.detail))
            return outcome.written
        raise exceptions.StoreError(store=target, detail='it was not copied')

    def _wrong(self, action: actions.Action, image: Mapping[str, Any],
               target: str, found: str) -> None:
        """:raises LifecycleError: always"""
        if action.arguments.get('made'):
            resource = self.cloud.resource(image['id'])
            plan = removal.plan(self.cloud.client, resource, target,
                                self.cloud.copies(resource))
            if not plan.against:
                self.cloud.may_act()
                removal.drop(self.cloud.client, plan)
                raise exceptions.StoreError(
                    store=target, detail='the new copy was %s when it was '
                    'read back, and was removed' % found)
        raise exceptions.ActionRefused(
            image=image['id'], detail='the copy in store %s is %s. See '
            '"openstack image lifecycle repair"' % (target, found or 'gone'))


class MigrateDrop(reading.Reads):
    """DESTRUCTIVE: delete the copy in the source, if nothing hangs on it.

    Else it stays, and the proof says why. Not before the copy in the target
    was read on this host, and found good, unless the plan trusts what was
    written: then it is looked whether it is there, with its size.
    """

    kind: ClassVar[str] = actions.MIGRATE_DROP

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        source, = action.stores
        target = action.arguments['other']
        host = self.host(image)
        if source not in host.image.stores:
            return {'dropped': source, 'kept': list(host.image.stores)}
        self._check(host, image, target, action.arguments['read_back'])
        resource = self.cloud.resource(image['id'])
        plan = removal.plan(self.cloud.client, resource, source,
                            self.cloud.copies(resource))
        if plan.against:
            return {'stays': why(plan), 'kept': [c.store for c in plan.kept]}
        self.cloud.may_act()
        removal.drop(self.cloud.client, plan)
        return {'dropped': source, 'kept': [c.store for c in plan.kept]}

    def _check(self, host: facade.Copies, image: Mapping[str, Any],
               target: str, read_back: bool) -> None:
        """:raises ActionRefused: the copy in the target is not good"""
        host.check_user()
        known = next((c for c in host.look() if c.store == target), None)
        if known is not None and known.good and (
                known.verified or not read_back):
            return
        found = self.read_back(host, [target]).get(target)
        if found != reading.VERIFIED:
            raise exceptions.ActionRefused(
                image=image['id'], detail='the copy in store %s is %s, so '
                'that the other one is kept. See "openstack image lifecycle '
                'repair"' % (target, found or 'gone'))


def why(plan: dropping.Plan) -> str:
    """Why the copy stays, and what would let it go."""
    if not plan.clones:
        return '; '.join(plan.against)
    others = [line for line in plan.against
              if not any(clone.id in line for clone in plan.clones)]
    more = len(plan.clones) - _MOST
    return '; '.join((*others, '%d clones hang on it: %s%s. %s' % (
        len(plan.clones), ', '.join(
            '%s (%s%s)' % (one.id, one.name, _trash(one))
            for one in plan.clones[:_MOST]),
        ', and %d more' % more if more > 0 else '',
        'Each is independent after %s%s' % (
            ', '.join('"%s"' % each for each in _flattened(
                plan.clones[:_MOST])),
            '' if more <= 0 else ' and so on'))))


def _trash(clone: dependents.Dependent) -> str:
    return ', in the trash' if clone.detail.endswith('in the trash') else ''


def _flattened(clones: Iterable[dependents.Dependent]) -> list[str]:
    """What makes clones independent of their image."""
    found = []
    for clone in clones:
        pool, _slash, _id = clone.id.rpartition('/')
        if _trash(clone):
            found.append('rbd trash restore %s' % clone.id)
        found.append('rbd flatten %s/%s' % (pool, clone.name))
    return found
