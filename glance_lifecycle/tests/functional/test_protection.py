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

"""The lifecycle policy enforced by Glance's API, on a real Keystone.

The stand-in for Nova and Cinder is described in its fixture; members and
everything else are real.
"""

import os
import pathlib
import time
from typing import Any

import fixtures
from glance.policies import image as image_policies
import yaml

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case

FRAGMENT = pathlib.Path(__file__).parents[3].joinpath(
    'etc/glance/policy-lifecycle-protection.yaml')

#: Seconds after un-protecting in which "cooling" images stay.
COOL_DOWN = 10

POLICY = """
version: 1
defaults:
  visibility:
    allowed: [private, shared]
rules:
  - name: golden
    match: {tags: golden}
    protect:
      protected: true
      may_delete: [image_admin]
      may_unprotect: [image_admin]
  - name: cooling
    match: {tags: cooling}
    protect:
      protected: true
      cool_down: %d seconds
      may_delete: []
      may_unprotect: [member]
  - name: busy
    match: {tags: busy}
    protect:
      keep_while_in_use: true
      may_delete: [image_admin]
  - name: hidden
    match: {properties: {secret_class: gold}}
    protect: {protected: true, may_delete: []}
  - name: publishing
    match: {tags: publishing}
    visibility:
      allowed: [private, shared, community, public]
      publishers: [%s]
"""

PROTECTIONS = """
[^secret_]
create = admin
read = admin
update = admin
delete = admin

[.*]
create = @
read = @
update = @
delete = @
"""


class ProtectionTestCase(plugin_case.PluginTestCase):
    """All on one Keystone, Glance, and stand-in."""

    identity: keystone.Keystone
    cloud: nova_cinder.NovaAndCinder
    api: glance.GlanceApi
    document: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.identity = cls.use(keystone.Keystone())
        cls.cloud = cls.use(nova_cinder.NovaAndCinder(cls.identity))
        cls.document = pathlib.Path(
            cls.use(fixtures.TempDir()).path, 'policy.yaml')
        write(cls.document, cls.good())
        protections = cls.document.with_name('protections.conf')
        protections.write_text(PROTECTIONS)
        cls.api = cls.use(glance.GlanceApi(
            plugins=['lifecycle'], identity=cls.identity, conf={
                'DEFAULT': {'property_protection_file': protections},
                'oslo_policy': {'policy_file': FRAGMENT},
                'lifecycle': {'policy_file': cls.document},
                'lifecycle_protection': {
                    **cls.identity.credentials('glance'),
                    'refresh_interval': 5, 'max_age': 600}}))
        cls.identity.register('image', cls.api.url)

    @classmethod
    def use(cls, fixture: Any) -> Any:
        cls.addClassCleanup(fixture.cleanUp)
        fixture.setUp()
        return fixture

    @classmethod
    def good(cls) -> str:
        return POLICY % (COOL_DOWN, cls.identity.projects['demo'])

    def setUp(self) -> None:
        super().setUp()
        self.owner = self.api.keystone_user('demo')
        self.other = self.api.keystone_user('demo2')
        self.admin = self.api.keystone_user('admin')
        self.service = self.api.keystone_user('nova')
        self.curator = self.api.keystone_user('curator')

    def image(self, *tags: str, **properties: Any) -> str:
        """An active image of the owner's."""
        image = self.owner.create_image(
            disk_format='raw', tags=list(tags), **properties)
        self.owner.upload(image['id'], b'bytes')
        return str(image['id'])

    def assert_forbidden(self, call: Any, *said: str) -> str:
        """It answers 403, with these words."""
        error = self.assertRaises(client.HttpError, call)
        self.assertEqual(403, error.status, error.body)
        for words in said:
            self.assertIn(words, error.body)
        return str(error.body)


