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

"""Imports through a real Glance into two pools of a real cluster."""

from collections.abc import Mapping
import os
import pathlib
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case

STORES = {'fast': 'images', 'slow': 'images2'}
TIMEOUT = 6
PIECE = 8 * images.MIB


class RbdImportTestCase(plugin_case.PluginTestCase):
    """All tests of the class use one cluster."""

    cluster: ceph.Ceph

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = ceph.Ceph()
        cls.cluster.setUp()
        cls.addClassCleanup(cls.cluster.cleanUp)

    def setUp(self) -> None:
        super().setUp()
        for pool in STORES.values():
            self.addCleanup(self.cluster.empty, pool)
        self.api = self.rbd_api()
        self.user = self.api.user()

    def rbd_api(self, **options: Any) -> glance.GlanceApi:
        conf: Mapping[str, Mapping[str, object]] = {
            store: {'rbd_store_pool': pool, 'rbd_store_user': 'glance',
                    'rbd_store_ceph_conf': self.cluster.conf,
                    'rados_connect_timeout': TIMEOUT}
            for store, pool in STORES.items()}
        # Where other tests run too, a nice process gets next to nothing.
        conf = {**conf, 'lifecycle_transfer': {'nice': 0}}
        return self.new_api(conf, stores=dict.fromkeys(STORES, 'rbd'),
                            **options)

    def assert_in_pools(self, image: client.Image,
                        expected: images.Reference) -> None:
        """Active, whole in both, and clonable where Glance says it is."""
        self.assertEqual('active', image['status'],
                         self.message(self.user, image['id']))
        self.assertEqual(
            sorted((f'rbd://{self.cluster.fsid}/{pool}/{image["id"]}/snap',
                    {'store': store}) for store, pool in STORES.items()),
            sorted((place['url'], place['metadata'])
                   for place in image['locations']))
        self.assertEqual((expected.size, expected.md5, expected.sha512),
                         (image['size'], image['checksum'],
                          image['os_hash_value']))
        for pool in STORES.values():
            clone = f'{pool}/clone'
            self.cluster.rbd('clone', f'{pool}/{image["id"]}@snap', clone)
            with self.cluster.image(pool, 'clone') as opened:
                self.assertEqual(expected, images.digests_of(
                    opened.read(start, min(PIECE, opened.size() - start))
                    for start in range(0, opened.size(), PIECE)))
            self.cluster.rbd('rm', '--no-progress', clone)

    def assert_empty(self) -> None:
        for pool in STORES.values():
            self.assertEqual(([], []), (self.cluster.images(pool),
                                        self.cluster.objects(pool)))
        transfer.until('no journal is left', lambda: not self.journals())

    def journals(self) -> list[str]:
        """They go a moment after the task has ended."""
        return [name for name in self.api.leftovers()
                if not name.startswith('staging/')]

    def wait_writing(self) -> None:
        """Until both pools hold some data of an unfinished image."""
        transfer.until('both pools are written', lambda: all(
            any(name.startswith('rbd_data') for name in
                self.cluster.objects(pool)) for pool in STORES.values()))

    def begin_slowly(self, source: pathlib.Path) -> tuple[str, int]:
        """The image's id, and the child that has begun to write it."""
        image_id = self.staged(self.user, source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        child = transfer.find(self.api)
        with transfer.Throttle(child, 0.02, 0.08, then=signal.SIGSTOP):
            self.wait_writing()
        return image_id, child

    def import_again(self, image_id: str, source: pathlib.Path) -> None:
        self.user.import_image(image_id, all_stores=True)
        self.assert_in_pools(self.user.wait_import(image_id),
                             images.digests(source))
        self.user.delete(image_id)
        self.assert_empty()


class ImportTest(RbdImportTestCase):

    def test_qcow2_to_two_pools(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=96 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        expected = images.reference(source, 'qcow2')
        self.assert_in_pools(image, expected)
        (self.work / 'got').write_bytes(self.user.download(image_id))
        self.assertEqual(expected, images.digests(self.work / 'got'))
        self.user.delete(image_id)
        self.assert_empty()

    def test_unknown_user(self) -> None:
        """The driver too refuses: Glance starts without the store."""
        self.api.stop()
        self.api.configure(slow={'rbd_store_user': 'stranger'})
        self.api.start()
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, stores=['fast'])
        self.assertEqual('active',
                         self.user.wait_import(image_id)['status'])
        self.user.delete(image_id)
        self.assert_empty()


class KillTest(RbdImportTestCase):

    def test_child(self) -> None:
        """kill -9 in mid-transfer: it is cut off, not waited for."""
        source = self.noise(128 * images.MIB)
        image_id, child = self.begin_slowly(source)
        before = self.cluster.blocklist()
        os.kill(child, signal.SIGKILL)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('its process was killed',
                      self.message(self.user, image_id))
        transfer.until('only the staged file is left', lambda: [
            f'staging/{image_id}'] == self.api.leftovers())
        self.assertGreater(self.cluster.blocklist(), before)
        self.assert_empty()
        self.import_again(image_id, source)

    def test_api(self) -> None:
        source = self.noise(128 * images.MIB)
        image_id, child = self.begin_slowly(source)
        self.api.kill9()
        os.kill(child, signal.SIGKILL)
        transfer.until('all processes are gone',
                       lambda: not self.api.survivors())
        for pool in STORES.values():
            self.assertEqual([image_id], self.cluster.images(pool))
        self.api.start()
        self.assertEqual([image_id], [
            plan['image_id'] for plan in self.recover(self.api)])
        self.assert_empty()
        self.assertEqual('uploading', self.user.get(image_id)['status'])
        self.import_again(image_id, source)

    def test_deleted_meanwhile(self) -> None:
        image_id, child = self.begin_slowly(self.noise(128 * images.MIB))
        self.user.delete(image_id)
        os.kill(child, signal.SIGCONT)
        transfer.until('nothing is left', lambda: not any(
            self.cluster.objects(pool) for pool in STORES.values()))
        transfer.until('no file is left', lambda: not self.api.leftovers())


class FaultTest(RbdImportTestCase):

    def fails(self, image_id: str, *texts: str) -> None:
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        message = self.message(self.user, image_id)
        for text in texts:
            self.assertIn(text, message)
        self.assertNotIn(str(self.cluster.base), message)

    def test_full(self) -> None:
        source = self.noise()
        image_id = self.staged(self.user, source, 'raw')
        with self.cluster.full():
            self.user.import_image(image_id, all_stores=True)
            self.fails(image_id, ' is full: the cluster has no room left in '
                       'pool images')
        self.assert_empty()
        self.import_again(image_id, source)

    def test_full_in_mid_transfer(self) -> None:
        source = self.noise(128 * images.MIB)
        image_id, child = self.begin_slowly(source)
        with self.cluster.full():
            os.kill(child, signal.SIGCONT)
            self.fails(image_id, ' is full: the cluster has no room left')
            self.assert_empty()
        self.import_again(image_id, source)

    def test_osd_stopped(self) -> None:
        """Its left-overs are found when the cluster is back."""
        source = self.noise(128 * images.MIB)
        image_id, child = self.begin_slowly(source)
        with self.cluster.osd_stopped():
            os.kill(child, signal.SIGCONT)
            self.fails(image_id, f'did not answer within {TIMEOUT} s',
                       'look at its OSDs')
        transfer.until('the import is over', lambda: not self.running(child))
        self.api.restart()
        other = self.staged(self.user, b'other' * 100, 'raw')
        self.user.import_image(other)
        self.user.wait_import(other)
        self.user.delete(other)
        transfer.until('recovery has been', lambda: not any(
            self.cluster.objects(pool) for pool in STORES.values()))
        self.import_again(image_id, source)

    def running(self, pid: int) -> bool:
        return transfer.running(pid)

    def test_import_again_without_recovery(self) -> None:
        """The next import of the image removes what the last one left.

        And what a late recovery finds about the last one, it leaves alone.
        """
        source = self.noise(128 * images.MIB)
        image_id, child = self.begin_slowly(source)
        with self.cluster.osd_stopped():
            os.kill(child, signal.SIGCONT)
            self.fails(image_id, 'did not answer')
        self.assertEqual([image_id], self.cluster.images('images'))
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assertEqual('active', image['status'],
                         self.message(self.user, image_id))
        transfer.until('one journal is left',
                       lambda: len(self.journals()) == 1)
        self.assertEqual([image_id], [
            plan['image_id'] for plan in self.recover(self.api)])
        self.assert_in_pools(image, images.digests(source))
        self.user.delete(image_id)
        self.assert_empty()
