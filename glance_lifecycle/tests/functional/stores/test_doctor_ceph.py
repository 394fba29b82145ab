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
"""``doctor --live --this-host`` beside a real Ceph cluster.

Its one OSD keeps one copy of all, of which the doctor warns in each test.
"""

from typing import Any

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import openstack

COPIES = 'GLC926'


class DoctorCephTest(base.FunctionalTestCase):
    """All tests use one cluster, and a glance-api on it that stores nothing.
    """

    cluster: ceph.Ceph
    api: glance.GlanceApi

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster, identity = ceph.Ceph(), keystone.Keystone()
        for fixture in cls.cluster, identity:
            fixture.setUp()
            cls.addClassCleanup(fixture.cleanUp)
        cls.api = glance.GlanceApi(
            conf={'fast': cls.store()}, stores={'fast': 'rbd'},
            identity=identity)
        cls.api.setUp()
        cls.addClassCleanup(cls.api.cleanUp)
        identity.register('image', cls.api.url)

    @classmethod
    def store(cls, **other: object) -> dict[str, object]:
        return {'rbd_store_pool': 'images', 'rbd_store_user': 'glance',
                'rbd_store_ceph_conf': cls.cluster.conf, **other}

    def ask(self, *argv: str, **store: object) -> dict[str, Any]:
        """code -> finding of Ceph.

        :param store: options of the store that the service never sees
        """
        self.api.configure(fast=self.store(**store))
        answer = openstack.OpenStack(self.api, 'admin').spawn(
            'image', 'lifecycle', 'doctor', '--live', '-f', 'json',
            '--config-dir', str(self.api.etc), *(argv or ('--this-host',)))
        self.assertNotIn('Traceback', answer.stderr)
        self.assertNotIn('The check failed', answer.stdout)
        for keyring in self.cluster.base.glob('*keyring'):
            for word in keyring.read_text().split():
                if word.endswith('=='):
                    self.assertNotIn(word, answer.stdout + answer.stderr)
        return {one['code']: one for one in answer.json['findings']
                if one['code'] == 'GLC901' or one['code'] >= 'GLC924'}

    def test_all_well(self) -> None:
        """But for its copies; and without --this-host it is not asked."""
        found = self.ask()
        self.assertEqual([COPIES], list(found))
        self.assertEqual('store fast', found[COPIES]['subject'])
        self.assertIn('size = 1', found[COPIES]['evidence'])
        place, = found[COPIES]['places']
        self.assertEqual('[fast] rbd_store_pool', place['option'])
        self.assertEqual({}, self.ask('--release', '33'))

    def test_refused(self) -> None:
        """No such pool, no key, a wrong key, no file."""
        for store, words in (
                ({'rbd_store_pool': 'image'}, 'there is no pool image'),
                ({'rbd_store_user': 'nobody'}, 'has no key for it'),
                ({'rbd_store_user': 'stranger'}, 'does not let'),
                ({'rbd_store_ceph_conf': '/nowhere/ceph.conf'},
                 'rbd_store_ceph_conf')):
            with self.subTest(store=store):
                found = self.ask(**store)
                self.assertEqual(['GLC924'], list(found))
                self.assertEqual('error', found['GLC924']['severity'])
                self.assertIn(words, found['GLC924']['evidence'])

    def test_user(self) -> None:
        """One that may only read, one that may do all, one of old."""
        self.assertIn('and not write', self.ask(
            rbd_store_user='reader')['GLC924']['evidence'])
        self.assertEqual({COPIES, 'GLC929'}, {*self.ask(
            rbd_store_user='admin')})
        self.assertEqual({COPIES}, {*self.ask(rbd_store_user='legacy')})

    def test_other_pools(self) -> None:
        """For no application, for another, erasure-coded."""
        self.cluster.command('osd pool create', pool='plain', pg_num=1)
        self.addCleanup(self.cluster.remove_pool, 'plain')
        admin = {'rbd_store_user': 'admin', 'rbd_store_pool': 'plain'}
        self.assertIn('for no application',
                      self.ask(**admin)['GLC927']['evidence'])
        self.cluster.command('osd pool application enable', pool='plain',
                             app='rgw')
        self.assertIn('is for rgw', self.ask(**admin)['GLC927']['evidence'])
        self.cluster.command('osd pool create', pool='coded', pg_num=1,
                             pool_type='erasure')
        self.addCleanup(self.cluster.remove_pool, 'coded')
        admin['rbd_store_pool'] = 'coded'
        self.assertIn('erasure-coded', self.ask(**admin)['GLC924']['evidence'])

    def test_full(self) -> None:
        with self.cluster.full():
            found = self.ask()
        self.assertEqual({COPIES, 'GLC925', 'GLC930'}, {*found})
        self.assertIn('is full', found['GLC925']['evidence'])
        self.assertIn('OSD_FULL', found['GLC930']['evidence'])

    def test_trash(self) -> None:
        """What waits there for its time is not counted."""
        self.addCleanup(self.cluster.empty, 'images')
        for name, when in (('old', 'now'), ('young', 'tomorrow')):
            self.cluster.rbd('create', '--size', '1M', f'images/{name}')
            self.cluster.rbd('trash', 'move', '--expires-at', when,
                             f'images/{name}')
        found = self.ask()
        self.assertEqual({COPIES, 'GLC928'}, {*found})
        self.assertIn('1 images', found['GLC928']['evidence'])
        self.assertTrue(found['GLC928']['destructive'])
        self.cluster.rbd('trash', 'purge', '--no-progress', 'images')
        self.assertEqual({COPIES}, {*self.ask()})

    def test_silent(self) -> None:
        """Whatever part of it does not answer, the rest is told."""
        with self.cluster.osd_stopped():
            found = self.ask()
        self.assertEqual({COPIES, 'GLC924'}, {*found})
        self.assertIn('look at its OSDs', found['GLC924']['evidence'])
        with self.cluster.mon_down():
            found = self.ask()
        # Glance cannot say where its store is, either.
        self.assertEqual({'GLC901', 'GLC924'}, {*found})
