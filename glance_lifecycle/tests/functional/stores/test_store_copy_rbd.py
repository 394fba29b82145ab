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

"""Copies into, out of and between pools of a real cluster."""

import os
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import store_case

# Of 6 MiB of data: an object counts from its start to its last byte.
ALLOCATED = 11 * images.MIB

POOLS = {'fast': 'images', 'slow': 'images2'}
TIMEOUT = 6


class PoolsCase(store_case.StoreCase):
    """A file store and two pools; all tests of the class use one cluster."""

    cluster: ceph.Ceph

    #: the driver of the first store is the default one
    stores = {'files': 'file', 'fast': 'rbd', 'slow': 'rbd'}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = ceph.Ceph()
        cls.cluster.setUp()
        cls.addClassCleanup(cls.cluster.cleanUp)

    def options(self) -> dict[str, Any]:
        """Of the Glance."""
        return {'stores': self.stores, 'conf': {
            store: {'rbd_store_pool': pool, 'rbd_store_user': 'glance',
                    'rbd_store_ceph_conf': self.cluster.conf,
                    'rados_connect_timeout': TIMEOUT}
            for store, pool in POOLS.items()}}

    def tearDown(self) -> None:
        for hidden in ('true', 'false'):
            for image in self.admin.list_images(visibility='all',
                                                os_hidden=hidden):
                self.admin.delete(image['id'])
        for pool in POOLS.values():
            self.assertEqual([], self.cluster.images(pool))
            # Where Glance deletes what a killed process seems to have open
            # still, it moves that into the trash.
            transfer.until('the trash is empty',
                           lambda: self.cluster.purged(pool), interval=0.3)
            self.assertEqual([], self.cluster.objects(pool))
        super().tearDown()

    def source(self) -> Any:
        """Data, a hole of some objects, and data that ends within a block.
        """
        path = self.work / 'source'
        with path.open('wb') as stream:
            stream.write(os.urandom(5 * images.MIB))
            stream.seek(60 * images.MIB)
            stream.write(os.urandom(images.MIB + 512))
        return path

    def assert_clonable(self, image_id: str, pool: str,
                        expected: images.Reference) -> None:
        clone, copy = f'{pool}/clone', self.work / 'exported'
        self.cluster.rbd('clone', f'{pool}/{image_id}@snap', clone)
        copy.unlink(missing_ok=True)
        self.cluster.rbd('export', '--no-progress', clone, copy)
        self.assertEqual(expected, images.digests(copy))
        self.cluster.rbd('rm', '--no-progress', clone)

    def used(self, image_id: str, pool: str) -> int:
        with self.cluster.image(pool, image_id, 'snap') as image:
            found: list[int] = []
            image.diff_iterate(0, image.size(), None, lambda _o, n, there:
                               found.append(n if there else 0))
            return sum(found)

    def facts(self, image_id: str, pool: str) -> dict[str, Any]:
        with self.cluster.image(pool, image_id) as image:
            stat = image.stat()
            return {
                'size': stat['size'], 'order': stat['order'],
                'features': image.features(),
                'metadata': list(image.metadata_list()),
                'parent': stat['parent_name'],
                'snaps': [(snap['name'], image.is_protected_snap(
                    snap['name'])) for snap in image.list_snaps()]}


class RbdCopyCase(PoolsCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi(**self.options()))
        super().setUp()


