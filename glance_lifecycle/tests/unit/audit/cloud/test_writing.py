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

"""The document as text is read as what it was, and within its schema."""

import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit.cloud import images
from glance_lifecycle.audit.cloud import stores
from glance_lifecycle.audit.cloud import writing
from glance_lifecycle.planning import cloud_file

# Whatever a service may answer with.
NUMBERS = strategies.one_of(
    strategies.none(), strategies.integers(-5, 2 ** 70), strategies.text(
        max_size=3))
IMAGES = strategies.lists(strategies.fixed_dictionaries({
    'name': strategies.one_of(strategies.none(), strategies.text(
        max_size=300), strategies.sampled_from(['no', '1.0', '&a', '<<'])),
    'status': strategies.just('active'), 'size': NUMBERS,
    'virtual_size': NUMBERS, 'min_disk': NUMBERS,
    'disk_format': strategies.sampled_from(['raw', 'qcow2', 'iso', None]),
    'stores': strategies.sampled_from(['a', 'b', 'a,b,b', 'c', None]),
    'direct_url': strategies.sampled_from(
        ['rbd://1/2/3/4', 'rbd://1', 'file:///x'])}), max_size=4)


class WritingTest(unittest.TestCase):

    @hypothesis.settings(max_examples=40, deadline=None)
    @hypothesis.given(IMAGES, strategies.text(max_size=100))
    def test_read_again(self, found: list[dict[str, object]], note: str
                        ) -> None:
        told = stores.items([{'id': 'a', 'type': 'rbd'}, {'id': 'b'}],
                            lambda note: None)
        # No document is without an image.
        sound = {'name': 'sound', 'status': 'active', 'size': 1,
                 'disk_format': 'raw', 'stores': 'a'}
        catalogue = images.collect(
            [{**one, 'id': str(number)}
             for number, one in enumerate([*found, sound])],
            {'a': '', 'b': ''}, lambda note: None)
        stores.filled(told, catalogue, lambda note: None)
        made = {'version': 1, 'glance': {'default_store': 'a'},
                'stores': told, 'images': catalogue.items}
        expected = cloud_file.of(made)
        for text in (''.join(writing.as_yaml(made, [note])),
                     ''.join(writing.as_json(made))):
            self.assertEqual(expected, cloud_file.load(text.encode()))

    def test_most(self) -> None:
        """YAML is read with 18 digits: a store of more has as much."""
        most = document.total(10 ** 18, 10 ** 18)
        self.assertIsNone(document.number(most + 1))
        found = {
            'version': 1, 'glance': {'default_store': 'a'},
            'stores': [{'name': 'a', 'kind': 'file', 'cost_per_gib_month': 1,
                        'capacity': document.read(most),
                        'free': document.read(document.number(most) or 0)}],
            'images': [{'name': 'b', 'disk_format': 'raw', 'size': most,
                        'copies': ['a']}]}
        self.assertEqual(cloud_file.of(found), cloud_file.load(
            ''.join(writing.as_yaml(found, [])).encode()))

    def test_shape(self) -> None:
        """What says where it is from is on one line."""
        fact = {'value': 3, 'from': 'read'}
        self.assertEqual(
            '# Mind the gap.\nversion: 1\nstores:\n- name: a\n'
            '  free: {value: 3, from: read}\n'
            '  capacity: {value: 3, from: read}\nimages:\n'
            '- name: b\n  size: {value: 3, from: read}\n', ''.join(
                writing.as_yaml({
                    'version': 1, 'images': [{'name': 'b', 'size': fact}],
                    'stores': [{'name': 'a', 'free': fact,
                                'capacity': fact}]}, ['Mind the gap.'])))
