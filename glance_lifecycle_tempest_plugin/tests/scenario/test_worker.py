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

"""What the worker puts right, and what it does for glance-api."""

import io
import re
import urllib.request

from tempest import config
from tempest.lib import decorators

from glance_lifecycle_tempest_plugin.tests import base

CONF = config.CONF

# "done" of an import, in what Prometheus reads.
_IMPORTS = re.compile(
    r'^glance_lifecycle_worker_jobs_ended_total'
    r'\{(?=.*kind="import")(?=.*outcome="done").*\} (\S+)$', re.MULTILINE)


class DriftTest(base.LifecycleTest):
    """An image that is not as the policy wants it becomes so."""

    @classmethod
    def skip_checks(cls) -> None:
        super().skip_checks()
        if not CONF.lifecycle.worker:
            raise cls.skipException('There is no worker.')

    def _repaired(self, what: str, done: object) -> None:
        self.wait_until(what, done, CONF.lifecycle.worker_timeout)

    @decorators.idempotent_id('c21d84d8-6937-42c9-a757-bef367ee6b8c')
    def test_golden_unprotected_by_its_owner(self) -> None:
        if not CONF.lifecycle.golden_tag:
            raise self.skipException('The policy protects no image.')
        content = base.disk()
        image_id = self.create_image(tags=[CONF.lifecycle.golden_tag])
        image = self.import_data(image_id, content)
        self.assertTrue(image['protected'])
        self.update(self.client, image_id, protected=False, image_class='tin')

        def as_before() -> bool:
            now = self.client.show_image(image_id)
            return bool(now['protected'] and now['image_class'] == 'golden')
        self._repaired('it is golden again', as_before)
        self.assertEqual(content, self.download(image_id))

    @decorators.idempotent_id('47bffcd8-8fd7-4c66-8bf3-9ff591852650')
    def test_copies(self) -> None:
        """An upload does not run the import; and a copy may get lost."""
        if not CONF.lifecycle.everywhere_tag or len(self.stores) < 2:
            raise self.skipException('The policy places no image.')
        content = base.disk()
        image_id = self.create_image(tags=[CONF.lifecycle.everywhere_tag])
        self.client.store_image_file(image_id, io.BytesIO(content))

        def everywhere() -> bool:
            return self.stores_of(image_id) == set(self.stores)
        self._repaired('it is in all stores', everywhere)
        self.admin.delete_image_from_store(image_id, self.stores[0])
        self._repaired('it is in all stores again', everywhere)
        # Only the new copy is left.
        for store in self.stores[1:]:
            self.update(self.admin, image_id, tags=[])
            self.admin.delete_image_from_store(image_id, store)
        self.assertEqual(content, self.download(image_id))


class OffloadTest(base.LifecycleTest):

    @classmethod
    def skip_checks(cls) -> None:
        super().skip_checks()
        if not (CONF.lifecycle.offload and CONF.lifecycle.worker_metrics_url):
            raise cls.skipException('Imports do not run in the worker.')

    def _imports(self) -> float:
        """How many the worker has done."""
        with urllib.request.urlopen(
                CONF.lifecycle.worker_metrics_url) as answer:
            text = answer.read().decode()
        return sum(float(count) for count in _IMPORTS.findall(text))

    @decorators.idempotent_id('4a2932b1-abbd-48c5-aea3-041086c720c4')
    def test_import_runs_in_the_worker(self) -> None:
        before = self._imports()
        content = base.disk()
        data, held, disk_format = base.stored(content)
        image_id = self.create_image(disk_format='qcow2')
        image = self.import_data(image_id, data)
        self.assert_active(image, held, disk_format)
        self.wait_until('the worker has counted it',
                        lambda: self._imports() > before)
