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


"""What lies in a pool, compared with a real Glance."""

import os
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import import_gates
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import hygiene_case

STRANGER = hygiene_case.STRANGER
TIMEOUT = 20


class RbdHygieneCase(hygiene_case.HygieneCase):
    """A pool that is the default store; the class has one cluster."""

    cluster: ceph.Ceph
    stores = {'fast': 'rbd', 'files': 'file'}
    plugins: Any = ()
    python_path: Any = ()

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = ceph.Ceph()
        cls.cluster.setUp()
        cls.addClassCleanup(cls.cluster.cleanUp)

    def setUp(self) -> None:
        super().setUp()
        for pool in self.cluster.pools:
            self.addCleanup(self.empty, pool)

    def new_glance(self) -> glance.GlanceApi:
        return self.useFixture(glance.GlanceApi(
            stores=self.stores, plugins=self.plugins,
            python_path=self.python_path, conf={'fast': {
                'rbd_store_pool': 'images', 'rbd_store_user': 'glance',
                'rbd_store_ceph_conf': self.cluster.conf,
                'rados_connect_timeout': TIMEOUT}}))

    def empty(self, pool: str) -> None:
        import rados
        with self.cluster.ioctx(pool) as ioctx:
            ioctx.set_namespace(rados.LIBRADOS_ALL_NSPACES)
            for found in list(ioctx.list_objects()):
                with self.cluster.ioctx(pool) as own:
                    own.set_namespace(found.nspace)
                    own.remove_object(found.key)

    def found(self, *argv: str, code: int) -> list[hygiene_case.Row]:
        """By a user who may read only: so nothing at all is written."""
        self.api.configure(fast={'rbd_store_user': 'reader'})
        try:
            return super().found(*argv, code=code)
        finally:
            self.api.configure(fast={'rbd_store_user': 'glance'})

    def orphan(self, data: bytes = b'o' * 5000) -> str:
        """Glance has it deleted, and the store did not hear of it."""
        image_id = self.new_image(data)
        self.drop(image_id)
        return image_id

    def drop(self, image_id: str) -> None:
        hygiene_case.drop(self.api, image_id)

    def rbd(self, *argv: object) -> str:
        return self.cluster.rbd(*argv)

    def clone(self, image_id: str, name: str, version: int) -> None:
        self.cluster.tool(
            'rbd', 'clone', '--rbd-default-clone-format', version,
            f'images/{image_id}@snap', name)


