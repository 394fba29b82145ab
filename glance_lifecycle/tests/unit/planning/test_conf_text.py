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


"""The configuration that is written says what is advised, and why."""

import configparser
import unittest

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import conf_text
from glance_lifecycle.planning import layout
from glance_lifecycle.tests.unit.planning import paper
from glance_lifecycle.tests.unit.planning import small_clouds


class ConfTextTest(unittest.TestCase):

    def files(self, cloud: clouds.Cloud
              ) -> dict[str, configparser.ConfigParser]:
        found = {}
        for name, text in conf_text.files(cloud, layout.plan(cloud)).items():
            parser = configparser.ConfigParser(default_section='none')
            parser.read_string(text)
            found[name] = parser
            # Each key stands below its reason.
            lines = text.split('\n')
            for number, line in enumerate(lines):
                if ' = ' in line and not line.startswith('#'):
                    self.assertTrue(lines[number - 1].startswith('#')
                                    or ' = ' in lines[number - 1], line)
        return found

    def test_example(self) -> None:
        found = self.files(small_clouds.paper_with_room())
        self.assertEqual({'glance-api.conf', 'nova-main.conf',
                          'nova-lab.conf', 'cinder.conf'}, set(found))
        self.assertEqual('ceph', found['glance-api.conf']['glance_store'][
            'default_backend'])
        self.assertEqual('True', found['glance-api.conf']['DEFAULT'][
            'show_image_direct_url'])
        self.assertEqual('rbd', found['nova-main.conf']['libvirt'][
            'images_type'])
        self.assertIn('image_cache', found['nova-lab.conf'])
        self.assertNotIn('image_cache', found['nova-main.conf'])
        self.assertEqual('True', found['cinder.conf']['service_user'][
            'send_service_user_token'])

    def test_edge(self) -> None:
        """Several clusters: all locations are shown, and one weighs most."""
        found = self.files(paper.cloud('edge'))['glance-api.conf']
        self.assertEqual('True', found['DEFAULT']['show_multiple_locations'])

    def test_names(self) -> None:
        """Each group has a file of its own, whatever others are called."""
        cloud = paper.cloud('edge', ('name: main', 'name: "1"'), (
            'name: edge', 'name: "a b"'), ('name: far', 'name: "../2"'), (
            'boots_per_week: {main: 400, edge: 20, far: 4}',
            'boots_per_week: {"1": 400}'))
        found = conf_text.files(cloud, layout.plan(cloud))
        self.assertEqual(['nova-1.conf', 'nova-2.conf', 'nova-3.conf'],
                         [name for name in found if 'nova' in name])
        for name, group in (('nova-1.conf', '1'), ('nova-2.conf', 'a b'),
                            ('nova-3.conf', '../2')):
            self.assertIn('computes of %s.' % group, found[name])

    def test_others(self) -> None:
        for name in ('ceph', 'hidden', 'local'):
            self.assertIn('glance-api.conf', self.files(paper.cloud(name)))

    def test_default_store(self) -> None:
        """One key, with its reason."""
        old, new = paper.cloud('edge').stores
        parser = configparser.ConfigParser(default_section='none')
        parser.read_string(conf_text.default_store(old, new))
        self.assertEqual({'glance_store': {'default_backend': 'near'}}, {
            name: dict(parser[name]) for name in parser.sections()})
