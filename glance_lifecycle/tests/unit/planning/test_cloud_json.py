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


"""What is looked at quickly is right; what is doubtful is looked at again."""

import copy
import json
from typing import Any
import unittest
from unittest import mock

import hypothesis
from hypothesis import strategies
import yaml

from glance_lifecycle.planning import cloud_file
from glance_lifecycle.planning import cloud_json
from glance_lifecycle.tests.unit.planning import paper

NAMES = ('ceph', 'edge', 'hidden', 'local')
ODD = strategies.sampled_from([
    None, True, 0, -1, 1, 2.5, float('inf'), 2 ** 63, '', 'raw', 'qcow2',
    '10 GiB', '10 GB', 'a\x1b', '5 days', 'ceph', [], ['ceph'], ['far'],
    ['ceph', 'ceph'], [['ceph']], {}, {'main': 1}, {'main': -1},
    {'value': 1, 'from': 'given'}, {'value': 1, 'from': 'heard'},
    {'value': '1 GiB', 'from': 'read'}, {'store': 'ceph'}])
KEYS = strategies.sampled_from([
    'name', 'disk_format', 'compressed', 'size', 'virtual_size', 'data_size',
    'compression', 'copies', 'boots_per_week', 'volumes_per_week', 'project',
    'class', 'golden', 'last_boot', 'copies_at_least', 'glance_name',
    'strange'])


def of(name: str) -> dict[str, Any]:
    found = yaml.safe_load(paper.text(name))
    assert isinstance(found, dict)
    return found


class CloudJsonTest(unittest.TestCase):

    def test_same(self) -> None:
        """As of YAML; and nothing of it is doubtful."""
        for name in NAMES:
            with mock.patch.object(cloud_file, '_placed') as placed:
                found = cloud_file.load(json.dumps(of(name)).encode())
            placed.assert_not_called()
            self.assertEqual(paper.cloud(name), found)

    @hypothesis.settings(max_examples=150, deadline=None)
    @hypothesis.given(strategies.dictionaries(KEYS, ODD, min_size=1,
                                              max_size=2))
    def test_never_kinder(self, changes: dict[str, object]) -> None:
        """Than the schema and the checks."""
        value = of('ceph')
        images = value['images']
        assert isinstance(images, list)
        images[0] = {**copy.deepcopy(images[0]), **changes}
        doubtful = cloud_json.doubtful(
            images, frozenset(('ceph', 'objects')),
            {'boots_per_week': frozenset(['main']),
             'volumes_per_week': frozenset(['volumes'])})
        problems = list(cloud_file._problems(value))
        if not doubtful:
            self.assertEqual([], problems)

    @mock.patch.object(cloud_file, '_MOST_PLACED', 1000)
    def test_large(self) -> None:
        """Lines are not told; images are, with what is wrong."""
        value = of('ceph')
        images = value['images']
        assert isinstance(images, list)
        value['images'] = [*images, *(
            {**images[0], 'name': 'image-%d' % number}
            for number in range(90))]
        value['images'][-1]['size'] = '1 GB'
        value['images'][-2]['name'] = 'image-3'
        with self.assertRaises(cloud_file.CloudError) as caught:
            cloud_file.load(json.dumps(value).encode())
        self.assertEqual(
            'The cloud on paper cannot be used: images[image-89].size: 1 GB '
            'is not a size such as 10 GiB, or bytes: GB is not a unit of '
            'sizes: write B, KiB, MiB, GiB, TiB, PiB (1 GiB is 1024 MiB).',
            str(caught.exception))
        value['images'][-1]['size'] = '1 GiB'
        with self.assertRaisesRegex(
                cloud_file.CloudError, r'used: images\[image-3\].name: the '
                r'name image-3 is here twice\.'):
            cloud_file.load(json.dumps(value).encode())
        self.assertEqual([], cloud_json.doubtful(
            value['images'][:80], frozenset(('ceph', 'objects')),
            {'boots_per_week': frozenset(['main']),
             'volumes_per_week': frozenset(['volumes'])}))

    def test_half_a_character(self) -> None:
        """Which nobody could write: it is said where; a whole one is taken.
        """
        value = of('ceph')
        image = value['images'][0]
        for name in ('a\ud800', '\udc00\ud800', '\\\udfff'):
            image['name'] = name
            data = json.dumps(value, indent=1)
            line = 1 + data[:data.index('\\ud')].count('\n')
            for text in (data, data + ' ' * 1024 ** 2):
                with self.assertRaisesRegex(
                        cloud_file.CloudError, r'line %d, column \d+: this is '
                        'half a character' % line):
                    cloud_file.load(text.encode())
            with self.assertRaisesRegex(cloud_file.CloudError, 'line'):
                cloud_file.load(yaml.safe_dump(value).encode())
            self.assertTrue(cloud_json.doubtful([image], frozenset(
                ('ceph', 'objects')), {}))
        for name in ('\U0001f600', '\\ud800'):
            image['name'] = name
            self.assertEqual(name, cloud_file.load(
                json.dumps(value).encode()).images[0].name)

    def test_hostile(self) -> None:
        for data, said in (
                (b'{"a": NaN}', 'NaN is not a number'),
                (b'{"a": 1, "a": 2}', 'a key is here twice'),
                (b'{"a": ' + b'[' * 100_000, 'this is not JSON'),
                (b'{"a": [' + b'1,' * 6_000_001, 'too many parts'),
                (b'{"a": "\xff"}', 'this is not JSON'),
                (b'{"a":\n 1 2}', 'line 2, column 4: this is not JSON')):
            with self.assertRaisesRegex(cloud_json.NotRead, said):
                cloud_json.read(data)
        with self.assertRaisesRegex(cloud_file.CloudError, 'more than'):
            cloud_file.load(b'{' + b' ' * cloud_file.MOST)
        for data in (b'{}', b'{"images": 1}', b'{"images": [1]}'):
            with self.assertRaises(cloud_file.CloudError):
                cloud_file.load(data)