class RbdHygieneTest(RbdHygieneCase):

    def test_clean(self) -> None:
        self.new_images()
        self.assertEqual([], self.found(code=0))

    def test_orphan(self) -> None:
        self.new_images()
        image_id = self.orphan()
        row = self.only(self.found(code=4), 'GLC020')
        self.assertEqual((f'images/{image_id}', image_id),
                         (row['Object'], row['Image']))
        self.assertIn('It has 1 snapshots, 1 of them protected.',
                      row['Evidence'])
        self.assertIn('It has 5000 bytes', row['Evidence'])

    def test_clones(self) -> None:
        """Of each format, in each place: none of their parents may go."""
        self.new_images(6)
        self.rbd('namespace', 'create', 'images2/tenant')
        expected = {}
        for version, name in ((1, 'images2/volume-1'), (2, 'images2/volume-2'),
                              (2, 'images2/tenant/volume-3'),
                              (1, 'images/disk'), (2, 'images2/gone')):
            image_id = self.orphan()
            self.clone(image_id, name, version)
            expected[image_id] = name
        self.rbd('trash', 'mv', 'images2/gone')
        rows = self.found(code=0)
        self.assertEqual({'GLC024': sorted(expected), 'GLC029': ['fast']},
                         self.about(rows))
        for row in rows:
            if row['Code'] == 'GLC024':
                name = expected[row['Image']]
                self.assertIn(f'It has 1 clones: {name}', row['Evidence'])
                self.assertEqual(name == 'images2/gone',
                                 '(in the trash)' in row['Evidence'])

    def test_trash(self) -> None:
        """Glance itself deletes an image that has a clone of format 2."""
        self.new_images()
        parked = self.new_image(b'p' * 5000)
        self.clone(parked, 'images2/volume', 2)
        self.admin.delete(parked)
        self.assertNotIn(parked, self.cluster.images('images'))
        by_hand = self.orphan()
        self.rbd('trash', 'mv', f'images/{by_hand}', '--expires-at',
                 '2030-01-02')
        lost = self.new_image(b'l' * 5000)
        self.rbd('trash', 'mv', f'images/{lost}')
        self.rbd('create', '--size', '1', 'images/volume-1')
        self.rbd('trash', 'mv', 'images/volume-1')
        rows = self.found(code=1)
        self.assertEqual(
            {'GLC023': sorted((parked, by_hand)), 'GLC028': [lost],
             'GLC030': [lost], 'GLC029': ['fast']}, self.about(rows))
        for row in rows:
            if row['Image'] == parked:
                self.assertIn('It has 1 clones: images2/volume',
                              row['Evidence'])
            elif row['Image'] == by_hand:
                # Ceph counts seconds from now, and may lose one.
                self.assertIn('keeps it until 2030-01-0', row['Evidence'])
        self.assertIn('It is in the trash.',
                      self.only(rows, 'GLC030')['Evidence'])

    def test_namespaces(self) -> None:
        """An image of that name in a name space is not the image."""
        kept = self.new_images()
        image_id = self.orphan()
        self.rbd('rename', f'images/{image_id}', f'images/{STRANGER}')
        self.rbd('namespace', 'create', 'images/tenant')
        orphan = self.orphan()
        for name in (image_id, kept[0], orphan):
            self.rbd('create', '--size', '1', f'images/tenant/{name}')
        rows = self.found(code=3)
        self.assertEqual({'GLC020': [orphan], 'GLC026': [STRANGER],
                          'GLC029': ['fast']}, self.about(rows))
        self.assertIn('There are 3, of 3145728 bytes',
                      self.only(rows, 'GLC029')['Evidence'])

    def test_another_glance(self) -> None:
        mine = self.new_images(5)
        other = self.new_glance()
        theirs = []
        for number in range(6):
            image = other.admin().create_image(disk_format='raw')
            other.admin().upload(image['id'], b'%d' % number * 2000)
            theirs.append(image['id'])
            if number == 1:
                self.assertEqual({'GLC026': sorted(theirs)}, self.about(
                    self.found(code=3)))
        self.drop(mine[0])
        self.assertEqual({'GLC035': ['fast']}, self.about(self.found(code=3)))

    def test_unfinished(self) -> None:
        self.new_images()
        gone = self.orphan()
        self.rbd('snap', 'unprotect', f'images/{gone}@snap')
        self.rbd('snap', 'rm', '--no-progress', f'images/{gone}@snap')
        self.assertEqual({'GLC022': [gone]}, self.about(self.found(code=4)))
        import rbd
        with self.cluster.ioctx('images') as ioctx:
            with rbd.Image(ioctx, gone):
                rows = self.found(code=0)
        self.assertEqual({'GLC027': [gone]}, self.about(rows))
        self.assertIn('1 clients have it open.', rows[0]['Evidence'])

    def test_half_made(self) -> None:
        """A name, and no image behind it."""
        self.new_images()
        gone = self.orphan()
        with self.cluster.image('images', gone) as image:
            header = 'rbd_header.' + image.id()
        with self.cluster.ioctx('images') as ioctx:
            ioctx.remove_object(header)
        rows = self.found(code=4)
        self.assertEqual({'GLC022': [gone]}, self.about(rows))
        self.assertIn('nothing behind it', rows[0]['Evidence'])
        # As it begins, and nobody knows when.
        with self.cluster.ioctx('images') as ioctx:
            ioctx.remove_object('rbd_id.' + gone)
        rows = self.found(code=3)
        self.assertEqual({'GLC028': [gone]}, self.about(rows))
        self.assertIn('does not tell when', rows[0]['Evidence'])

    def test_missing(self) -> None:
        kept = self.new_images(6)
        for image_id in kept[:2]:
            self.rbd('snap', 'unprotect', f'images/{image_id}@snap')
            self.rbd('snap', 'purge', '--no-progress', f'images/{image_id}')
        self.rbd('rm', '--no-progress', f'images/{kept[0]}')
        self.rbd('resize', '--no-progress', '--size', '3M',
                 f'images/{kept[2]}')
        rows = self.found(code=1)
        self.assertEqual({'GLC030': sorted(kept[:2]), 'GLC031': [kept[2]]},
                         self.about(rows))
        self.assertEqual(
            {kept[0]: 'Nothing is there.', kept[1]: 'An image of that name'},
            {row['Image']: row['Evidence'][:len(
                'Nothing is there.' if row['Image'] == kept[0] else
                'An image of that name')] for row in rows
             if row['Code'] == 'GLC030'})

    def test_hostile_names(self) -> None:
        self.new_images()
        for name in ('a b', '\x1b[31mred', 'x' * 90, f'{STRANGER} '):
            self.rbd('create', '--size', '1', '--pool', 'images', name)
        rows = self.found(code=0)
        self.assertEqual({'GLC029': ['fast']}, self.about(rows))

    def test_silent(self) -> None:
        self.new_images()
        self.orphan()
        self.api.configure(fast={'rados_connect_timeout': 3})
        with self.cluster.osd_stopped():
            rows = self.found(code=3)
        self.assertEqual({'GLC037': ['fast']}, self.about(rows))
        self.assertIn('did not answer', rows[0]['Evidence'])

    def test_copy_in_flight(self) -> None:
        """Its journal says so, also when it has died."""
        self.new_images()
        path = self.noise(128 * images.MIB)
        image = self.admin.create_image(disk_format='raw')
        self.admin.stage(image['id'], path)
        self.admin.import_image(image['id'], stores=['files'])
        self.admin.wait_import(image['id'])
        before = set(self.cluster.objects('images'))
        command = self.begin('copy', image['id'], '--to', 'fast')
        child = transfer.find_below(command.pid)
        # The first that is seen of it is a name in the pool's directory.
        with transfer.Throttle(child, 0.03, 0.07, then=signal.SIGSTOP):
            transfer.until('it is begun', lambda: image['id'] in
                           self.cluster.images('images'))
        self.assertEqual({'GLC027': [image['id']]},
                         self.about(self.found(code=0)))
        with transfer.Throttle(child, 0.03, 0.07, then=signal.SIGSTOP):
            transfer.until('data are written', lambda: any(
                name.startswith('rbd_data.') for name in
                set(self.cluster.objects('images')) - before))
        self.assertEqual({'GLC027': [image['id']]},
                         self.about(self.found(code=0)))
        command.kill()
        os.kill(child, signal.SIGKILL)
        command.wait()
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))
        self.assertEqual(
            {'GLC027': [image['id']], 'GLC124': [image['id']]},
            self.about(self.found(code=4)))


class RbdInFlightTest(RbdHygieneCase):

    plugins = ('lifecycle',)

    def setUp(self) -> None:
        self.gates = self.useFixture(import_gates.ImportGates(
            import_gates.GLANCE_API))
        self.python_path = [self.gates.path]
        super().setUp()

    def test_import(self) -> None:
        """All stores are written, and the image has no location yet."""
        self.new_images()
        self.gates.close('Seal')
        image_id = self.staged(self.admin, b'i' * 100000, 'raw')
        self.admin.import_image(image_id, all_stores=True)
        self.gates.wait('Seal')
        self.assertEqual({'GLC027': [image_id] * 2},
                         self.about(self.found(code=0)))
        self.gates.open('Seal')
        self.admin.wait_import(image_id)
        self.assertEqual([], self.found(code=0))
