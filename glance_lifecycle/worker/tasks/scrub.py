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

"""Stored copies read back, and what is bad of them replaced."""

from __future__ import annotations

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
    from glance_lifecycle.copies import facade

_COPIED = ('copied', 'already there')


class Scrub(reading.Reads):
    """Read copies and compare; replace a bad one by a good one.

    A bad copy is dropped only after another one was read to its end, and
    found good. What was dropped is noted before, so that whoever has the job
    next makes the copy, even if no policy asks for it.
    """

    kind: ClassVar[str] = actions.SCRUB

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        host = self.host(image)
        host.check_user()
        for text in host.recover():
            self.say('Undone of an earlier copy: %s' % text)
        repairing = list(action.arguments.get('repairing', ()))
        # Also those: whoever noted them may have been killed before the drop.
        results = self.read_back(host, {*action.stores, *repairing})
        bad = sorted(store for store, found in results.items()
                     if found != reading.VERIFIED)
        proof = {'verified': sorted(set(results) - set(bad)), 'repaired': [],
                 'os_hash_algo': image.get('os_hash_algo'),
                 'os_hash_value': image.get('os_hash_value')}
        if not bad and not repairing:
            return proof
        for store in bad:
            if results[store] == reading.MISSING:
                self._check_store(host, store)
        good = self._good(image, host, results, {*bad, *repairing})
        for store in bad:
            repairing = list(dict.fromkeys((*repairing, store)))
            self._drop(image, store, action, repairing)
        # As the database has it now.
        self._copy(self.host(image), repairing, good)
        return {**proof, 'repaired': repairing, 'source': good}

    def _check_store(self, host: facade.Copies, store: str) -> None:
        """That it is there, and has others.

        What is written into the directory where a store should be mounted
        fills another disk, and Glance has forgotten where the copy was.

        :raises StoreError: it is not
        """
        why = host.not_the_store(store)
        if why:
            raise exceptions.StoreError(store=store, detail=why)

    def _good(self, image: Mapping[str, Any], host: facade.Copies,
              results: Mapping[str, str], bad: set[str]) -> str:
        """A store whose copy was read just now, and is good.

        :raises ActionRefused: there is none, or none is to be replaced
        """
        said = 'the copy in %s is not whole' % ', '.join(sorted(bad))
        if not self.cloud.repair:
            raise exceptions.ActionRefused(
                image=image['id'], detail='%s. Set [lifecycle_worker] repair, '
                'or replace it with "openstack image lifecycle store drop" '
                'and "store copy"' % said)
        others = {*host.image.stores} - bad - set(results)
        for store, result in [*results.items(),
                              *self.read_back(host, others).items()]:
            if result == reading.VERIFIED:
                return store
        raise exceptions.ActionRefused(
            image=image['id'], detail='%s, and NO OTHER COPY IS GOOD. Restore '
            'it from a backup' % said)

    def _drop(self, image: Mapping[str, Any], store: str,
              action: actions.Action, repairing: list[str]) -> None:
        resource = self.cloud.resource(image['id'])
        plan = removal.plan(self.cloud.client, resource, store,
                            self.cloud.copies(resource))
        if plan.against:
            raise exceptions.ActionRefused(
                image=image['id'], detail='the copy in store %s is not whole, '
                'and cannot be replaced: %s' % (
                    store, '; '.join(plan.against)))
        self.cloud.may_act()
        self.cloud.note({**action.arguments, 'repairing': repairing})
        removal.drop(self.cloud.client, plan)

    def _copy(self, host: facade.Copies, stores: list[str], source: str
              ) -> None:
        """:raises StoreError: not all of them are there"""
        for outcome in host.copy(stores, source, self.progress, trust=False,
                                 may_register=self.cloud.may_act,
                                 paced=self.cloud.pacing.copying):
            if outcome.result not in _COPIED:
                raise exceptions.StoreError(
                    store=outcome.store, detail=base.without_store(
                        outcome.store, outcome.detail))
