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

"""What another Glance has stored under an image's id survives every path.

Users choose the ids of images, and stores are shared.
"""

import os
import pathlib
import shutil
import struct
from typing import Any

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import loopfs
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import kill_case
from glance_lifecycle.tests.unit.transfer.formats.qcow2 \
    import builder as qcow2_builder

PRECIOUS = b'precious' * 1000


def bad_cluster(path: pathlib.Path) -> pathlib.Path:
    """A qcow2 whose last cluster is compressed, and no deflate stream."""
    image = qcow2_builder.Builder(
        [qcow2_builder.Cluster('compressed', bytes([n]) * 65536)
         for n in range(64)], bits=16).build()
    entry, = struct.unpack_from('>Q', image.data, image.l2_entries[63])
    start = entry & (1 << 54) - 1
    image.data[start:start + 8] = b'\xff' * 8
    path.write_bytes(image.data)
    return path


class ForeignTestCase(kill_case.KillTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.new_api(conf={
            'lifecycle_transfer': {'progress_interval': '1'}})
        self.user = self.api.user()

    def begun(self, source: Any, disk_format: str, *stores: str,
              must: bool = True) -> str:
        """An import into a store that holds somebody's object already."""
        image_id = self.staged(self.user, source, disk_format)
        self.api.stored_copy(image_id, 's2').write_bytes(PRECIOUS)
        self.user.import_image(image_id, stores=list(stores),
                               all_stores_must_succeed=must)
        return image_id

    def assert_precious(self, image_id: str, *others: str) -> None:
        """The object stays as it was, and nothing of ours is left."""
        path = self.api.stored_copy(image_id, 's2')
        left = [os.path.relpath(path, self.api.base), *others]
        transfer.until('nothing else is left', lambda: sorted(left)
                       == self.api.leftovers())
        self.assertEqual(PRECIOUS, path.read_bytes())


class FailureTest(ForeignTestCase):

    def test_bad_cluster(self) -> None:
        """The first error of all is the store's; the second the image's."""
        image_id = self.begun(bad_cluster(self.work / 'a.qcow2'), 'qcow2',
                              's1', 's2', must=False)
        image = self.user.wait_import(image_id)
        self.assertEqual('queued', image['status'])
        self.assertIn('bad-compressed-data', self.message(
            self.user, image_id))
        self.assert_precious(image_id)

    def test_directory_missing(self) -> None:
        """The first error of all is that of the other store."""
        shutil.rmtree(self.api.store_dir('s1'))
        image_id = self.begun(images.make(self.work / 'a.qcow2'), 'qcow2',
                              's1', 's2')
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('Store s1', self.message(self.user, image_id))
        self.assert_precious(image_id, f'staging/{image_id}')

    def test_dropped_store(self) -> None:
        """It succeeds without that store."""
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.begun(source, 'qcow2', 's1', 's2', must=False)
        self.assert_stored(self.api, self.user.wait_import(image_id),
                           images.reference(source, 'qcow2'), 's1')
        self.assert_precious(image_id, f's1/{image_id}')

    def test_delete(self) -> None:
        image_id = self.begun(self.noise(), 'raw', 's1', 's2',
                              must=False)
        with transfer.Throttle(transfer.find(self.api)):
            self.wait_written(self.api, 's1')
            self.user.delete(image_id)
        self.assert_precious(image_id)

    def test_second_glance(self) -> None:
        """Another Glance, with a database of its own, shares the store."""
        other = self.new_api(conf={'s2': {
            'filesystem_store_datadir': self.api.store_dir('s2')}})
        image_id = self.staged(other.user(), PRECIOUS, 'raw')
        other.user().import_image(image_id, stores=['s2'])
        self.assertEqual('active',
                         other.user().wait_import(image_id)['status'])
        self.user.create_image(disk_format='qcow2', id=image_id)
        self.user.stage(image_id, bad_cluster(self.work / 'a.qcow2'))
        self.user.import_image(image_id, stores=['s1', 's2'],
                               all_stores_must_succeed=False)
        self.assertEqual('queued',
                         self.user.wait_import(image_id)['status'])
        self.assert_precious(image_id)

    def test_staged_mode(self) -> None:
        """Refused before any work: Glance's drivers see it at the end."""
        self.api.stop()
        self.api.configure(lifecycle={'mode': 'staged'})
        self.api.start()
        image_id = self.begun(images.make(self.work / 'a.qcow2'), 'qcow2',
                              's1', 's2')
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('Store s2 already holds an object',
                      self.message(self.user, image_id))
        self.assert_precious(image_id, f'staging/{image_id}')


class KillTest(ForeignTestCase):

    def killed(self) -> str:
        image_id = self.begun(self.noise(), 'raw', 's1', 's2',
                              must=False)
        self.kill_both(self.api, 's1')
        self.api.start()
        return image_id

    def test_recover(self) -> None:
        image_id = self.killed()
        plan, = self.recover(self.api)
        self.assertEqual((['s1'], {}), (plan['undo'], plan['left']))
        self.assert_precious(image_id, f'staging/{image_id}')

    def test_old_journal(self) -> None:
        """Of an earlier release, that did not say what was its own."""
        image_id = self.killed()
        journal, = (self.api.state_dir / 'transfers').iterdir()
        lines = [line for line in journal.read_text().splitlines()
                 if '"created": [' not in line]
        journal.write_text('\n'.join(lines).replace(
            '"version": 2', '"version": 1'))
        plan, = self.recover(self.api)
        self.assertEqual((['s1'], ['s2']), (plan['undo'], list(plan['left'])))
        self.assertIn('--forget', plan['text'])
        name = os.path.relpath(journal, self.api.base)
        self.assert_precious(image_id, f'staging/{image_id}', name)
        self.assertEqual('uploading', self.user.get(image_id)['status'])
        plan, = self.recover(self.api, '--forget', journal.stem, '--yes')
        self.assertEqual(['s2'], list(plan['left']))
        self.assert_precious(image_id, f'staging/{image_id}')
        self.assertEqual([], self.recover(self.api))


class AwayTest(kill_case.KillTestCase):
    """A store whose file system is not mounted is no empty one."""

    def setUp(self) -> None:
        super().setUp()
        self.mount = self.useFixture(loopfs.LoopFs(128 * images.MIB))
        self.api = self.new_api(conf={
            's2': {'filesystem_store_datadir': self.mount.path}})
        self.user = self.api.user()

    def begun(self) -> tuple[str, int]:
        image_id = self.staged(self.user, self.noise(), 'raw')
        self.user.import_image(image_id, stores=['s1', 's2'])
        return image_id, transfer.find(self.api)

    def check_not_forgotten(self, image_id: str) -> None:
        """Missing; another file system in its place; and back again."""
        if self.mount.path.exists():
            # glance-api makes what is missing as it starts.
            self.mount.path.rmdir()
        for there in (False, True):
            if there:
                # Glance itself may have made it, as it started.
                self.mount.path.mkdir(exist_ok=True)
            plan, = self.recover(self.api)
            self.assertEqual(['s2'], list(plan['left']))
            self.assertNotIn('s2', plan['undo'])
        self.mount.path.rmdir()
        self.mount.mount()
        self.assertNotEqual([], list(self.mount.path.iterdir()))
        plan, = self.recover(self.api)
        self.assertEqual((['s2'], {}), (plan['undo'], plan['left']))
        self.assertEqual([], list(self.mount.path.iterdir()))
        self.check_usable(image_id)

    def check_usable(self, image_id: str) -> None:
        self.user.import_image(image_id, stores=['s1', 's2'])
        image: client.Image = self.user.wait_import(image_id)
        self.assertEqual('active', image['status'])

    def test_recovery(self) -> None:
        image_id, _child = self.begun()
        self.kill_both(self.api, 's2')
        self.mount.unmount()
        self.api.start()
        plan, = self.recover(self.api)
        self.assertEqual((['s1'], ['s2']), (plan['undo'], list(plan['left'])))
        self.assertEqual('uploading', self.user.get(image_id)['status'])
        self.check_not_forgotten(image_id)

    def test_failing_import(self) -> None:
        """The child is killed, and the store gone, as it is tidied up."""
        image_id, child = self.begun()
        with transfer.Throttle(child):
            self.wait_written(self.api, 's2')
            self.mount.unmount()
            os.kill(child, 9)
            image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        # It is this glance-api's for a moment more than its user sees.
        transfer.until('its journal is let go',
                       lambda: self.recover(self.api, '--dry-run'))
        self.check_not_forgotten(image_id)
