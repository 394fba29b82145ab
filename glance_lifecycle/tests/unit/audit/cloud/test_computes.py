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

"""Computes that are configured alike are one group, with what they boot."""

from typing import Any
import unittest

from glance_lifecycle.audit.cloud import computes

RBD = {'images_type': 'rbd', 'fsid': 'x'}
LOCAL = {'images_type': 'qcow2'}
ASKED = computes.Asked(
    ['c1', 'c2', 'c3', 'c4'], {'c1': ['fast', 'az'], 'c2': ['az', 'fast']},
    frozenset(('c1', 'c4.example.org')))


class GroupsTest(unittest.TestCase):

    def setUp(self) -> None:
        self.notes: list[str] = []

    def groups(self, confs: dict[str, Any],
               asked: computes.Asked = ASKED) -> dict[str, Any]:
        """Name -> its images_type and hosts."""
        found, self.hosts = computes.groups(asked, confs, self.notes.append)
        return {one['name']: (one['images_type'], one['hosts']['value'])
                for one in found}

    def test_guessed(self) -> None:
        """Who takes only raw images has the disks in Ceph."""
        self.assertEqual({
            'az+fast (rbd)': ('rbd', 1), 'az+fast (qcow2)': ('qcow2', 1),
            'computes (qcow2)': ('qcow2', 1), 'computes (rbd)': ('rbd', 1)},
            self.groups({}))
        self.assertIn('Of 4 computes there is no nova.conf', self.notes[0])
        self.assertEqual('az+fast (rbd)', self.hosts['c1'])

    def test_one_file(self) -> None:
        """It is that of all, whatever its name."""
        self.assertEqual({'az+fast': ('rbd', 2), 'computes': ('rbd', 2)},
                         self.groups({'nova.conf': RBD}))
        self.assertEqual([], self.notes)

    def test_files(self) -> None:
        """Two hosts of one aggregate that differ are two groups."""
        self.assertEqual({
            'az+fast (rbd)': ('rbd', 1), 'az+fast (rbd) 2': ('rbd', 1),
            'computes (qcow2)': ('qcow2', 1), 'computes (rbd)': ('rbd', 1)},
            self.groups({'c1': RBD, 'c2': {**RBD, 'fsid': 'y'}, 'c3': LOCAL,
                         'stray': LOCAL}))
        self.assertEqual(2, len(self.notes))
        self.assertIn('not used: stray', self.notes[1])

    def test_many(self) -> None:
        self.assertEqual(5000, len(self.groups({}, computes.Asked(
            [str(one) for one in range(5001)],
            {str(one): [str(one)] for one in range(5001)}))))
        self.assertIn('more than 5000 groups', self.notes[1])


class CountedTest(unittest.TestCase):

    def test_counted(self) -> None:
        """Where nobody says, for the largest group; not of what is gone."""
        notes: list[str] = []
        items = [{'name': 'a', 'hosts': {'value': 1, 'from': 'read'}},
                 {'name': 'b', 'hosts': {'value': 9, 'from': 'read'}}]
        found = computes.counted(
            {('i', 'c1'): 3, ('i', 'c2'): 4, ('i', ''): 5, ('gone', 'c1'): 2},
            {'c1': 'a', 'c2': 'b'}, items, {'i': 'image'}, notes.append)
        self.assertEqual({'image': {'a': 3, 'b': 9}}, found)
        self.assertEqual(2, len(notes))
        images = [{'name': 'image'}, {'name': 'other'}]
        computes.weekly(images, 'boots_per_week', found, 4)
        self.assertEqual([
            {'name': 'image', 'boots_per_week': {
                'a': {'value': 0.75, 'from': 'read'},
                'b': {'value': 2.25, 'from': 'read'}}}, {'name': 'other'}],
            images)
