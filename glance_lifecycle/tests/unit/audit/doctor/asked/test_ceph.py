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
from typing import Any
from unittest import mock

from glance_lifecycle.audit.doctor.asked import ceph
from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import live
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.doctor import cases
from glance_lifecycle.transfer.backends.rbd import cluster as clusters

CONF = ('[DEFAULT]\nenabled_backends = fast:rbd, slow:file\n[glance_store]\n'
        'default_backend = fast\n[fast]\nrbd_store_user = %s\n')


class Cluster:
    """Of a real one's methods, those that are asked; what it answers is ours.
    """

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.rbd = mock.Mock()
        self.ioctx = mock.Mock()

    def connect(self) -> None:
        if 'refused' in self._answers:
            raise exceptions.StoreError(store='fast',
                                        detail=self._answers['refused'])

    def ask(self, _doing: str, command: dict[str, str]) -> Any:
        return self._answers.get(command['prefix'].replace(' ', '_'))

    def call(self, doing: str, *_args: Any) -> Any:
        return self._answers.get('trash', [])

    def close(self) -> None:
        pass


class PoolsTest(cases.DoctorTestCase):

    def ask(self, cluster: Cluster | None = None, user: str = 'glance',
            here: facts.Facts | None = None
            ) -> tuple[tuple[live.Pool, ...], list[str]]:
        asked = collecting.Asked()
        hosts = self.gathered({'glance-api.conf': CONF % user})
        for host in hosts:
            host.here = here
        if cluster is None:
            return ceph.pools(asked, hosts), asked.unknown
        with mock.patch.object(clusters, 'Cluster', return_value=cluster):
            return ceph.pools(asked, hosts), asked.unknown

    def test_not_this_host(self) -> None:
        """A ceph.conf that anybody has written, is nothing for librados."""
        self.assertEqual(((), []), self.ask())

    def test_not_known(self) -> None:
        """A report has taken the user away; the cluster is not asked."""
        self.assertEqual(((), []), self.ask(
            Cluster(), '*********', facts.Told({})))

    def test_no_bindings(self) -> None:
        with mock.patch.dict('sys.modules', rados=None):
            pools, unknown = self.ask(here=facts.Told({}))
        self.assertEqual((), pools)
        self.assertIn('Install the package python3-rados', unknown[0])

    def test_hostile(self) -> None:
        """Of whatever kind its answers are, no exception comes of them."""
        pool = {'pool_name': 'images'}
        hostile: tuple[dict[str, Any], ...] = (
            {'osd_pool_ls': 5}, {'osd_pool_ls': [[]]},
            {'osd_pool_ls': [{**pool, 'size': 'three'}]},
            {'osd_pool_ls': [{**pool, 'application_metadata': 7}]},
            {'health': {'checks': {'X': 1}}}, {'df': {'pools': [1]}},
            {'df': {'pools': [{'name': 'images', 'stats': {
                'stored': float('inf')}}]}}, {'trash': [{}]})
        for answers in hostile:
            with self.subTest(answers=answers):
                pools, unknown = self.ask(Cluster(**{
                    'osd_pool_ls': [pool], **answers}), here=facts.Told({}))
                self.assertEqual((), pools)
                self.assertIn('nobody understands', unknown[0])
                self.assertIn('store fast', unknown[0])

    def test_masked(self) -> None:
        (pool,), unknown = self.ask(
            Cluster(refused='\x1b[2Jmon://u:secret@host'), 'glance',
            facts.Told({}))
        self.assertEqual([], unknown)
        self.assertNotIn('secret', pool.refused)
        self.assertTrue(pool.refused.isprintable())
