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

"""What Glance's API lets whom do, by the lifecycle policy."""


from glance.policies import image as image_policies
import yaml

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import protection_case


class ProtectionTest(protection_case.ProtectionTestCase):

    def test_fragment(self) -> None:
        """Glance's defaults of this release, and ours."""
        ours = yaml.safe_load(protection_case.FRAGMENT.read_text())
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
            f'only {protection_case.COOL_DOWN} seconds after',
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

    def test_broken_later(self) -> None:
        """The last good document stays in force."""
        image_id = self.image('golden')
        self.assert_forbidden(lambda: self.owner.delete(image_id))
        self.addCleanup(protection_case.write, self.document, self.good())
        protection_case.write(
            self.document,
            'version: 1\nrules: [{name: x, nonsense: 1}]\n')
        self.assert_forbidden(lambda: self.owner.delete(image_id),
                              'rule golden of the lifecycle policy')
        self.owner.delete(self.image())

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
