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

"""``cloud show``, and ``advise`` of the same: a real Glance and Keystone.

Nova, Placement and Cinder are stand-ins.
"""

import datetime
import json
import pathlib
from typing import Any

import fixtures

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack

FSID = '4d6c0b1e-0000-4000-8000-0000000000a1'
GIVEN = """
currency: EUR
stores:
  - {name: s1, cost_per_gib_month: 0.05}
  - {name: s2, cost_per_gib_month: 0.01}
"""


def ago(**when: float) -> str:
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(
        **when)).strftime('%Y-%m-%dT%H:%M:%SZ')


class CloudTest(base.FunctionalTestCase):

    """All tests use one cloud, and leave no image."""

    api: glance.GlanceApi
    cloud: nova_cinder.NovaAndCinder

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        identity = keystone.Keystone()
        cls.begin(identity)
        cls.api = glance.GlanceApi(
            identity=identity, stores={'s1': 'file', 's2': 'file'})
        cls.begin(cls.api)
        identity.register('image', cls.api.url)
        cls.cloud = nova_cinder.NovaAndCinder(identity, page=2)
        cls.begin(cls.cloud)

    @classmethod
    def begin(cls, fixture: fixtures.Fixture) -> None:
        fixture.setUp()
        cls.addClassCleanup(fixture.cleanUp)

    def setUp(self) -> None:
        super().setUp()
        self.admin = self.api.keystone_user('admin')

    def run_cloud(self, *argv: object, code: int = 0,
                  user: str = 'admin') -> openstack.Answer:
        answer = openstack.OpenStack(self.api, user).spawn(
            'image', 'lifecycle', *map(str, argv))
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def show(self, *argv: object, **how: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run_cloud(
            'cloud', 'show', '-f', 'json', *argv, **how).stdout)
        return found

    def here(self) -> list[str]:
        return ['--config-file', str(self.api.etc / 'glance-api.conf')]

    def given(self, text: str = GIVEN) -> str:
        path = pathlib.Path(self.work) / 'given.yaml'
        path.write_text(text)
        return str(path)

    def image(self, name: str, disk_format: str = 'raw',
              data: bytes = b'x' * 1024) -> str:
        image = self.admin.create_image(name=name, disk_format=disk_format)
        self.admin.upload(image['id'], data)
        self.addCleanup(self.admin.delete, image['id'])
        return str(image['id'])

    def test_all(self) -> None:
        """Of a cloud with disks in Ceph and on hosts; what it says is advised
        on, from the cloud and from its file.
        """
        booted, twin, other = (self.image(name) for name in (
            'ubuntu', 'twin', 'twin'))
        empty = self.admin.create_image(name='empty', disk_format='raw')
        self.addCleanup(self.admin.delete, empty['id'])
        cloud = self.cloud
        cloud.services = {'nova-compute': {'c1': 'up', 'c2': 'up',
                                           'c3': 'up'}}
        cloud.providers = {'c1': ['COMPUTE_IMAGE_TYPE_RAW'],
                           'c2': ['COMPUTE_IMAGE_TYPE_RAW'], 'c3': [
                               'COMPUTE_IMAGE_TYPE_RAW',
                               'COMPUTE_IMAGE_TYPE_QCOW2']}
        cloud.add_aggregate('fast', 'c1', 'c2')
        cloud.pools = {'v@ceph#images': {
            'storage_protocol': 'ceph',
            'location_info': f'ceph:/etc/ceph/ceph.conf:{FSID}:cinder:x'},
            'v@lvm#x': {'storage_protocol': 'iSCSI'}}
        for host, when in (('c1', 1), ('c2', 2), ('c2', 20), ('c3', 3),
                           ('c1', 90)):
            cloud.boot(booted, created=ago(days=when), updated=ago(hours=1),
                       **{'OS-EXT-SRV-ATTR:host': host})
        cloud.boot(booted, created=ago(days=1), updated=ago(hours=1),
                   status='DELETED', **{'OS-EXT-SRV-ATTR:host': 'c1'})
        cloud.boot_from_volume()
        for days in (1, 2, 80):
            cloud.make_volume(twin, created_at=ago(days=days)[:-1] + '.0',
                              encrypted=True,
                              **{'os-vol-host-attr:host': 'v@ceph#images'})
        path = pathlib.Path(self.work) / 'cloud.yaml'
        found = self.show(*self.here(), '--given', self.given(), '--probe',
                          's2', '--probe-size', 1, '--yes')
        self.assertEqual('EUR', found['currency'])
        self.assertEqual({'default_store': 's1',
                          'show_image_direct_url': False,
                          'show_multiple_locations': True,
                          # 3 KiB of the last 4 weeks.
                          'growth_per_week': {'value': 768, 'from': 'read'}},
                         found['glance'])
        first, second = found['stores']
        self.assertEqual(('s1', 'file', 0.05), (
            first['name'], first['kind'], first['cost_per_gib_month']))
        self.assertEqual(0.01, second['cost_per_gib_month'])
        self.assertEqual(['measured'] * 2, [
            second[key]['from'] for key in (
                'read_per_second', 'write_per_second')])
        self.assertNotIn('write_per_second', first)
        self.assertEqual([], [path for path in self.api.base.rglob('*')
                              if 'probe-' in path.name])
        self.assertEqual('read', first['free']['from'])
        self.assertLess(first['free']['value'], first['capacity']['value'])
        groups = {one['name']: one for one in found['compute_groups']}
        self.assertEqual({'fast', 'computes'}, set(groups))
        self.assertEqual(('rbd', {'value': 2, 'from': 'read'}), (
            groups['fast']['images_type'], groups['fast']['hosts']))
        self.assertEqual('qcow2', groups['computes']['images_type'])
        self.assertEqual([('ceph', FSID, True), ('lvm', None, None)], [(
            one['name'], one.get('fsid'), one.get('encrypted', {}).get(
                'value')) for one in found['volume_backends']])
        images = {one['name']: one for one in found['images']}
        self.assertEqual(3, len(images))
        self.assertEqual({
            'name': 'ubuntu', 'disk_format': 'raw',
            'size': {'value': 1024, 'from': 'read'}, 'copies': ['s1'],
            'project': self.admin.get(booted)['owner'],
            'boots_per_week': {'fast': {'value': 1, 'from': 'read'},
                               'computes': {'value': 0.25, 'from': 'read'}}},
            images['ubuntu'])
        self.assertEqual({'ceph': {'value': 0.5, 'from': 'read'}},
                         images[f'twin ({twin})']['volumes_per_week'])
        # In four weeks; before that, nobody knows.
        idle = images[f'twin ({other})']
        self.assertEqual(('twin', 'unknown'), (
            idle['glance_name'], idle['last_boot']))
        self.run_cloud('cloud', 'show', '--output', path, *self.here(),
                       '--given', self.given())
        self.assertIn('cannot be written', self.run_cloud(
            'cloud', 'show', '--output', path, code=1).stderr)
        advice = [self.run_cloud('advise', '-f', 'json', *argv).json[
            'advice'] for argv in (('--cloud', path), (
                *self.here(), '--given', self.given()))]
        self.assertEqual(advice[0], advice[1])
        self.assertTrue(advice[0])
        switched = [self.run_cloud(
            'migrate', 'default-store', '--to', 's2', '-f', 'json',
            *argv).json for argv in (('--cloud', path), (
                *self.here(), '--given', self.given()))]
        for key in ('from', 'to', 'consumers', 'images_that_stay',
                    'growth_per_week'):
            self.assertEqual(switched[0][key], switched[1][key])
        self.assertEqual(3, switched[0]['images_that_stay']['images'])

    def test_user(self) -> None:
        """What an ordinary user may not know is noted, and left out."""
        self.image('mine')
        self.api.sql("update images set visibility = 'public'")
        answer = self.run_cloud('cloud', 'show', user='demo')
        for words in ('# No glance-api is configured here',
                      '# The room in store s1 is not known',
                      'HTTP 403, your user may not', 'cost_per_gib_month'):
            self.assertIn(words, answer.stdout)
        self.assertIn('Note: The room in store', answer.stderr)
        path = pathlib.Path(self.work) / 'cloud.yaml'
        path.write_text(answer.stdout)
        self.run_cloud('advise', '--cloud', path)
        self.assertIn('Leave out either that or --given', self.run_cloud(
            'advise', '--cloud', path, '--given', path, code=1).stderr)

    def test_given_wrong(self) -> None:
        self.image('mine')
        for text, words in (
                ('stores: [{name: s1, price: 3}]', 'line 1'),
                ('stores: [{name: s9}]', 's9 is given in stores'),
                ('stores: [{name: s1, capacity: 1}]', 'more is free')):
            self.assertIn(words, self.run_cloud(
                'advise', *self.here(), '--given', self.given(text),
                code=1).stderr)
