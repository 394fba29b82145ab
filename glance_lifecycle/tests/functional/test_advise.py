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


"""What "advise" writes: a real Glance starts with it, and doctor is well."""

import configparser
import json
import pathlib
from typing import Any

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack

MIB = 1024 ** 2


def cloud() -> dict[str, Any]:
    """Three stores, as of the fixture: the second is fast, the third cheap.
    """
    stores = [{'name': name, 'kind': 'file', 'capacity': 2 ** 40,
               'free': 2 ** 39, 'cost_per_gib_month': price,
               'read_per_second': speed * MIB}
              for name, price, speed in (
                  ('s1', 0.05, 100), ('s2', 0.05, 900), ('s3', 0.01, 50))]
    image = {'disk_format': 'raw', 'size': MIB, 'copies': ['s1']}
    return {
        'version': 1, 'glance': {'default_store': 's1'}, 'stores': stores,
        'compute_groups': [{'name': 'main', 'hosts': 2,
                            'images_type': 'qcow2'}],
        'images': [{**image, 'name': 'hot', 'boots_per_week': {'main': 50}},
                   {**image, 'name': 'old', 'last_boot': '400 days'}]}


class AdviseTest(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(glance.GlanceApi(autostart=False))
        self.command = openstack.OpenStack(self.api, 'admin', 'demo', 'admin')

    def doctor(self) -> set[tuple[str, str]]:
        answer = self.command.spawn(
            'image', 'lifecycle', 'doctor', '-f', 'json', '--config-dir',
            str(self.api.etc))
        return {(one['code'], one['evidence'])
                for one in answer.json['findings']}

    def test_carried_out(self) -> None:
        before = self.doctor()
        here = self.api.base
        (here / 'cloud.json').write_text(json.dumps(cloud()))
        answer = self.command.spawn(
            'image', 'lifecycle', 'advise', '--cloud',
            str(here / 'cloud.json'), '-f', 'json', '--write-config',
            str(here), '--write-policy', str(here / 'advised.yaml'))
        self.assertEqual(0, answer.code, answer.stderr)
        # HiGHS says nothing where JSON is.
        self.assertIsNone(answer.json['placement']['dearer'])
        self.api.configure(**self.sections(here / 'glance-api.conf'))
        self.assertEqual(set(), self.doctor() - before)
        self.api.start()
        admin = self.api.admin()
        image = admin.create_image(name='old', disk_format='raw')
        admin.upload(image['id'], b'x')
        self.assertEqual('s2', admin.get(image['id'])['stores'])
        explained = self.command.spawn(
            'image', 'lifecycle', 'policy', 'explain', image['id'],
            '--policy', str(here / 'advised.yaml'), '-f', 'json')
        self.assertIn('s3', ' '.join(
            one['Detail'] for one in explained.json
            if one['Rule'].startswith('advised-')), explained.stdout)

    def test_default_store(self) -> None:
        """What is written is well; all that names no store goes there then,
        and on the way back to the old one.
        """
        before = self.doctor()
        here = self.api.base
        path = here / 'cloud.json'
        there = cloud()
        for image in there['images']:
            # Large enough for the speed of a store to count.
            image['size'] = 1024 * MIB
        for old, new in (('s1', 's2'), ('s2', 's1')):
            there['glance']['default_store'] = old
            path.write_text(json.dumps(there))
            answer = self.command.spawn(
                'image', 'lifecycle', 'migrate', 'default-store', '--to', new,
                '--cloud', str(path), '-f', 'json', '--yes',
                '--write-config', str(here))
            self.assertEqual(0, answer.code, answer.stderr)
            self.assertEqual('faster' if new == 's2' else 'slower',
                             answer.json['consumers'][0]['change'])
            self.api.stop()
            self.api.configure(**self.sections(here / 'glance-api.conf'))
            self.assertEqual(set(), self.doctor() - before)
            self.api.start()
            admin = self.api.admin()
            self.assertEqual([new], [one['id'] for one in admin.stores()
                                     if one.get('default')])
            uploaded = admin.create_image(disk_format='raw')
            admin.upload(uploaded['id'], b'x')
            self.assertEqual(new, admin.get(uploaded['id'])['stores'])
            imported = admin.create_image(disk_format='raw')
            admin.stage(imported['id'], b'x')
            admin.import_image(imported['id'])
            admin.wait_import(imported['id'])
            self.assertEqual(new, admin.get(imported['id'])['stores'])

    def sections(self, path: pathlib.Path) -> dict[str, dict[str, str]]:
        parser = configparser.ConfigParser(default_section='none')
        parser.read(path)
        return {name: dict(parser[name]) for name in parser.sections()}