class ProtectionTest(ProtectionTestCase):

    def test_fragment(self) -> None:
        """Glance's defaults of this release, and ours."""
        ours = yaml.safe_load(FRAGMENT.read_text())
        defaults = {rule.name: rule.check_str
                    for rule in image_policies.list_rules()}
        for name, rule in ours.items():
            default = defaults[name]
            check = 'lifecycle:' + {
                'delete_image': 'delete', 'deactivate': 'deactivate',
                'delete_image_location': 'delete_location',
                'publicize_image': 'publicize',
                'communitize_image': 'communitize'}[name]
            self.assertIn(rule, (
                f'({default}) and {check}', f'{default} and {check}',
                f'{check} and {default}'))

    def test_unprotected_by_its_owner(self) -> None:
        """And still there: for its owner, an admin and a service."""
        image_id = self.image('golden', visibility='shared')
        self.owner.update(image_id, protected=True)
        self.assert_forbidden(lambda: self.owner.delete(image_id),
                              'rule golden of the lifecycle policy',
                              'image_admin')
        self.owner.update(image_id, protected=False)
        for user in (self.owner, self.admin):
            for call in (lambda u=user: u.delete(image_id),
                         lambda u=user: u.request(
                             'POST', f'images/{image_id}/actions/deactivate')):
                self.assert_forbidden(
                    call, 'rule golden of the lifecycle policy',
                    'image_admin')
        self.assertEqual('active', self.owner.get(image_id)['status'])
        # Who does not see it does not learn that it is there.
        for user in (self.other, self.service):
            error = self.assertRaises(client.HttpError, user.delete, image_id)
            self.assertEqual(404, error.status)
        self.curator.delete(image_id)
        self.assertFalse(self.owner.exists(image_id))

    def test_others_images(self) -> None:
        """Ownership is asked first: nothing is said of the policy."""
        image_id = self.image('publishing', 'golden')
        self.admin.update(image_id, visibility='public')
        for user in (self.other, self.service):
            body = self.assert_forbidden(lambda u=user: u.delete(image_id))
            self.assertNotIn('golden', body)
            self.assert_forbidden(lambda u=user: u.request(
                'POST', f'images/{image_id}/actions/deactivate'))

    def test_copies(self) -> None:
        """Dropping them one by one is a deletion as well."""
        image_id = self.image('golden')
        path = f'stores/s1/{image_id}'
        self.assert_forbidden(
            lambda: self.admin.request('DELETE', path),
            'removed from a store', 'rule golden of the lifecycle policy')
        patch = [{'op': 'remove', 'path': '/locations/0'}]
        self.assert_forbidden(lambda: self.admin.request(
            'PATCH', f'images/{image_id}', json=patch, headers={
                'Content-Type':
                'application/openstack-images-v2.1-json-patch'}),
            'rule golden of the lifecycle policy')
        self.assertTrue(self.api.stored_copy(image_id, 's1').exists())

    def test_cool_down(self) -> None:
        image_id = self.image('cooling', protected=True)
        self.assert_forbidden(lambda: self.owner.delete(image_id),
                              'rule cooling of the lifecycle policy')
        self.owner.update(image_id, protected=False)
        said = self.assert_forbidden(
            lambda: self.owner.delete(image_id),
            f'only {COOL_DOWN} seconds after',
            'rule cooling of the lifecycle policy')
        self.assertIn(' UTC on', said)
        # Nobody else either: the policy names no roles.
        self.assert_forbidden(lambda: self.admin.delete(image_id),
                              'rule cooling')

        def gone() -> bool:
            try:
                self.owner.delete(image_id)
            except client.HttpError as error:
                self.assertEqual(403, error.status)
                return False
            return True
        transfer.until('the cool-down is over', gone,
                       interval=0.2)
        self.assertFalse(self.owner.exists(image_id))

    def test_cool_down_in_one_request(self) -> None:
        """What unsets the flag does not let the next operation through."""
        image_id = self.image('cooling', protected=True)
        self.api.sql("update images set updated_at = '2026-01-01 00:00:00' "
                     f"where id = '{image_id}'")
        self.assert_forbidden(lambda: self.admin.request(
            'PATCH', f'images/{image_id}', json=[
                {'op': 'replace', 'path': '/protected', 'value': False},
                {'op': 'remove', 'path': '/locations/0'}], headers={
                'Content-Type':
                'application/openstack-images-v2.1-json-patch'}),
            'rule cooling of the lifecycle policy')
        self.assertTrue(self.admin.get(image_id)['protected'])

    def test_hidden_property(self) -> None:
        """What the owner may not read counts all the same."""
        image_id = self.image()
        self.admin.update(image_id, secret_class='gold')
        self.assertNotIn('secret_class', self.owner.get(image_id))
        self.assert_forbidden(lambda: self.owner.delete(image_id),
                              'rule hidden of the lifecycle policy')

    def test_unfinished(self) -> None:
        """What was never stored is nobody's golden image."""
        image = self.owner.create_image(disk_format='raw', tags=['golden'])
        self.owner.delete(image['id'])

    def test_visibility(self) -> None:
        image_id = self.image()
        for visibility in ('public', 'community'):
            for user in (self.owner, self.admin):
                self.assert_forbidden(
                    lambda u=user, v=visibility: u.update(
                        image_id, visibility=v),
                    f'cannot be {visibility}: only private or shared is '
                    'allowed (defaults of the lifecycle policy)')
            self.assert_forbidden(
                lambda v=visibility: self.owner.create_image(visibility=v),
                f'The image cannot be {visibility}', 'lifecycle policy')
        self.owner.update(image_id, visibility='private')

    def test_publishers(self) -> None:
        image_id = self.image('publishing')
        self.owner.update(image_id, visibility='community')
        # Allowed by the policy; Glance itself lets administrators only.
        self.assert_forbidden(
            lambda: self.owner.update(image_id, visibility='public'))
        self.admin.update(image_id, visibility='public')
        foreign = self.other.create_image(disk_format='raw',
                                          tags=['publishing'])
        self.assert_forbidden(
            lambda: self.other.update(foreign['id'], visibility='community'),
            f'project {self.identity.projects["demo2"]} is not among those '
            'that may publish images (rule publishing of the lifecycle '
            'policy)')

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

    def test_broken_later(self) -> None:
        """The last good document stays in force."""
        image_id = self.image('golden')
        self.assert_forbidden(lambda: self.owner.delete(image_id))
        self.addCleanup(write, self.document, self.good())
        write(self.document, 'version: 1\nrules: [{name: x, nonsense: 1}]\n')
        self.assert_forbidden(lambda: self.owner.delete(image_id),
                              'rule golden of the lifecycle policy')
        self.owner.delete(self.image())

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

    def test_shared(self) -> None:
        """A shared image's member cannot delete it, whatever it sees."""
        image_id = self.image('golden', visibility='shared')
        self.owner.request('POST', f'images/{image_id}/members',
                           json={'member': self.identity.projects['demo2']})
        self.other.request(
            'PUT', f'images/{image_id}/members/'
            f'{self.identity.projects["demo2"]}',
            json={'status': 'accepted'})
        self.assert_forbidden(lambda: self.other.delete(image_id))


def write(path: pathlib.Path, text: str) -> None:
    """At once, and as long ago as it takes to count."""
    new = path.with_suffix('.new')
    new.write_text(text)
    before = time.time() - 60
    os.utime(new, (before, before))
    new.replace(path)
