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

"""Images that a worker has glance-api cache before anybody asks for them."""

from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting

POLICY = """\
version: 1
rules:
  - name: golden
    match: {name: "golden-*"}
    cache: {prefetch: [glance], keep: %s}
"""


class PrefetchTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi(autostart=False))
        self.cache_dir = self.api.base / 'cache'
        self.api.configure(DEFAULT={
            'image_cache_dir': self.cache_dir,
            'image_cache_driver': 'sqlite'})
        self.api.start()
        store_case.StoreCase.setUp(self)

    def state(self) -> Any:
        return self.admin.request('GET', 'cache').json()

    def cached(self) -> set[str]:
        return {each['image_id'] for each in self.state()['cached_images']}

    def wait_cached(self, image_id: str) -> None:
        waiting.until('it is cached', lambda: image_id in self.cached())
        self.assertEqual(b'bytes' * 1000,
                         (self.cache_dir / image_id).read_bytes())

    def test_prefetch(self) -> None:
        golden = self.image(name='golden-1')
        other = self.image(name='other')
        daemon = self.worker(POLICY % 'false')
        daemon.wait_for_job(golden, 'prefetch')
        self.wait_cached(golden)
        self.assertNotIn(other, self.cached())
        self.assertIn('Fetch it into the cache of the image service',
                      str(daemon.story(golden)))
        # Once evicted, it is not fetched again: the policy does not keep it.
        self.admin.request('DELETE', f'cache/{golden}')
        daemon.terminate()
        daemon.configure(full_sweep_interval=60)
        daemon.start()
        daemon.wait_for_sweep()
        self.assertEqual(1, len(self.jobs(daemon, golden)))
        daemon.set_policy(POLICY % 'true')
        self.wait_cached(golden)

    def jobs(self, daemon: Any, image_id: str) -> list[str]:
        return [line for line in daemon.story(image_id)
                if line.startswith('queued')]

    def test_no_cache_there(self) -> None:
        """It is nobody's fault, and no job is opened."""
        golden = self.image(name='golden-1')
        daemon = self.worker(
            POLICY % 'true', cache_endpoints='http://127.0.0.1:1')
        daemon.wait_for_sweep()
        self.assertEqual({}, daemon.states(golden))
        self.assertIn('is not known, and nothing is fetched',
                      daemon.log_text())
