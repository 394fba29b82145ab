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

"""``doctor --live`` beside real Glance and Keystone, and those that use them.
"""

import json
from typing import Any

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack


class ServicesTestCase(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(keystone.Keystone())
        self.api = self.useFixture(glance.GlanceApi(identity=self.identity))
        self.endpoint = self.identity.register('image', self.api.url)
        self.admin = self.api.keystone_user('admin')

    def ask(self, *argv: str, user: str = 'admin') -> dict[str, Any]:
        """code -> what services say."""
        answer = openstack.OpenStack(self.api, user).spawn(
            'image', 'lifecycle', 'doctor', '--live', '-f', 'json',
            '--config-dir', str(self.api.etc), *argv)
        self.assertNotIn('Traceback', answer.stderr)
        self.assertTrue(answer.stdout, answer.stderr)
        self.assertNotIn('The check failed', answer.stdout)
        return {one['code']: one for one in answer.json['findings']
                if one['code'].startswith('GLC9')}


class UsersTest(ServicesTestCase):
    """Nova, Placement and Cinder are stand-ins."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = self.useFixture(
            nova_cinder.NovaAndCinder(self.identity, page=100))
        self.cloud.services = {'nova-compute': {'c1': 'up', 'c2': 'up'},
                               'nova-conductor': {'x': 'down'},
                               'cinder-volume': {'v1@ceph': 'up'}}
        self.cloud.providers = {
            'c1': ['COMPUTE_IMAGE_TYPE_RAW'],
            'c2': ['COMPUTE_IMAGE_TYPE_RAW', 'COMPUTE_IMAGE_TYPE_QCOW2']}

    def test_all_well(self) -> None:
        image = self.admin.create_image(disk_format='qcow2')
        self.cloud.boot(image['id'])
        self.cloud.boot_from_volume()
        self.assertEqual({}, self.ask())
        asked = ' '.join(self.cloud.requests)
        for part in ('/v2.1/os-services', '/v3/os-services',
                     '/placement/resource_providers?required='):
            self.assertIn(part, asked)

    def test_down(self) -> None:
        self.cloud.services['nova-compute']['c2'] = 'down'
        self.cloud.services['cinder-volume']['v1@ceph'] = 'down'
        found = self.ask()
        self.assertEqual(['GLC922'], list(found))

    def test_user(self) -> None:
        """Who may not ask is told so, and the rest is asked."""
        found = self.ask(user='demo')
        self.assertEqual(['GLC901'], list(found))
        self.assertIn('HTTP 403, your user may not',
                      found['GLC901']['evidence'])

    def test_away(self) -> None:
        """A service that is down is noted once, and stops no other."""
        self.cloud.down = True
        image = self.admin.create_image(disk_format='raw')
        self.admin.stage(image['id'], b'x')
        self.api.sql("update images set updated_at = '2020-01-01 00:00:00'")
        self.assertEqual(['GLC901', 'GLC907'], sorted(self.ask()))


class CatalogueTest(ServicesTestCase):

    def test_astray(self) -> None:
        """Another service's address, and a region without images."""
        self.identity.register('compute', f'{self.api.url}/v2.1')
        self.change('endpoints', self.endpoint['id'], 'endpoint',
                    url=self.identity.auth_url)
        found = self.ask('--api-url', self.api.url,
                         '--api-url', 'http://127.0.0.1:1')
        self.assertIn('is no glance-api', found['GLC909']['evidence'])
        self.assertIn('http://127.0.0.1:1: it cannot be asked',
                      found['GLC912']['evidence'])
        for one in self.identity._request('GET', 'endpoints')['endpoints']:
            if one['service_id'] == self.endpoint['service_id']:
                self.identity._request('DELETE', f'endpoints/{one["id"]}')
        self.assertEqual('error', self.ask()['GLC910']['severity'])

    def test_hosts_differ(self) -> None:
        """Two real ones, of which one has other stores and methods."""
        other = self.useFixture(glance.GlanceApi(
            identity=self.identity, stores={'s1': 'file', 'new': 'file'}))
        other.configure(DEFAULT={'enabled_import_methods': ['glance-direct']})
        other.restart()
        found = self.ask('--api-url', self.api.url, '--api-url', other.url)
        self.assertEqual(['GLC913'], list(found))
        self.assertEqual({}, self.ask('--api-url', self.api.url))

    def test_limits_elsewhere(self) -> None:
        self.identity.set_limits(self.endpoint['service_id'], **dict.fromkeys(
            ('image_size_total', 'image_stage_total', 'image_count_total',
             'image_count_uploading'), 1000))
        options = {'DEFAULT': {'use_keystone_limits': 'true'},
                   'oslo_limit': {'endpoint_id': self.endpoint['id']}}
        self.api.configure(**options)
        self.assertEqual({}, self.ask())
        for one in self.identity._request('GET', 'registered_limits')[
                'registered_limits']:
            self.change('registered_limits', one['id'], 'registered_limit',
                        region_id=None)
        self.assertIn('but elsewhere: image_count_total',
                      self.ask()['GLC920']['evidence'])

    def test_cache_owner(self) -> None:
        """A name was written for an id."""
        path = self.api.etc / 'cinder.conf'
        for named, codes in (('service', ['GLC921']), (
                self.identity.projects['service'], [])):
            path.write_text('[DEFAULT]\n'
                            f'cinder_internal_tenant_project_id = {named}\n')
            self.assertEqual(codes, list(self.ask(
                '--cinder-conf', str(path))))

    def change(self, path: str, one: str, kind: str, **values: Any) -> None:
        self.identity._request('PATCH', f'{path}/{one}', json={kind: values})


class ImagesTest(ServicesTestCase):

    def test_store_gone(self) -> None:
        image = self.admin.create_image(disk_format='raw')
        self.admin.upload(image['id'], b'x')
        self.assertEqual({}, self.ask())
        self.api.sql("update image_locations set meta_data = '%s', value = "
                     "'file:///nowhere/x'" % json.dumps({'store': 'old'}))
        self.assertEqual(['GLC917'], list(self.ask()))

    def test_no_hash(self) -> None:
        image = self.admin.create_image(disk_format='raw')
        self.admin.upload(image['id'], b'x')
        self.api.sql('update images set os_hash_value = null')
        self.assertEqual(['GLC916'], list(self.ask()))

    def test_public(self) -> None:
        image = self.admin.create_image(
            disk_format='raw', visibility='public', name='test-1')
        self.admin.upload(image['id'], b'x')
        (self.api.etc / 'policy-lifecycle.yaml').write_text(
            'version: 1\nrules:\n  - name: tests\n'
            '    match: {name: "test-*"}\n'
            '    visibility: {allowed: [private]}\n')
        self.api.configure(lifecycle={
            'policy_file': self.api.etc / 'policy-lifecycle.yaml'})
        self.assertEqual(['GLC918'], list(self.ask()))

    def test_other_details(self) -> None:
        self.api.configure(s2={'filesystem_store_datadir': '/srv/elsewhere'})
        self.assertEqual(['GLC915'], list(self.ask()))
