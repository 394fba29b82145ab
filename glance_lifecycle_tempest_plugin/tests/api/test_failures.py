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

"""An import that fails says why, and its image can be imported again."""

from tempest.lib import decorators

from glance_lifecycle_tempest_plugin.common import qcow2
from glance_lifecycle_tempest_plugin.tests import base


class FailuresTest(base.LifecycleTest):

    def _assert_goes_well_again(self, image_id: str, data: bytes,
                                held: bytes, disk_format: str) -> None:
        image = self.import_data(image_id, data)
        self.assert_active(image, held, disk_format)
        self.assertFalse(image.get('os_glance_failed_import'))

    @decorators.idempotent_id('27bbb27e-7649-4e9a-aefd-1fc5f3bce33d')
    def test_truncated(self) -> None:
        """Its end is missing, which stock Glance fills with zeros."""
        data, held, disk_format = base.stored(base.disk())
        image_id = self.create_image(disk_format='qcow2')
        image = self.import_data(image_id, data[:-100000])
        self.assert_refused(image, 'Image refused (')
        self._assert_goes_well_again(image_id, data, held, disk_format)

    @decorators.idempotent_id('81364a30-0887-48c3-b940-351f69db2861')
    def test_another_format(self) -> None:
        """Declared as raw, it would be booted as what it is not."""
        content = base.disk()
        image_id = self.create_image()
        image = self.import_data(image_id, qcow2.encode(content))
        self.assert_refused(image, 'Image refused (')
        self._assert_goes_well_again(image_id, content, content, 'raw')

    @decorators.idempotent_id('b03f6e8f-4ec9-4099-aca9-e2858d2389d6')
    def test_web_download_of_nothing(self) -> None:
        """The same image takes staged data then."""
        content = base.disk()
        image_id = self.create_image()
        image = self.import_image(
            image_id, method='web-download',
            import_params={'uri': base.CONF.image.http_image + '.not-there'})
        self.assertEqual(('queued', 'failure'), (
            image['status'], self.task(image_id)['status']))
        self._assert_goes_well_again(image_id, content, content, 'raw')
