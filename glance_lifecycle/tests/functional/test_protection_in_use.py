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

"""What is in use is kept, and what nobody can tell counts as used."""

import time

import yaml

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import protection_case


class InUseTest(protection_case.ProtectionTestCase):

    def test_in_use(self) -> None:
        server_image, volume_image, free = (
            self.image('busy') for _ in range(3))
        server = self.cloud.boot(server_image, 'demo2')
        self.cloud.make_volume(volume_image, 'demo2')
        for _ in range(3):  # more than a page
            self.cloud.boot_from_volume()
            self.cloud.make_volume(None)
        self.listed()
        self.assert_forbidden(
            lambda: self.owner.delete(server_image),
            'in use by servers (rule busy of the lifecycle policy)',
            'image_admin')
        self.assert_forbidden(lambda: self.admin.delete(volume_image),
                              'in use by volumes (rule busy')
        self.owner.delete(free)
        # At once, and not when the next listing is there.
        self.cloud.servers = [each for each in self.cloud.servers
                              if each['id'] != server]
        self.owner.delete(server_image)
        self.curator.delete(volume_image)

    def listed(self) -> None:
        """Wait until listings know what the cloud has now."""
        began = time.time()
        folder = self.api.state_dir / 'dependents'

        def fresh() -> bool:
            probe = self.image('busy')
            try:
                self.owner.delete(probe)
            except client.HttpError:
                return False
            return all(
                (folder / name).exists() and
                yaml.safe_load((folder / name).read_text())['taken'] > began
                for name in ('servers.json', 'volumes.json'))
        transfer.until('the listings are new', fresh, interval=0.5)

    def test_nova_down(self) -> None:
        """Refused for the class that is kept, allowed for the others."""
        busy, plain = self.image('busy'), self.image()
        self.cloud.down = True
        self.addCleanup(setattr, self.cloud, 'down', False)
        for name in ('servers.json', 'volumes.json'):
            path = self.api.state_dir / 'dependents' / name
            path.unlink(missing_ok=True)
        self.assert_forbidden(lambda: self.owner.delete(busy),
                              'cannot be told now', 'rule busy')
        self.owner.delete(plain)
        self.curator.delete(busy)

    def test_silent_cell(self) -> None:
        """Nova leaves out its servers; that does not end their use."""
        image_id = self.image('busy')
        server = self.cloud.boot(image_id, 'demo2')
        self.listed()
        self.addCleanup(setattr, self.cloud, 'silent', set())
        self.cloud.silent = {server}
        self.assert_forbidden(lambda: self.owner.delete(image_id),
                              'in use by servers')
        for name in ('servers.json', 'volumes.json'):
            (self.api.state_dir / 'dependents' / name).unlink()
        self.assert_forbidden(lambda: self.owner.delete(image_id),
                              'cannot be told now', 'rule busy')

    def test_dependents_command(self) -> None:
        image_id = self.image(visibility='shared')
        self.owner.request('POST', f'images/{image_id}/members',
                           json={'member': self.identity.projects['demo2']})
        theirs = self.cloud.boot(image_id, 'demo2')
        ours = self.cloud.boot(image_id, 'demo')
        for _ in range(3):
            self.cloud.boot_from_volume()
        volume = self.cloud.make_volume(image_id, 'demo2')
        member = self.identity.projects['demo2']

        found = self.dependents('admin', image_id)
        self.assertEqual({
            ('servers', 'found', theirs), ('servers', 'found', ours),
            ('volumes', 'found', volume), ('members', 'found', member),
            # Its locations are shown, and none is in Ceph.
            ('rbd_children', 'none', '')}, found)
        found = self.dependents('demo', image_id)
        self.assertEqual({
            ('servers', 'found', ours), ('servers', 'in part', ''),
            ('volumes', 'in part', ''), ('members', 'found', member),
            ('rbd_children', 'none', '')}, found)
        self.cloud.down = True
        self.addCleanup(setattr, self.cloud, 'down', False)
        found = self.dependents('admin', image_id)
        self.assertEqual({
            ('servers', 'not asked', ''), ('volumes', 'not asked', ''),
            ('members', 'found', member), ('rbd_children', 'none', '')},
            found)

    def dependents(self, user: str, image_id: str
                   ) -> set[tuple[str, str, str]]:
        """Who was asked, with which result, and ids."""
        command = openstack.OpenStack(self.api, user)
        answer = command.run('image', 'lifecycle', 'dependents', image_id,
                             '-f', 'json')
        self.assertEqual(0, answer.code, str(answer))
        return {(row['Asked'], row['Result'], row['ID'])
                for row in answer.json}
