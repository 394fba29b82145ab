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

"""Which copies are to be read back: those not verified for long."""

from collections.abc import Callable
from collections.abc import Collection
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit import image_api
from glance_lifecycle.policy import drift
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import dropped
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import reconcile

#: of an image in a store, when all of it was last read; None for never
LastVerified = Callable[[str, str], datetime.datetime | None]


@dataclasses.dataclass
class Scrubbing:
    """What one look at all images may read back.

    :param after: since it was verified
    :param budget: bytes, at most; the first image is always within
    """

    last_verified: LastVerified
    after: datetime.timedelta
    budget: int

    def action(self, image: clouds.Image, now: datetime.datetime,
               left: Collection[str] = ()) -> actions.Action | None:
        """What is to be read of this image, and still may.

        :param left: stores in which an earlier job has dropped a copy, and
            not made it again; that does not wait until others are to be read,
            and ``with_left()`` has it done
        """
        size, stores = image.get('size') or 0, image_api.stores_of(image)
        missing = not {*left} <= {*stores}
        if (not (missing or self.budget > 0)
                or image.get('status') != 'active'
                or image.get(reconcile.LOCK)
                or not image.get('os_hash_value')):
            return None
        due = {}
        for store in stores if self.budget > 0 else ():
            last = self.last_verified(image['id'], store)
            if last is None or now - last > self.after:
                due[store] = last
        if not due and not missing:
            return None
        self.budget -= size * len(due)
        wanted = 'verified within %d days' % self.after.days
        return actions.Action(
            actions.SCRUB, image['id'], image.get('name') or '',
            image.get('owner') or '', {'stores': sorted(due)},
            tuple(drift.Drift(
                'scrub', 'stores', '%s: %s' % (store, wanted),
                last.date().isoformat() if last else 'never', '', 'stores',
                store) for store, last in sorted(due.items())),
            size=size * len(due))


def left(database: engine.Database, cloud: clouds.Cloud
         ) -> dict[str, list[str]]:
    """Image -> stores of copies that were dropped, and not made again."""
    found = dropped.all_left(database)
    return {image: _there(stores, cloud) for image, stores in found.items()}


def _there(stores: Collection[str], cloud: clouds.Cloud) -> list[str]:
    """Without those that Glance has no more: a copy there fails for ever."""
    kinds = cloud.store_kinds if stores else None
    return sorted(store for store in stores if kinds is None or store in kinds)


def with_left(action: actions.Action, last: jobs.Job | None,
              cloud: clouds.Cloud) -> actions.Action:
    """The same, which also makes again what the last job has left."""
    left = [] if last is None else _there(
        dropped.left(last.state, last.action), cloud)
    if not left:
        return action
    return dataclasses.replace(
        action, arguments={'stores': sorted({*action.stores, *left}),
                           'repairing': left},
        reasons=(*action.reasons, *(drift.Drift(
            'scrub', 'stores', '%s: made again' % store,
            'dropped by an earlier job', '', 'stores', store)
            for store in left)))


def of(options: Any, last_verified: LastVerified | None) -> Scrubbing | None:
    """One for the next look at all images; None where nothing is read back.

    :param options: [lifecycle_worker]
    """
    if not options.scrub_after or last_verified is None:
        return None
    return Scrubbing(last_verified,
                     datetime.timedelta(days=options.scrub_after),
                     options.scrub_daily * 2 ** 30)
