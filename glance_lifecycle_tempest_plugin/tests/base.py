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

"""What the tests have in common: images, and their imports."""

import hashlib
import io
import os
from typing import Any

from tempest import config
from tempest.lib.common.utils import data_utils
from tempest.lib.common.utils import test_utils
from tempest.lib import exceptions as lib_exc
from tempest import test

from glance_lifecycle_tempest_plugin.common import qcow2
from glance_lifecycle_tempest_plugin.common import signing

CONF = config.CONF

SIZE = 1024 * 1024


def disk() -> bytes:
    """A disk of SIZE bytes: data, zeros, and data again."""
    piece = SIZE // 4
    # Nothing that could be another format: neither a boot sector, nor text.
    return bytes(512) + os.urandom(piece) + bytes(
        SIZE - 2 * piece - 512) + os.urandom(piece)


class LifecycleTest(test.BaseTestCase):
    """Images of a user, and of an administrator who cleans up.

    ``client`` is the user's. Each image that ``create_image`` makes goes
    with its test.
    """

    credentials = ['primary', 'admin']

    @classmethod
    def skip_checks(cls) -> None:
        super().skip_checks()
        if not (CONF.service_available.glance
                and CONF.service_available.glance_lifecycle):
            raise cls.skipException('Glance lifecycle is not available.')
        if not CONF.image_feature_enabled.import_image:
            raise cls.skipException('Glance imports no images.')

    @classmethod
    def setup_clients(cls) -> None:
        super().setup_clients()
        cls.client = cls.os_primary.image_client_v2
        cls.admin = cls.os_admin.image_client_v2

    @classmethod
    def resource_setup(cls) -> None:
        super().resource_setup()
        cls.stores = cls.enabled_stores()

    @classmethod
    def enabled_stores(cls) -> list[str]:
        """Their names, the default first; none without multi-store.

        Those that are only read from are left out.
        """
        try:
            found = cls.client.info_stores()['stores']
        except lib_exc.NotFound:
            return []
        found = [store for store in found if not store.get('read-only')]
        found.sort(key=lambda store: not store.get('default'))
        return [store['id'] for store in found]

    # Images.

    def create_image(self, client: Any = None, **fields: Any) -> str:
        """A new image without data; its id."""
        image = (client or self.client).create_image(**{
            'name': data_utils.rand_name(
                type(self).__name__, prefix=CONF.resource_name_prefix),
            'container_format': 'bare', 'disk_format': 'raw', **fields})
        self.addCleanup(self.remove, image['id'])
        return str(image['id'])

    def remove(self, image_id: str) -> None:
        """Delete it, whatever protects it."""
        def gone() -> bool:
            try:
                # Else the policy would have it protected again.
                self.update(self.admin, image_id, tags=[], protected=False)
                self.admin.delete_image(image_id)
            except lib_exc.NotFound:
                return True
            except (lib_exc.Conflict, lib_exc.Forbidden):
                pass  # The worker was there between the two.
            return False
        self.wait_until(f'image {image_id} is deleted', gone)

    def update(self, client: Any, image_id: str, **fields: Any) -> Any:
        """Change what the image has already."""
        return client.update_image(image_id, [
            {'replace': '/' + name, 'value': value}
            for name, value in fields.items()])

    def stores_of(self, image_id: str) -> set[str]:
        return set(filter(None, self.client.show_image(image_id).get(
            'stores', '').split(',')))

    def download(self, image_id: str) -> bytes:
        return bytes(self.client.show_image_file(image_id).data)

    # Imports.

    def stage(self, image_id: str, data: bytes) -> None:
        self.client.stage_image_file(image_id, io.BytesIO(data))

    def import_data(self, image_id: str, data: bytes, **how: Any) -> Any:
        """Stage and import; the image once that has ended, as it may.

        :param how: of the client's image_import; by default, to the default
            store
        """
        self.stage(image_id, data)
        return self.import_image(image_id, **how)

    def import_image(self, image_id: str, **how: Any) -> Any:
        if 'stores' not in how and 'all_stores' not in how:
            # The client's default is all of them.
            how |= ({'stores': self.stores[:1]} if self.stores
                    else {'all_stores': False})
        self.client.image_import(image_id, **how)
        return self.imported(image_id)

    def imported(self, image_id: str) -> Any:
        """The image, once no import of it runs any more."""
        def ended() -> bool:
            return (self.task(image_id)['status'] in ('success', 'failure')
                    and not self.client.show_image(image_id).get(
                        'os_glance_import_task'))
        self.wait_until(f'the import of {image_id} has ended', ended)
        return self.client.show_image(image_id)

    def task(self, image_id: str) -> dict[str, Any]:
        """The last of the image's tasks."""
        tasks = self.client.show_image_tasks(image_id)['tasks']
        return dict(max(tasks, key=lambda task: task['created_at']))

    def wait_until(self, what: str, done: Any,
                   timeout: int | None = None) -> None:
        timeout = timeout or CONF.image.build_timeout
        if not test_utils.call_until_true(
                done, timeout, CONF.image.build_interval):
            raise lib_exc.TimeoutException(
                f'{timeout} s, and still not: {what}.')

    # What came of them.

    def assert_active(self, image: Any, content: bytes,
                      disk_format: str = 'raw') -> None:
        """It is active, and holds exactly these bytes."""
        self.assertEqual(('active', disk_format),
                         (image['status'], image['disk_format']),
                         self.task(image['id'])['message'])
        self.assertEqual(len(content), image['size'])
        # What Nova and Glance's own cache compare with.
        self.assertEqual(
            hashlib.new(image['os_hash_algo'], content).hexdigest(),
            image['os_hash_value'])
        self.assertEqual(content, self.download(image['id']))

    def assert_refused(self, image: Any, *said: str) -> None:
        """The import failed, its task says why, and no store has data."""
        task = self.task(image['id'])
        self.assertEqual(('queued', 'failure'),
                         (image['status'], task['status']), task['message'])
        self.assertFalse(image.get('stores'))
        for text in said:
            self.assertIn(text, task['message'])


def signed(data: bytes) -> dict[str, str]:
    """The properties of an image that the tests' key has signed."""
    return signing.properties(CONF.lifecycle.user_key,
                              CONF.lifecycle.user_certificate_id, data)


def converts() -> bool:
    """Whether imports convert to raw."""
    return bool(CONF.image_feature_enabled.image_conversion)


def stored(content: bytes) -> tuple[bytes, bytes, str]:
    """A qcow2 image of a disk, and what Glance then holds: bytes, format."""
    image = qcow2.encode(content)
    return (image, content, 'raw') if converts() else (image, image, 'qcow2')
