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
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit import image_api
from glance_lifecycle.policy import drift
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds
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

    def action(self, image: clouds.Image, now: datetime.datetime
               ) -> actions.Action | None:
        """What is to be read of this image, and still may."""
        size = image.get('size') or 0
        if (self.budget <= 0 or image.get('status') != 'active'
                or image.get(reconcile.LOCK)
                or not image.get('os_hash_value')):
            return None
        due = {}
        for store in image_api.stores_of(image):
            last = self.last_verified(image['id'], store)
            if last is None or now - last > self.after:
                due[store] = last
        if not due:
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


def of(options: Any, last_verified: LastVerified | None) -> Scrubbing | None:
    """One for the next look at all images; None where nothing is read back.

    :param options: [lifecycle_worker]
    """
    if not options.scrub_after or last_verified is None:
        return None
    return Scrubbing(last_verified,
                     datetime.timedelta(days=options.scrub_after),
                     options.scrub_daily * 2 ** 30)
