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

"""Actions on the stored copies of an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import ClassVar
from typing import TYPE_CHECKING

from glance_lifecycle.copies import copy_image
from glance_lifecycle.copies import removal
from glance_lifecycle import exceptions
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.tasks import base
from glance_lifecycle.worker.tasks import reading

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade

_GOOD = ('copied', 'already there')


class CopyToStores(base.Act):
    """One read for all stores, verified, on a host of glance-api.

    Elsewhere Glance copies, and compares no hash.
    """

    kind: ClassVar[str] = actions.COPY

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        resource = self.cloud.resource(image['id'])
        host = self.cloud.copies(resource)
        self.cloud.may_act()
        if host is None:
            there = list(copy_image.copy(self.cloud.client, resource,
                                         action.stores, self.say))
            results = {store: (result, '') for store, result in there}
        else:
            host.check_user()
            for text in host.recover():
                self.say('Undone of an earlier copy: %s' % text)
            results = {o.store: (str(o.result), o.detail)
                       for o in host.copy(action.stores, None,
                                          self._progress, trust=False,
                                          may_register=self.cloud.may_act,
                                          paced=self.cloud.pacing.copying)}
        for store in action.stores:
            result, detail = results.get(store, ('not copied', ''))
            if result not in _GOOD:
                raise exceptions.StoreError(
                    store=store, detail=base.without_store(
                        store, detail or 'The image was %s.' % result))
        return {'stores': list(action.stores),
                'verified': host is not None,
                'os_hash_algo': image.get('os_hash_algo'),
                'os_hash_value': image.get('os_hash_value')}

    def _progress(self, report: dict[str, Any]) -> None:
        self.say('%d MiB read' % (report['done'] // 2 ** 20))


class DropCopy(reading.Reads):
    """DESTRUCTIVE: delete the copy in one store; never the last that is good.

    Another one must have been read on this host, and found good. Nor one that
    volumes or servers were cloned from.
    """

    kind: ClassVar[str] = actions.DROP

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        store, = action.stores
        self._check_others(self.host(image), image, store)
        # As it is now: another one may have been read for hours.
        resource = self.cloud.resource(image['id'])
        plan = removal.plan(self.cloud.client, resource, store,
                            self.cloud.copies(resource))
        if plan.against:
            raise exceptions.ActionRefused(
                image=image['id'], detail='the copy in store %s is kept: %s'
                % (store, '; '.join(plan.against)))
        self.cloud.may_act()
        removal.drop(self.cloud.client, plan)
        return {'dropped': store, 'kept': [c.store for c in plan.kept]}

    def _check_others(self, host: facade.Copies, image: Mapping[str, Any],
                      store: str) -> None:
        """That another one is good; one is read if none was.

        :raises StoreError: that cannot be told now
        :raises ActionRefused: none is
        """
        host.check_user()
        host.check_hash()
        kept = [copy for copy in host.look() if copy.store != store]
        good = [copy for copy in kept if copy.good]
        if any(copy.verified for copy in good):
            return
        results: dict[str, str] = {}
        for copy in good:
            results |= self.read_back(host, [copy.store])
            if results.get(copy.store) == reading.VERIFIED:
                return
        for copy in kept:
            if copy.present is None:
                raise exceptions.StoreError(
                    store=copy.store, detail='nobody can tell whether the '
                    'copy there is whole, so that the one in store %s is '
                    'kept' % store)
        raise exceptions.ActionRefused(
            image=image['id'], detail='the copy in store %s is kept, for no '
            'other one is whole%s' % (store, ''.join(
                ': that in store %s is %s' % one for one in results.items())))
