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

"""Random histories of a bucket and of a container, and what is left of them.

Images come, go, and are copied; the store fails, uploads die, strangers write.
However that was mixed: what Glance needs is there after it, bit for bit, what
others have there too, and what nobody needs is gone.
"""

import hashlib
import json
import pathlib
import random
from typing import Any
import uuid

from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import reclaim_case
from glance_lifecycle.tests.functional.stores import test_hygiene_objects

STEPS = 12

# Of whoever may write there; none that Swift would serve with a large image.
ODD = ('{0} ', '{0}/x', 'x/{0}', ' {0}', '{0}.tmp', 'a b\u20ac',
       'lifecycle-quarantine/{0}', 'lifecycle-quarantine/0123456789abcdef/x')


class HistoryCase(reclaim_case.ReclaimCase,
                  test_hygiene_objects.ObjectHygieneCase):
    """The rest is for the class of a store to say."""

    def names(self) -> set[str]:
        """Of all objects, and of uploads."""
        raise NotImplementedError

    def got(self, name: str) -> bytes:
        raise NotImplementedError

    def write(self, name: str, data: bytes) -> Any:
        raise NotImplementedError

    def died(self, image_id: str) -> bool:
        """What an upload leaves that died; whether it can be taken."""
        raise NotImplementedError

    def data(self) -> bytes:
        """Of one piece or of many."""
        raise NotImplementedError

    # What happens.

    def setUp(self) -> None:
        super().setUp()
        # Images that Glance has, and objects of each of them.
        self.needed: dict[str, bytes] = {}
        self.objects: dict[str, set[str]] = {}
        # Objects that nobody needs, by image, and those that all the same
        # cannot be taken.
        self.needless: dict[str, set[str]] = {}
        self.staying: set[str] = set()

    def happen(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - to be repeated
        for _ in range(3):
            self.imported()
        things = [self.imported, self.deleted, self.failed, self.copied,
                  self.upload_died, self.stranger, self.odd]
        # Each of them, and more.
        todo = things + self.chance.choices(things, k=STEPS - len(things))
        self.chance.shuffle(todo)
        for thing in todo:
            thing()

    def imported(self) -> None:
        before, data = self.names(), self.data()
        image_id = self.new_image(data)
        self.needed[image_id] = data
        self.objects[image_id] = self.names() - before

    def one(self) -> str:
        """An image that the store has, so that some are left."""
        if len(self.objects) < 3:
            self.imported()
        return self.chance.choice(sorted(self.objects))

    def deleted(self) -> None:
        image_id = self.one()
        self.admin.delete(image_id)
        del self.needed[image_id]
        self.assertEqual(set(), self.objects.pop(image_id) & self.names())

    def failed(self) -> None:
        """The store did, while the image was deleted."""
        image_id = self.one()
        self.drop(image_id)
        del self.needed[image_id]
        self.needless[image_id] = self.objects.pop(image_id)

    def copied(self) -> None:
        """To another store, and its location here was removed."""
        image_id = self.one()
        self.admin.import_image(image_id, 'copy-image', stores=['files'])
        self.admin.wait_import(image_id)
        self.api.sql(
            "update image_locations set deleted = 1, status = 'deleted' "
            f"where image_id = '{image_id}' and value not like 'file:%'")
        self.needless[image_id] = self.objects.pop(image_id)

    def upload_died(self) -> None:
        image_id = str(self.admin.create_image(disk_format='raw')['id'])
        self.admin.delete(image_id)
        before = self.names()
        if self.died(image_id):
            self.needless[image_id] = self.names() - before
        else:
            self.staying.add(image_id)

    def stranger(self) -> None:
        """An image of another Glance."""
        self.write(str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
                 b'theirs')

    def odd(self) -> None:
        name = self.chance.choice(sorted(self.needed))
        self.write(self.chance.choice(ODD).format(name), b'odd')

    # What comes of it.

    def snapshot(self) -> dict[str, str]:
        return {name: hashlib.sha256(self.got(name)).hexdigest()
                for name in self.names() - self.staying}

    def assert_needed(self) -> None:
        for image_id, data in self.needed.items():
            self.assertEqual(data, self.admin.download(image_id))

    def killed(self, plan: pathlib.Path) -> None:
        """An apply, when it has changed something."""
        before = self.names()
        command = self.operator().popen(*self.reclaiming('apply', str(plan)))
        self.addCleanup(command.wait)
        self.addCleanup(command.kill)
        transfer.until('it has begun', lambda: self.names() != before,
                       interval=0.01)
        command.kill()
        command.wait()

    def history(self, seed: int, undone: bool) -> None:
        self.happen(seed)
        before = self.snapshot()
        gone = {name for names in self.needless.values() for name in names}
        left = {name: one for name, one in before.items() if name not in gone}
        store = next(iter(self.stores))
        code = 3 if self.staying else 0
        plan = self.plan('--alone', store, code=code)
        steps = [row['Image'] for row in self.planned.json
                 if row['Step'] != 'left']
        self.assertEqual(sorted(self.needless), sorted(steps))
        self.killed(plan)
        self.assert_needed()
        if undone:
            self.reclaim('undo', json.loads(
                plan.read_text())['digest'][:16])
            self.assertEqual(before, self.snapshot())
            plan = self.plan('--alone', store, name='again', code=code)
        self.assertEqual(dict.fromkeys(self.needless, True), {
            image_id: result in ('quarantined', 'in quarantine')
            for image_id, result in self.outcomes(
                self.reclaim('apply', str(plan))).items()})
        self.assert_needed()
        self.assertEqual(dict.fromkeys(self.needless, 'purged'),
                         self.outcomes(self.reclaim(
                             'apply', str(plan), '--purge', '--yes')))
        self.assertEqual(left, self.snapshot())
        self.assertLessEqual(self.staying, self.names())
        self.assert_needed()
