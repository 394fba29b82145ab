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
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.rbd import quarantine as rbd_quarantine

IMAGE = rbd_case.IMAGE
PLAN, OTHER_PLAN = '0123456789abcdef', 'fedcba9876543210'
CONTENT = helpers.Image(helpers.noise(5000), 4096, b'tail')

# Format of a clone -> the option of "rbd clone".
FORMATS = {1: ('--rbd-default-clone-format', '1'),
           2: ('--rbd-default-clone-format', '2')}

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
        """All of an image, wherever it is.

        But whether something was cloned from it, which Ceph never forgets,
        and the lock that librbd takes, and breaks if its owner has died.
        """
        import rbd
        with self.by_id(image_id, read_only=True) as image:
            facts = {
                'id': image.id(), 'name': image.get_name(),
                'size': image.size(), 'features': image.features()
                & ~rbd.RBD_FEATURE_OPERATIONS,
                'flags': image.flags(), 'data pool': image.data_pool_id(),
                'made': image.create_timestamp(),
                'changed': image.modify_timestamp(),
                'metadata': sorted(image.metadata_list()),
                'bytes': image.read(0, image.size()),
                'snapshots': [
                    (one['name'], one['size'],
                     image.is_protected_snap(one['name']))
                    for one in image.list_snaps() if not one['namespace']]}
        for name, _size, _protected in facts['snapshots']:
            with self.by_id(image_id, snapshot=name, read_only=True) as image:
                facts[f'bytes of {name}'] = image.read(0, image.size())
        return facts

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
        self.cluster.tool('rbd', 'clone', *FORMATS[version],
                          f'images/{image}@snap', name)

    def late_clone(self, image_id: str, name: str, version: int) -> None:
        """By whoever found the image before it was moved."""
        self.give_name(image_id, 'late')
        try:
            self.clone(name, version, 'late')
        finally:
            with self.cluster.ioctx('images') as ioctx:
                ioctx.remove_object('rbd_id.late')
                ioctx.execute('rbd_directory', 'rbd', 'dir_remove_image',
                              _encoded('late') + _encoded(image_id))

    def give_name(self, image_id: str, name: str, *,
                  to_list: bool = True, to_object: bool = True) -> None:
        """As librbd does, in two steps."""
        with self.cluster.ioctx('images') as ioctx:
            if to_list:
                ioctx.execute('rbd_directory', 'rbd', 'dir_add_image',
                              _encoded(name) + _encoded(image_id))
            if to_object:
                ioctx.write_full(f'rbd_id.{name}', _encoded(image_id))

    def break_off(self, image_id: str, state: int) -> None:
        """What a killed call of librbd leaves in the trash."""
        with self.cluster.ioctx('images') as ioctx:
            ioctx.execute('rbd_trash', 'rbd', 'trash_state_set',
                          _encoded(image_id) + bytes([state, NORMAL]))

    def empty_image(self, name: str, *options: str) -> None:
        self.cluster.rbd('create', '--size', '1M', *options, f'images/{name}')


def _encoded(text: str) -> bytes:
    return len(text).to_bytes(4, 'little') + text.encode()
