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

"""Who may do what to an image that the lifecycle policy protects."""

from tempest import config
from tempest.lib import decorators
from tempest.lib import exceptions as lib_exc

from glance_lifecycle_tempest_plugin.tests import base

CONF = config.CONF


class ProtectionTest(base.LifecycleTest):
    """One golden image, and each who would have it gone.

    The owner is a member of its project, the reader has that role there, the
    other is a member of a project that the image is shared with.
    """

    credentials = ['project_member', 'project_reader', 'project_alt_member',
                   'primary', 'admin']

    @classmethod
    def skip_checks(cls) -> None:
        super().skip_checks()
        if not (CONF.lifecycle.protection and CONF.lifecycle.golden_tag):
            raise cls.skipException('The policy protects no image.')

    @classmethod
    def setup_clients(cls) -> None:
        super().setup_clients()
        cls.client = cls.os_project_member.image_client_v2
        cls.reader = cls.os_project_reader.image_client_v2
        cls.other = cls.os_project_alt_member.image_client_v2
        cls.members = cls.os_project_member.image_member_client_v2

    def setUp(self) -> None:
        super().setUp()
        self.content = base.disk()
        self.image_id = self.create_image(
            tags=[CONF.lifecycle.golden_tag], visibility='shared')
        self.members.create_image_member(
            self.image_id, member=self.os_project_alt_member.credentials
            .project_id)
        self.image = self.import_data(self.image_id, self.content)
        self.assert_active(self.image, self.content)

    def _refused(self, client: object, *said: str) -> None:
        error = self.assertRaises(
            lib_exc.Forbidden, client.delete_image,  # type: ignore
            self.image_id)
        for text in said:
            self.assertIn(text, str(error))

    @decorators.idempotent_id('85c5cc1e-b374-4e2f-995c-ea0fd42a6019')
    def test_import_protects(self) -> None:
        self.assertTrue(self.image['protected'])
        self.assertEqual('golden', self.image['image_class'])

    @decorators.idempotent_id('9c8b1426-aefd-4d87-b948-b1cf3a376cb1')
    def test_owner(self) -> None:
        """Who may unset the flag, and yet not delete the image."""
        self._refused(self.client)
        self.update(self.client, self.image_id, protected=False)
        self._refused(self.client, 'rule golden of the lifecycle policy')

    @decorators.idempotent_id('dcd5e970-2209-4038-b8ab-74d1e4cfa9b3')
    def test_reader(self) -> None:
        """Who looks at it, and changes nothing.

        Glance's own policy lets no reader download.
        """
        self.assertTrue(self.reader.show_image(self.image_id)['protected'])
        self.assertRaises(lib_exc.Forbidden, self.update, self.reader,
                          self.image_id, protected=False)
        self._refused(self.reader)

    @decorators.idempotent_id('1b90fed5-7107-42b7-8a29-fe0c60b8b19c')
    def test_member(self) -> None:
        """The same for a project that it is shared with."""
        self.assertEqual(self.content, bytes(
            self.other.show_image_file(self.image_id).data))
        self.assertRaises(lib_exc.Forbidden, self.update, self.other,
                          self.image_id, protected=False)
        self._refused(self.other)

    @decorators.idempotent_id('3e01c3f9-5671-49bb-bd3a-dfe3d92f9ca0')
    def test_admin(self) -> None:
        """Who unsets the flag first, as without a policy."""
        self._refused(self.admin)

        def deleted() -> bool:
            self.update(self.admin, self.image_id, protected=False)
            try:
                self.admin.delete_image(self.image_id)
            except lib_exc.Forbidden:
                return False  # The worker has set it again.
            return True
        self.wait_until('the administrator has deleted it', deleted)
        self.assertRaises(lib_exc.NotFound, self.client.show_image,
                          self.image_id)
