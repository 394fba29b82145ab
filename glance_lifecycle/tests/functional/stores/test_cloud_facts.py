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

"""Room and rates of stores in a real cluster, and what a dead probe leaves."""

import os
import signal
from typing import Any

from glance_lifecycle.copies import probe_leftovers
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests import waiting

OLD = probe_leftovers.PREFIX + '20260101T000000Z-00000000'
YOUNG = probe_leftovers.PREFIX + '99991231T235959Z-00000000'


class ProbeTest(store_case.StoreCase):
    """All tests use one cluster, with a manager, and one Glance."""

    cluster: ceph.Ceph

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = ceph.Ceph(mgr=True)
        cls.cluster.setUp()
        cls.addClassCleanup(cls.cluster.cleanUp)
        cls.api = glance.GlanceApi(
            stores={'fast': 'rbd', 'files': 'file'}, conf={'fast': {
                'rbd_store_pool': 'images', 'rbd_store_user': 'glance',
                'rbd_store_ceph_conf': cls.cluster.conf,
                'rados_connect_timeout': 10}})
        cls.api.setUp()
        cls.addClassCleanup(cls.api.cleanUp)

    def words(self, *argv: object) -> list[str]:
        return ['image', 'lifecycle', 'cloud', 'show', '-f', 'json', '--yes',
                *map(str, argv), '--config-file',
                str(self.api.etc / 'glance-api.conf')]

    def probe(self, *argv: object) -> tuple[dict[str, Any], str]:
        """Name of a store -> what is known of it; and the notes."""
        answer: openstack.Answer = self.run_store('--probe', *argv)
        return {one['name']: one for one in answer.json['stores']}, (
            answer.stderr)

    def assert_no_probe(self) -> None:
        self.assertEqual([self.image], self.cluster.images('images'))
        self.assertEqual([], [
            path for path in self.api.base.rglob('*')
            if probe_leftovers.PREFIX in path.name
            or path.name.startswith('probe-')])

    def setUp(self) -> None:
        super().setUp()
        self.image = self.new_image(os.urandom(images.MIB))
        self.addCleanup(self.admin.delete, self.image)

    def test_measured(self) -> None:
        """Both kinds of stores, of which one can clone."""
        self.cluster.wait_usage('images', images.MIB)
        found, _notes = self.probe('--probe-size', 8)
        fast, files = found['fast'], found['files']
        self.assertEqual(self.cluster.fsid, fast['fsid'])
        self.assertEqual({'value': 1, 'from': 'read'}, fast['factor'])
        for store in fast, files:
            self.assertEqual('read', store['free']['from'])
            self.assertGreater(store['capacity']['value'],
                               store['free']['value'])
            for key in 'read_per_second', 'write_per_second':
                self.assertEqual('measured', store[key]['from'])
                self.assertGreater(store[key]['value'], 0)
        self.assertEqual('measured', fast['clone_seconds']['from'])
        self.assertNotIn('clone_seconds', files)
        self.assert_no_probe()

    def test_killed(self) -> None:
        """The next one removes it, and what no journal here knows of."""
        process = self.begin('--probe', 'fast', '--probe-size', 1024)
        waiting.until('something is written', lambda: len(
            self.cluster.images('images')) > 1 or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertEqual(2, len(self.cluster.images('images')))
        for name in OLD, YOUNG:
            self.cluster.rbd('create', '--size', '4M', f'images/{name}')
        self.cluster.rbd('snap', 'create', f'images/{OLD}@snap')
        self.cluster.rbd('snap', 'protect', f'images/{OLD}@snap')
        self.cluster.rbd('clone', f'images/{OLD}@snap', 'images/'
                         + probe_leftovers.clone(OLD))
        found, notes = self.probe('fast', '--probe-size', 1)
        self.assertEqual('measured',
                         found['fast']['clone_seconds']['from'], notes)
        self.assertIn(YOUNG, self.cluster.images('images'))
        self.cluster.rbd('remove', '--no-progress', f'images/{YOUNG}')
        self.assert_no_probe()
