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

"""A pool of a real cluster with a quarantine."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
from typing import Any

from glance_lifecycle.tests.functional.stores import rbd_calls
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.tests.functional.stores import rbd_looks
from glance_lifecycle.tests.functional.stores import rbd_names
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.rbd import quarantine as rbd_quarantine

IMAGE = rbd_case.IMAGE
PLAN, OTHER_PLAN = '0123456789abcdef', 'fedcba9876543210'
CONTENT = helpers.Image(helpers.noise(5000), 4096, b'tail')

FORMATS = rbd_names.FORMATS

# cls::rbd::TrashImageState, of Ceph's src/cls/rbd/cls_rbd_types.h.
NORMAL, MOVING, REMOVING, RESTORING = range(4)


class QuarantineCase(rbd_case.RbdTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.quarantine = self.opened()

    def opened(self, **options: Any) -> rbd_quarantine.RbdQuarantine:
        found = rbd_quarantine.RbdQuarantine('fast', self.options(**options))
        self.addCleanup(found.close)
        return found

    # What is there.

    def store(self, image: str = IMAGE) -> inventory.Entry:
        helpers.store(self.sink(image), CONTENT)
        return self.look(image)

    def look(self, name: str = IMAGE) -> inventory.Entry:
        found = self.quarantine.look(self.listed(name))
        assert found is not None
        return found

    def listed(self, name: str = IMAGE) -> inventory.Entry:
        found, = (one for one in self.quarantine.entries()
                  if one.name == name)
        return found

    def kept(self, plan: str = '') -> list[quarantine.Kept]:
        return [*self.quarantine.kept(plan)]

    def only_kept(self) -> quarantine.Kept:
        kept, = self.kept()
        return kept

    def taken(self, image: str = IMAGE) -> quarantine.Kept:
        self.assertTrue(self.quarantine.put(self.store(image), PLAN))
        return next(one for one in self.kept() if one.entry.name == image)

    def trashed(self) -> list[dict[str, Any]]:
        import rbd
        with self.cluster.ioctx('images') as ioctx:
            return [*rbd.RBD().trash_list(ioctx)]

    @contextlib.contextmanager
    def by_id(self, image_id: str, **options: Any) -> Iterator[Any]:
        import rbd
        with self.cluster.ioctx('images') as ioctx:
            with rbd.Image(ioctx, image_id=image_id, **options) as image:
                yield image

    def whole(self, image_id: str) -> dict[str, Any]:
        return rbd_looks.whole(self.cluster, image_id)

    def as_kept(self, entry: inventory.Entry) -> quarantine.Kept:
        """As whoever has the plan knows it, whatever has become of it."""
        return quarantine.Kept(PLAN, dataclasses.replace(
            entry, kind=inventory.Kind.QUARANTINED), 0.0)

    # What happens to it.

    def before(self, call: str, do: Callable[[], object]) -> rbd_calls.Once:
        """Before the first such call of librbd."""
        once = rbd_calls.Once(call, do)
        cluster = self.quarantine._cluster
        cluster.rbd = rbd_calls.Watched(cluster.rbd, once)
        return once

    def clone(self, name: str, version: int, image: str = IMAGE) -> None:
        rbd_names.clone(self.cluster, image, name, version)

    def late_clone(self, image_id: str, name: str, version: int) -> None:
        rbd_names.late_clone(self.cluster, image_id, name, version)

    def give_name(self, image_id: str, name: str, *,
                  to_list: bool = True, to_object: bool = True) -> None:
        rbd_names.give(self.cluster, image_id, name, to_list=to_list,
                       to_object=to_object)

    def break_off(self, image_id: str, state: int) -> None:
        """What a killed call of librbd leaves in the trash."""
        with self.cluster.ioctx('images') as ioctx:
            ioctx.execute('rbd_trash', 'rbd', 'trash_state_set',
                          rbd_names.encoded(image_id) + bytes([state, NORMAL]))

    def empty_image(self, name: str, *options: str) -> None:
        self.cluster.rbd('create', '--size', '1M', *options, f'images/{name}')
