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

"""What is given counts more than what was read, key by key and name by name.
"""

import copy
from typing import Any
import unittest

from glance_lifecycle.audit.cloud import merging
from glance_lifecycle import exceptions
from glance_lifecycle.planning import cloud_file

READ: dict[str, Any] = {
    'version': 1,
    'glance': {'default_store': 'ceph', 'show_image_direct_url': False},
    'stores': [{'name': 'ceph', 'kind': 'rbd', 'weight': 3,
                'free': {'value': 5, 'from': 'read'}}],
    'images': [{'name': 'ubuntu', 'disk_format': 'raw',
                'boots_per_week': {'a': {'value': 1, 'from': 'read'},
                                   'b': {'value': 2, 'from': 'read'}}}]}


class MergedTest(unittest.TestCase):

    def merged(self, text: str) -> dict[str, Any]:
        before = copy.deepcopy(READ)
        found = merging.merged(READ, merging.given(text.encode()))
        self.assertEqual(before, READ)
        return found

    def test_nothing(self) -> None:
        self.assertEqual(READ, merging.merged(READ, {}))

    def test_keys(self) -> None:
        """Those that are not given stay."""
        found = self.merged(
            'currency: EUR\n'
            'glance: {show_image_direct_url: true}\n'
            'stores: [{name: ceph, free: 7 GiB, cost_per_gib_month: 0.1}]\n'
            'images: [{name: ubuntu, boots_per_week: {b: 9, c: 1}}]\n')
        self.assertEqual('EUR', found['currency'])
        self.assertEqual({'default_store': 'ceph',
                          'show_image_direct_url': True}, found['glance'])
        self.assertEqual([{
            'name': 'ceph', 'kind': 'rbd', 'weight': 3, 'free': '7 GiB',
            'cost_per_gib_month': 0.1}], found['stores'])
        self.assertEqual({'a': {'value': 1, 'from': 'read'}, 'b': 9, 'c': 1},
                         found['images'][0]['boots_per_week'])

    def test_added(self) -> None:
        """A store that is still to be built, and a group."""
        found = self.merged(
            'stores: [{name: new, kind: s3}]\n'
            'compute_groups: [{name: lab, hosts: 3, images_type: qcow2}]\n')
        self.assertEqual(['ceph', 'new'],
                         [one['name'] for one in found['stores']])
        self.assertEqual('lab', found['compute_groups'][0]['name'])

    def test_lacking(self) -> None:
        """A name that was misspelt is not taken for a new one."""
        for text, words in (
                ('stores: [{name: cehp, free: 1}]', 'must have kind'),
                ('images: [{name: x, disk_format: raw}]',
                 'must have size, copies')):
            with self.assertRaisesRegex(exceptions.ConfigurationError, words):
                self.merged(text)


class GivenTest(unittest.TestCase):

    def test_wrong(self) -> None:
        for text, words in (
                ('stores: [{name: a, price: 3}]', 'price is not known'),
                ('stores: [{free: 3}]', 'name'),
                ('stores: [{name: a}, {name: a}]', 'here twice'),
                ('stores: [{name: a, factor: 0}]', '1 or more'),
                ('stores: {a: 1}', 'a list'),
                ('- a', 'a mapping'), ('a: [', 'not YAML'), ('', 'empty')):
            with self.subTest(text), self.assertRaisesRegex(
                    cloud_file.CloudError, words):
                merging.given(text.encode())
