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

"""glance-lifecycle-worker beside a real Glance."""

import os
import pathlib
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests import waiting

POLICY = """\
version: 1
rules:
  - name: golden
    match: {project: admin, name: "golden-*"}
    place: {stores: [s1, s2]}
    protect: {protected: true}
  - name: old
    match: {tags: old}
    retain: {hide_after: 0 seconds}
"""


class WorkerCase(store_case.StoreCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()

    def worker(self, policy: str = POLICY, **options: Any) -> worker.Worker:
        return self.useFixture(worker.Worker(self.api, policy, **options))

    def image(self, source: pathlib.Path | bytes = b'bytes' * 1000,
              **fields: Any) -> str:
        created = self.admin.create_image(**{
            'disk_format': 'raw', 'visibility': 'private', **fields})
        self.admin.upload(created['id'], source)
        return str(created['id'])


class ServiceTest(WorkerCase):

    def test_golden(self) -> None:
        """Made as wanted, kept so, and then left alone."""
        golden = self.image(name='golden-1')
        other = self.image(name='other')
        daemon = self.worker()
        daemon.wait_for_job(golden, 'update')
        daemon.wait_for_job(golden, 'copy')
        image = self.admin.get(golden)
        self.assertTrue(image['protected'])
        self.assertEqual(['s1', 's2'], self.stores_of(golden))
        self.assertEqual({}, daemon.states(other))
        self.admin.update(golden, protected=False)
        waiting.until('it is protected again',
                      lambda: self.admin.get(golden)['protected'])
        daemon.wait_for_sweep()
        self.assertEqual(3, len([line for line in daemon.story(golden)
                                 if line.startswith('done')]),
                         str(daemon.story(golden)))

    def test_observe(self) -> None:
        golden = self.image(name='golden-1')
        daemon = self.worker(mode='observe')
        daemon.wait_for_sweep()
        self.assertEqual({'update': 'queued', 'copy': 'queued'},
                         daemon.states(golden))
        self.assertFalse(self.admin.get(golden)['protected'])
        # Who protects it by hand leaves nothing to do.
        self.admin.update(golden, protected=True)
        daemon.wait_for_job(golden, 'update')
        self.assertEqual({'update': 'done', 'copy': 'queued'},
                         daemon.states(golden))
        daemon.configure(mode='act')
        starts = daemon.starts()
        os.kill(daemon.pid, signal.SIGHUP)
        waiting.until('a new process', lambda: daemon.starts() > starts)
        daemon.wait_for_job(golden, 'copy')
        self.assertEqual(['s1', 's2'], self.stores_of(golden))