class RbdCopyTest(RbdCopyCase):

    def test_file_to_pools(self) -> None:
        source = self.source()
        expected = images.digests(source)
        image_id = self.new_image(source)
        found = self.rows('copy', image_id, '--to', 'fast', '--to', 'slow')
        for store, pool in POOLS.items():
            self.assertEqual('copied', found[store]['Result'])
            self.assert_clonable(image_id, pool, expected)
            self.assertLess(self.used(image_id, pool), ALLOCATED)
        self.assertEqual(
            sorted((f'rbd://{self.cluster.fsid}/{pool}/{image_id}/snap',
                    {'store': store}) for store, pool in POOLS.items()),
            sorted((place['url'], place['metadata']) for place in
                   self.admin.get(image_id)['locations']
                   if place['metadata']['store'] != 'files'))
        self.assertEqual(
            dict.fromkeys(self.stores, 'verified'),
            self.results('verify', image_id))
        shown = self.rows('show', image_id)
        for store in POOLS:
            self.assertEqual(
                ('rbd', 'yes', expected.size),
                tuple(shown[store][n] for n in ('Type', 'Present', 'Size')))
            self.assertLess(shown[store]['Allocated'], ALLOCATED)
            self.assertTrue(shown[store]['Verified'])
        self.run_store('drop', image_id, '--from', 'files', '--yes')
        self.assertEqual(expected.sha512, images.digests(
            self.downloaded(image_id)).sha512)

    def downloaded(self, image_id: str) -> Any:
        path = self.work / 'got'
        path.write_bytes(self.admin.download(image_id))
        return path

    def test_pool_to_file(self) -> None:
        source = self.source()
        image_id = self.new_image(source)
        self.rows('copy', image_id, '--to', 'fast')
        self.run_store('drop', image_id, '--from', 'files', '--yes')
        self.assertEqual({'files': 'copied'}, self.results(
            'copy', image_id, '--to', 'files'))
        path = self.api.stored_copy(image_id, 'files')
        self.assertEqual(images.digests(source), images.digests(path))
        self.assertLess(path.stat().st_blocks * 512, 8 * images.MIB)

    def test_pool_to_pool(self) -> None:
        """Also by the cluster itself: the same as the sink makes it."""
        source = self.source()
        expected = images.digests(source)
        for option in ([], ['--trust']):
            image_id = self.new_image(source)
            self.rows('copy', image_id, '--to', 'fast')
            self.assertEqual({'slow': 'copied'}, self.results(
                'copy', image_id, '--to', 'slow', '--from', 'fast',
                *option))
            self.assert_clonable(image_id, 'images2', expected)
            self.assertEqual(self.facts(image_id, 'images'),
                             self.facts(image_id, 'images2'))
            self.assertLess(self.used(image_id, 'images2'), ALLOCATED)
            # It stands for itself.
            self.run_store('drop', image_id, '--from', 'fast', '--yes')
            self.assert_clonable(image_id, 'images2', expected)
            self.admin.delete(image_id)

    def test_cannot_be_cloned(self) -> None:
        """The first format wants a protected snapshot; bytes do without."""
        image_id = self.new_image(self.source())
        self.rows('copy', image_id, '--to', 'fast')
        self.cluster.rbd('snap', 'unprotect', f'images/{image_id}@snap')
        trusting = ('copy', image_id, '--to', 'slow', '--from', 'fast',
                    '--trust')
        row = self.rows(*trusting)['slow']
        self.assertEqual(('copied', ''), (row['Result'], row['Detail']))
        self.cluster.rbd('snap', 'protect', f'images/{image_id}@snap')
        self.run_store('drop', image_id, '--from', 'slow', '--yes')
        self.assertEqual('its hash was not compared',
                         self.rows(*trusting)['slow']['Detail'])

    def test_pool_to_pool_corrupt(self) -> None:
        image_id = self.new_image(self.source())
        self.rows('copy', image_id, '--to', 'fast')
        self.corrupt_pool(image_id)
        answer = self.run_store('copy', image_id, '--to', 'slow', '--from',
                                'fast', code=1)
        self.assertIn('The copy in store fast is not the image',
                      answer.stderr)
        self.assertEqual([], self.cluster.images('images2'))
        self.assertEqual('corrupt', self.results(
            'verify', image_id, code=1)['fast'])

    def corrupt_pool(self, image_id: str) -> None:
        """Behind librbd's back, as a broken disk does."""
        with self.cluster.image('images', image_id) as image:
            prefix = image.block_name_prefix()
        with self.cluster.ioctx('images') as ioctx:
            # Without a snapshot context, so the snapshot's own bytes.
            ioctx.write(f'{prefix}.{0:016x}', b'broken', 100)

    def test_clones_are_not_cut_off(self) -> None:
        image_id = self.new_image(self.source())
        self.rows('copy', image_id, '--to', 'fast')
        self.cluster.rbd('clone', f'images/{image_id}@snap', 'images2/vm')
        answer = self.run_store('drop', image_id, '--from', 'fast', '--yes',
                                code=1)
        self.assertIn('(vm) is cloned from it', answer.stderr)
        self.assertEqual(['fast', 'files'], self.stores_of(image_id))
        # The others have no clones.
        self.run_store('drop', image_id, '--from', 'files', '--dry-run')
        self.cluster.rbd('rm', '--no-progress', 'images2/vm')
        self.run_store('drop', image_id, '--from', 'fast', '--yes')
        self.assertEqual([], self.cluster.images('images'))

    def test_clones_unknown(self) -> None:
        """A cluster that does not answer is not one without clones."""
        image_id = self.new_image(self.source())
        self.rows('copy', image_id, '--to', 'fast')
        with self.cluster.osd_stopped():
            answer = self.run_store('drop', image_id, '--from', 'fast',
                                    '--yes', '--ceph-timeout', '2', code=1)
        self.assertIn('its clones cannot be listed', answer.stderr)
        self.assertEqual(['fast', 'files'], self.stores_of(image_id))

    def test_silent(self) -> None:
        image_id = self.new_image(self.source())
        self.rows('copy', image_id, '--to', 'fast')
        with self.cluster.osd_stopped():
            shown = self.rows('show', image_id)
            self.assertEqual('unknown', shown['fast']['Present'])
            self.assertIn('did not answer', shown['fast']['Detail'])
            self.assertEqual('yes', shown['files']['Present'])
            self.assertEqual('unreadable', self.results(
                'verify', image_id, '--store', 'fast', code=1)['fast'])

    def test_full(self) -> None:
        image_id = self.new_image(self.source())
        with self.cluster.full():
            self.assertIn('is full', self.run_store(
                'copy', image_id, '--to', 'fast', code=1).stderr)
        self.assert_nothing_left(self.api, image_id)
        self.assertEqual({'fast': 'copied'}, self.results(
            'copy', image_id, '--to', 'fast'))

    def test_missing(self) -> None:
        image_id = self.new_image(self.source())
        self.rows('copy', image_id, '--to', 'fast')
        self.cluster.rbd('snap', 'unprotect', f'images/{image_id}@snap')
        self.cluster.rbd('snap', 'rm', '--no-progress',
                         f'images/{image_id}@snap')
        self.assertEqual('no', self.rows('show', image_id)['fast']['Present'])
        self.assertEqual('missing', self.results(
            'verify', image_id, code=1)['fast'])
        self.cluster.rbd('snap', 'create', '--no-progress',
                         f'images/{image_id}@snap')
        self.cluster.rbd('snap', 'protect', f'images/{image_id}@snap')


