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


"""An import, a copy, a delete, a location or a clone comes at each step.

Of an apply, with a pool. What comes between the calls of librbd for one step
is in ``test_quarantine_rbd_stays``.
"""

from typing import Any

from glance_lifecycle.tests.functional import race_case
from glance_lifecycle.tests.functional.stores import rbd_history
from glance_lifecycle.tests.functional.stores import rbd_looks
from glance_lifecycle.tests.functional.stores import rbd_names
from glance_lifecycle.tests.functional.stores import test_hygiene_rbd

_RBD = 'glance_lifecycle.transfer.backends.rbd.'
_QUARANTINE = _RBD + 'quarantine:RbdQuarantine.'

# To take an image, in their order.
_STEPS = (race_case.THERE, _QUARANTINE + 'put', _RBD + 'plan_mark:write',
          _RBD + 'trash:move', _QUARANTINE + '_is_well', race_case.AWAY)

# To remove it. Later, nothing of the first format can be cloned any more; and
# what was judged and has no name is of no use to Glance.
_REMOVAL = (_QUARANTINE + 'purge', _QUARANTINE + '_remove')


class RbdRaceTest(test_hygiene_rbd.RbdHygieneCase, race_case.RaceCase):

    def setUp(self) -> None:
        super().setUp()
        self.clones = (self.cloned_1, self.cloned_2)
        self.events = (self.registered, self.import_begins, self.copy_begins,
                       self.deleted)
        self.ids: dict[str, str] = {}

    # What happens.

    def registered(self, image_id: str) -> None:
        url = f'rbd://{self.cluster.fsid}/images/{image_id}/snap'
        self.api.sql(
            'insert into image_locations (value, meta_data, status, '
            f"created_at, deleted, image_id) values ('{url}', "
            """'{"store": "fast"}', 'active', """
            f"datetime('now'), 0, '{image_id}')")

    def cloned_1(self, image_id: str) -> None:
        self.cloned(image_id, 1)

    def cloned_2(self, image_id: str) -> None:
        self.cloned(image_id, 2)

    def cloned(self, image_id: str, version: int) -> None:
        """By its name, or by whoever had found it before it lost that."""
        name = f'images2/{image_id}'
        if image_id in self.cluster.images('images'):
            rbd_names.clone(self.cluster, image_id, name, version)
        else:
            rbd_names.late_clone(self.cluster, self.ids[image_id], name,
                                 version)

    # What is there.

    def copies(self, number: int) -> dict[str, Any]:
        """In the pool, where no location leads to; and what they are like."""
        self.data = {}
        for one in range(number):
            data = b'%d' % one * 1000
            image = self.new_image(data)
            rbd_history.lead_elsewhere(self.api, image, data)
            self.data[image] = data
        self.ids = {str(name[0]): one for one, name in rbd_looks.places(
            self.cluster).items()}
        return self.looks()

    def looks(self) -> dict[str, Any]:
        return {image: rbd_looks.whole(self.cluster, one)
                for image, one in self.ids.items()}

    def test_it_stays(self) -> None:
        races = self.races(_STEPS, (*self.events, *self.clones))
        before = self.copies(len(races))
        plan = self.plan()
        result = self.raced(plan, race_case.TAKEN, races)
        # Whoever opened it before it was taken can clone it for ever.
        late = {image for image, race in zip(self.planned_images(plan), races)
                if race.before == race_case.AWAY
                and race.event in self.clones}
        self.assertEqual(late, {image for image, one in result.items()
                                if one == 'quarantined'})
        self.assertEqual({'left', 'restored', 'quarantined'},
                         set(result.values()))
        result = self.outcomes(self.reclaim(
            'apply', str(plan), '--purge', '--yes', code=3))
        self.assertEqual(dict.fromkeys(late, 'in quarantine'), {
            image: one for image, one in result.items() if one != 'left'})
        self.reclaim('undo', str(plan))
        self.assertEqual(before, self.looks())
        self.assertEqual(sorted(before), self.cluster.images('images'))
        for image in self.cluster.images('images2'):
            with self.cluster.image('images2', image) as clone:
                self.assertEqual(self.data[image], clone.read(
                    0, len(self.data[image])))

    def test_it_is_not_purged(self) -> None:
        """What is needed comes back; what may be stays where it is."""
        races = [*self.races((race_case.AWAY,), self.events),
                 *self.races(_REMOVAL, self.clones)]
        before = self.copies(len(races))
        plan = self.plan()
        self.reclaim('apply', str(plan))
        images = self.planned_images(plan)
        self.assertEqual(
            dict(zip(images, ('restored', *['in quarantine'] * 7))),
            self.raced(plan, race_case.KEPT, races, '--purge', '--yes'))
        self.reclaim('undo', str(plan))
        self.assertEqual(before, self.looks())
        self.assertEqual(sorted(before), self.cluster.images('images'))
