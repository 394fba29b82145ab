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

"""Policy files that do not protect: a broken document, a careless rule."""

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import protection_case


class BrokenFromTheStartTest(plugin_case.PluginTestCase):

    def test_nobody_deletes(self) -> None:
        document = self.work / 'policy.yaml'
        document.write_text('version: 1\nrules: {}\n')
        api = self.new_api({
            'oslo_policy': {'policy_file': protection_case.FRAGMENT},
            'lifecycle': {'policy_file': document}})
        user, admin = api.user(), api.admin()
        image = user.create_image(disk_format='raw')
        user.upload(image['id'], b'bytes')
        for call in (lambda: user.delete(image['id']),
                     lambda: admin.delete(image['id']),
                     lambda: admin.update(image['id'],
                                          visibility='public')):
            error = self.assertRaises(client.HttpError, call)
            self.assertEqual(403, error.status)
            self.assertIn('the lifecycle policy of this cloud cannot be '
                          'read', error.body)
            self.assertNotIn(str(self.work), error.body)
        document.write_text('version: 1\n')
        transfer.until('the repaired policy is in force',
                       lambda: _deletes(user, image['id']))


class DefaultRuleTest(plugin_case.PluginTestCase):

    def test_strangers_destroy_nothing(self) -> None:
        """"rule:default" lets all pass; Glance deletes bytes, then asks."""
        policy = self.work / 'policy.yaml'
        policy.write_text(
            '"delete_image": "rule:default and lifecycle:delete"\n'
            '"delete_image_location": "rule:default and '
            'lifecycle:delete_location"\n'
            '"get_image_location": "@"\n'
            '"publicize_image": "@"\n')
        api = self.new_api({'oslo_policy': {'policy_file': policy}})
        owner, stranger = api.user(), api.user('mallory', 'other')
        image_id = owner.create_image(disk_format='raw',
                                      visibility='public')['id']
        owner.upload(image_id, b'bytes')
        for path in (f'images/{image_id}', f'stores/s1/{image_id}'):
            error = self.assertRaises(
                client.HttpError, stranger.request, 'DELETE', path)
            self.assertEqual(403, error.status)
            self.assertIn('not owned by your project', error.body)
        self.assertTrue(api.stored_copy(image_id, 's1').exists())
        owner.delete(image_id)


def _deletes(user: client.Client, image_id: str) -> bool:
    try:
        user.delete(image_id)
    except client.HttpError:
        return False
    return True