class RbdKillTest(RbdCopyCase):

    def test_killed_in_one_pass(self) -> None:
        source = self.noise(128 * images.MIB)
        image_id = self.new_image(source)
        command = self.begin('copy', image_id, '--to', 'fast', '--to',
                             'slow')
        child = transfer.find_below(command.pid)
        with transfer.Throttle(child, 0.03, 0.07, then=signal.SIGSTOP):
            self.wait_data(*POOLS.values())
        command.kill()
        os.kill(child, signal.SIGKILL)
        command.wait()
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))
        for pool in POOLS.values():
            self.assertEqual([image_id], self.cluster.images(pool))
        self.assertEqual(
            {'fast': 'copied', 'slow': 'copied'}, self.results(
                'copy', image_id, '--to', 'fast', '--to', 'slow'))
        for pool in POOLS.values():
            self.assert_clonable(image_id, pool, images.digests(source))

    def test_killed_in_the_cluster(self) -> None:
        source = self.noise(256 * images.MIB)
        image_id = self.new_image(source)
        self.rows('copy', image_id, '--to', 'fast')
        command = self.begin('copy', image_id, '--to', 'slow', '--from',
                             'fast', '--trust')
        self.wait_data('images2')
        command.kill()
        command.wait()
        self.assertEqual([image_id], self.cluster.images('images2'))
        self.assertEqual(['fast', 'files'], self.stores_of(image_id))
        self.assertEqual({'slow': 'copied'}, self.results(
            'copy', image_id, '--to', 'slow', '--from', 'fast', '--trust'))
        self.assert_clonable(image_id, 'images2', images.digests(source))

    def wait_data(self, *pools: str) -> None:
        transfer.until('data are written', lambda: all(
            any(name.startswith('rbd_data') for name in
                self.cluster.objects(pool)) for pool in pools))
