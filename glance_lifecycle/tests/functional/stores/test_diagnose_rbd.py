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

"""What ``diagnose``, and the audits of caches, say beside a real cluster."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional.stores import test_rbd_import
from glance_lifecycle.tests.functional import symptom_case
from glance_lifecycle.tests.functional import test_cache_audit

SIZE = test_cache_audit.SIZE
NOVA = 'Does Nova clone the image in Ceph, on compute1?'
CINDER = 'Does Cinder clone the image in Ceph, on volumes1?'

_LOCATIONS = ('show_image_direct_url', 'show_multiple_locations')


class SlowBootTest(test_rbd_import.RbdImportTestCase,
                   symptom_case.SymptomCase):
    """All is right at first, and then one thing after the other is not."""

    def setUp(self) -> None:
        super().setUp()
        self.nova, self.cinder = self.work / 'nova', self.work / 'cinder'
        self.nova.mkdir()
        self.cinder.mkdir()
        for place in self.nova, self.cinder:
            shutil.copy(self.cluster.conf, place / 'ceph.conf')
        # With what it may, as Ceph itself has it.
        self.key('reader', self.nova)
        self.write_nova()
        (self.cinder / 'cinder.conf').write_text(
            '[DEFAULT]\nenabled_backends = ceph\n[ceph]\nvolume_driver = '
            'cinder.volume.drivers.rbd.RBDDriver\nrbd_pool = images2\n'
            'rbd_user = glance\n')

    def write_nova(self, user: str = 'reader') -> None:
        (self.nova / 'nova.conf').write_text(
            '[libvirt]\nimages_type = rbd\nimages_rbd_pool = images2\n'
            f'rbd_user = {user}\nrbd_secret_uuid = 1\n')

    def key(self, user: str, place: pathlib.Path) -> None:
        self.cluster.tool('ceph', 'auth', 'get', f'client.{user}', '-o',
                          place / f'ceph.client.{user}.keyring')

    def stored(self, disk_format: str = 'raw') -> str:
        """Uploaded: nothing converts it."""
        image = self.api.admin().create_image(disk_format=disk_format)
        path = self.work / disk_format
        plugin_case.qemu_img('create', '-q', '-f', disk_format, path, '4M')
        self.api.admin().upload(image['id'], path)
        return str(image['id'])

    def slow(self, image_id: str, *argv: object) -> dict[str, Any]:
        return self.follow(
            self.api, 'slow-boot', image_id, '--nova-conf',
            f'compute1={self.nova}/nova.conf', '--cinder-conf',
            f'volumes1={self.cinder}/cinder.conf', '--ceph-conf',
            self.cluster.conf, *argv)

    def assert_slow(self, report: dict[str, Any], code: str,
                    *, cinder: str = 'no') -> None:
        """It is not cloned, and this is why."""
        self.assertEqual(('no', cinder), (
            self.answers(report)[NOVA], self.answers(report)[CINDER]))
        self.assertIn(code, self.codes(report))
        self.assertNotIn('GLC094', self.codes(report))

    def opens(self, user: str, image_id: str) -> bool:
        """As Nova tries it before it clones."""
        try:
            self.cluster.tool('rbd', '-n', f'client.{user}', 'info',
                              f'images/{image_id}@snap')
        except RuntimeError:
            return False
        return True

    def test_all_is_right(self) -> None:
        image_id = self.stored()
        report = self.slow(image_id)
        self.assertEqual(('yes', 'yes'), (
            self.answers(report)[NOVA], self.answers(report)[CINDER]))
        [cloned] = [one for one in report['findings']
                    if one['code'] == 'GLC094']
        self.assertIn('nothing is downloaded', cloned['evidence'])
        self.assertEqual((image_id, ['compute1']), (
            cloned['subject'], cloned['hosts']))
        self.assertFalse({'GLC041', 'GLC042', 'GLC095', 'GLC096', 'GLC097',
                          'GLC802', 'GLC803'} & self.codes(report))
        self.assertEqual([], report['needed'])
        # That is so: it can be opened, and cloned into the other pool.
        self.assertTrue(self.opens('reader', image_id))
        self.cluster.rbd('clone', f'images/{image_id}@snap', 'images2/vm')
        self.cluster.rbd('rm', '--no-progress', 'images2/vm')

    def test_not_raw(self) -> None:
        self.assert_slow(self.slow(self.stored('qcow2')), 'GLC041')

    def test_not_in_ceph(self) -> None:
        """The copy in Ceph is not there, or not the one that is shown."""
        self.api.stop()
        self.api.stores = {'files': 'file', **self.api.stores}
        (self.api.base / 'files').mkdir()
        self.api.configure()
        self.api.start()
        image_id = self.stored()
        self.assert_slow(self.slow(image_id), 'GLC042')

    def test_locations_off(self) -> None:
        image_id = self.stored()
        self.api.configure(DEFAULT=dict.fromkeys(_LOCATIONS, False))
        self.api.restart()
        report = self.slow(image_id)
        self.assert_slow(report, 'GLC802')
        self.assertEqual('no', self.answers(report)[
            'Does the image show a location in Ceph?'])
        # One of the two is enough.
        self.api.configure(DEFAULT={_LOCATIONS[0]: True})
        self.api.restart()
        self.assertIn('GLC094', self.codes(self.slow(image_id)))

    def test_other_cluster(self) -> None:
        image_id = self.stored()
        for place in self.nova, self.cinder:
            path = place / 'ceph.conf'
            path.write_text(path.read_text().replace(
                self.cluster.fsid, '00000000-1111-2222-3333-444444444444'))
        report = self.slow(image_id)
        self.assert_slow(report, 'GLC803')
        self.assertEqual('no', self.answers(report)[
            'Is the image in the cluster of Nova, on compute1?'])

    def test_other_pool(self) -> None:
        """A key that is good for the disks, and not for the images."""
        image_id = self.stored()
        self.cluster.tool('ceph', 'auth', 'get-or-create', 'client.vms',
                          'mon', 'profile rbd', 'osd',
                          'profile rbd pool=images2', '-o',
                          self.cluster.base / 'vms.keyring')
        with self.cluster.conf.open('a') as file:
            file.write(f'[client.vms]\nkeyring = {self.cluster.base}'
                       '/vms.keyring\n')
        self.key('vms', self.nova)
        self.write_nova('vms')
        self.assertFalse(self.opens('vms', image_id))
        self.assert_slow(self.slow(image_id), 'GLC097', cinder='yes')
        # Without what says so, nothing is concluded, and it is asked for.
        (self.nova / 'ceph.client.vms.keyring').unlink()
        report = self.slow(image_id)
        self.assertIn('ceph auth get client.vms', ' '.join(report['needed']))
        self.assertNotIn('GLC097', self.codes(report))

    def test_key_is_not_shown(self) -> None:
        key = self.cluster.tool('ceph', 'auth', 'print-key',
                                'client.reader').strip()
        report = json.dumps(self.slow(self.stored()))
        self.assertIn('profile rbd-read-only', report)
        self.assertNotIn(key, report)


class LeftOverTest(test_rbd_import.RbdImportTestCase):

    def test_silent_store(self) -> None:
        """An import that is over is not called dead."""
        source = self.noise(128 * images.MIB)
        image_id, child = self.begin_slowly(source)
        with self.cluster.osd_stopped():
            os.kill(child, signal.SIGCONT)
            self.user.wait_import(image_id)
            transfer.until('the import is over',
                           lambda: not transfer.running(child))
        transfer.until('it is put on record', lambda: 'left-over' in
                       self.causes(image_id))
        found = self.causes(image_id)
        self.assertNotIn('import-dead', found)
        self.assertIn('into store fast, slow', found['left-over']['Evidence'])
        # What it says is what helps.
        self.assertEqual('glance-lifecycle-manage recover --dry-run',
                         found['left-over']['Command'])
        self.assertEqual([image_id], [
            plan['image_id'] for plan in self.recover(self.api)])
        self.assert_empty()
        self.assertNotIn('left-over', self.causes(image_id))

    def causes(self, image_id: str) -> dict[str, dict[str, Any]]:
        answer = openstack.OpenStack(
            self.api, 'admin', 'admin', 'admin').run(
                'image', 'lifecycle', 'diagnose', '-f', 'json', image_id,
                '--config-dir', str(self.api.etc))
        return {row['Cause']: row for row in answer.json}


class CacheTest(test_cache_audit.CacheAuditCase):
    """Copies in caches that nobody reads, as disks are cloned."""

    cluster: ceph.Ceph

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = ceph.Ceph()
        cls.cluster.setUp()
        cls.addClassCleanup(cls.cluster.cleanUp)

    def glance_api(self) -> glance.GlanceApi:
        return glance.GlanceApi(
            autostart=False, stores={'fast': 'rbd', 'files': 'file'}, conf={
                'fast': {'rbd_store_pool': 'images',
                         'rbd_store_user': 'glance',
                         'rbd_store_ceph_conf': self.cluster.conf}})

    def test_of_glance(self) -> None:
        cloned = self.image()
        # What is not in Ceph is read, by each compute.
        read = self.admin.create_image(disk_format='raw')['id']
        self.admin.request('PUT', f'images/{read}/file', data=b'x' * SIZE,
                           headers={'Content-Type': 'application/octet-stream',
                                    'X-Image-Meta-Store': 'files'})
        for one in cloned, read:
            self.fetch(one)
        self.assertEqual({'rbd': [cloned], 'file': [read]}, {
            driver: [image['id'] for image in self.admin.list_images()
                     if image['stores'] == store]
            for store, driver in self.api.stores.items()})
        self.assertEqual({(cloned, 'info')}, {
            (one['subject'], one['severity'])
            for one in self.here(code=0)['findings']
            if one['code'] == 'cloned-not-read'})

    def test_of_nova(self) -> None:
        """A file of _base, and the image that it is of as Glance lists it."""
        cloned = self.image()
        other = str(self.admin.create_image(disk_format='qcow2')['id'])
        source = self.work / 'a.qcow2'
        plugin_case.qemu_img('create', '-q', '-f', 'qcow2', source, '4M')
        self.admin.upload(other, source)
        cache = self.work / 'instances/_base'
        cache.mkdir(parents=True)
        for one in cloned, other:
            (cache / hashlib.sha1(one.encode()).hexdigest()).write_bytes(
                b'x' * 1000)
        conf = self.work / 'nova.conf'
        conf.write_text('[libvirt]\nimages_type = rbd\n')
        listed = self.work / 'images.json'
        answer = openstack.OpenStack(self.api, 'admin', 'admin', 'admin').run(
            'image', 'list', '--long', '-f', 'json')
        self.assertEqual(0, answer.code, answer.stderr)
        listed.write_text(answer.stdout)
        done = subprocess.run(
            [sys.executable,
             f'{sys.prefix}/bin/glance-lifecycle-compute-cache', '-f', 'json',
             '--instances-path', str(cache.parent), '--nova-conf', str(conf),
             '--images', str(listed)], check=False, text=True,
            capture_output=True)
        self.assertEqual(4, done.returncode, done.stderr)
        said = {one['code']: one['evidence']
                for one in json.loads(done.stdout)['findings']}
        self.assertIn(f'image {cloned} is raw', said['cloned-not-read'])
        self.assertIn(f'image {other} is qcow2', said['downloaded-for-ceph'])
