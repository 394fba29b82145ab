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

"""Clones of what our sink has stored, as the provider rbd_children tells.

On the cluster itself, which is also stopped and cut off here; that an answer
that did not come is not taken for "none" is what protects an image.
"""

from typing import Any

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import loading
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting

IMAGE = rbd_case.IMAGE
OTHER = '11111111-2222-4333-8444-555555555555'
CONTENT = helpers.Image(helpers.noise(4096), 12345)
TIMEOUT = 3.0

# Format of a clone -> options of "rbd clone". The first, which needs a
# protected snapshot, is what a cluster makes that still lets in old clients.
FORMATS = {1: ('--rbd-default-clone-format', '1'),
           2: ('--rbd-default-clone-format', '2')}


class DependentsTestCase(rbd_case.RbdTestCase):

    def store(self, image: str = IMAGE, pool: str = 'images') -> base.Location:
        """Where our sink has put it."""
        stored = helpers.store(self.sink(image, pool=pool), CONTENT)
        return base.Location(stored.url, stored.metadata['store'])

    def ask(self, *locations: base.Location, conf: object = None,
            user: str = 'glance', timeout: float = waiting.BOUND
            ) -> base.Answer:
        provider, = loading.providers(
            ['rbd_children'], None, base.Settings(
                ceph={'fast': base.Ceph(str(conf or self.cluster.conf),
                                        user)}, ceph_timeout=timeout))
        return provider.ask(base.Image(IMAGE, locations=locations))

    def found(self, *locations: base.Location,
              **options: Any) -> list[tuple[str, str]]:
        """Pool and name, of each."""
        answer = self.ask(*locations, **options)
        self.assertTrue(answer.asked, answer.reason)
        dependents = [*answer.dependents]
        self.assertEqual({'rbd child'} if dependents else set(),
                         {one.kind for one in dependents})
        return sorted((one.id.partition('/')[0], one.name)
                      for one in dependents)

    def not_asked(self, *locations: base.Location, **options: Any) -> str:
        """Why not; with nothing that looks like an answer."""
        answer = self.ask(*locations, **options)
        self.assertFalse(answer.asked)
        self.assertEqual([], [*answer.dependents])
        self.assertNotIn(str(self.cluster.base), answer.reason)
        return answer.reason

    def clone(self, name: str, version: int = 2, *, image: str = IMAGE,
              source: str = 'images', pool: str = 'images2') -> None:
        self.cluster.tool('rbd', 'clone', *FORMATS[version],
                          f'{source}/{image}@snap', f'{pool}/{name}')
        self.assertEqual(version == 2, 'clone-child' in self.cluster.tool(
            'rbd', 'info', '--format', 'json', f'{pool}/{name}'))


class ChildrenTest(DependentsTestCase):

    def test_none(self) -> None:
        self.assertEqual([], self.found(self.store()))

    def test_nothing_is_stored(self) -> None:
        location = self.store()
        self.undo()
        self.assertEqual([], self.found(location))

    def test_clone_and_its_removal(self) -> None:
        location = self.store()
        for version in FORMATS:
            with self.subTest(format=version):
                self.clone('vm_disk', version)
                self.assertEqual([('images2', 'vm_disk')],
                                 self.found(location))
                self.cluster.rbd('rm', '--no-progress', 'images2/vm_disk')
                self.assertEqual([], self.found(location))

    def test_several(self) -> None:
        """Of both formats, in both pools, and of two stored copies."""
        first, second = self.store(), self.store(pool='images2')
        self.clone('a', 1)
        self.clone('b', 2)
        self.clone('c', 2, pool='images')
        self.assertEqual([('images', 'c'), ('images2', 'a'),
                          ('images2', 'b')], self.found(first))
        self.assertEqual([], self.found(second))
        self.clone('d', source='images2', pool='images')
        self.assertEqual([('images', 'c'), ('images', 'd'),
                          ('images2', 'a'), ('images2', 'b')],
                         self.found(first, second))

    def test_of_another_image(self) -> None:
        location = self.store()
        self.store(OTHER)
        self.clone('vm_disk', image=OTHER)
        self.assertEqual([], self.found(location))

    def test_flattened(self) -> None:
        location = self.store()
        self.clone('vm_disk')
        self.cluster.rbd('flatten', '--no-progress', 'images2/vm_disk')
        self.assertEqual([], self.found(location))

    def test_in_the_trash(self) -> None:
        """It can still be restored, and needs its parent then."""
        location = self.store()
        self.clone('vm_disk')
        self.cluster.rbd('trash', 'mv', 'images2/vm_disk')
        one, = self.ask(location).dependents
        self.assertEqual(('vm_disk', 'cloned from it, in the trash'),
                         (one.name, one.detail))

    def test_snapshot_removed(self) -> None:
        """What glance_store's driver leaves if it removes only the half."""
        location = self.store()
        self.clone('vm_disk')
        place = f'images/{IMAGE}@snap'
        self.cluster.rbd('snap', 'unprotect', place)
        self.cluster.rbd('snap', 'rm', '--no-progress', place)
        self.assertEqual([('images2', 'vm_disk')], self.found(location))


class NotAskedTest(DependentsTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.location = self.store()
        self.clone('vm_disk')

    def silent(self) -> None:
        self.assertIn('did not answer within 3 s',
                      self.not_asked(self.location, timeout=TIMEOUT))

    def is_back(self) -> None:
        self.assertEqual([('images2', 'vm_disk')], self.found(self.location))

    def test_monitors_down(self) -> None:
        with self.cluster.mon_down():
            self.silent()
        self.is_back()

    def test_osd_stopped(self) -> None:
        with self.cluster.osd_stopped():
            self.silent()
        self.is_back()

    def test_one_of_two_clusters(self) -> None:
        """What the first has told is then only a part."""
        elsewhere = base.Location(self.location.url.replace(
            self.cluster.fsid, '0' * 8), 'fast')
        answer = self.ask(self.location, elsewhere)
        dependents = iter(answer.dependents)
        self.assertEqual('vm_disk', next(dependents).name)
        with self.assertRaisesRegex(base.NotAsked, 'another Ceph cluster'):
            next(dependents)
        self.assertIn('another Ceph cluster',
                      self.not_asked(elsewhere, self.location))

    def test_a_pool_is_not_for_us(self) -> None:
        """A clone in it would be overlooked."""
        self.cluster.make_pool('volumes')
        self.addCleanup(self.cluster.remove_pool, 'volumes')
        self.is_back()
        for version in FORMATS:
            with self.subTest(format=version):
                self.clone('volume', version, pool='volumes')
                self.assertIn('rbd-read-only', self.not_asked(self.location))
                self.assertEqual(
                    [('images2', 'vm_disk'), ('volumes', 'volume')],
                    self.found(self.location, user='admin'))
                self.cluster.tool('rbd', 'rm', '--no-progress',
                                  'volumes/volume')

    def test_reader(self) -> None:
        """Read-only is enough."""
        self.assertEqual([('images2', 'vm_disk')],
                         self.found(self.location, user='reader'))

    def test_not_let_in(self) -> None:
        for options, said in (
                ({'user': 'stranger'}, 'does not know this key'),
                ({'user': 'nobody'}, 'Ceph'),
                ({'conf': '/nowhere/ceph.conf'}, 'no such ceph.conf')):
            with self.subTest(options):
                self.assertIn(said, self.not_asked(self.location, **options))
