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

"""What an image is stored as, and what it can be."""

import unittest

from glance_lifecycle.planning import formats
from glance_lifecycle.planning.formats import Format
from glance_lifecycle.tests.unit.planning import paper


class FormatsTest(unittest.TestCase):

    def test_of(self) -> None:
        for disk_format, compressed, kind in (
                ('qcow2', True, Format.COMPRESSED),
                ('qcow2', False, Format.QCOW2), ('raw', False, Format.RAW),
                ('iso', False, Format.AS_IS), ('vmdk', False, Format.AS_IS)):
            self.assertIs(kind, formats.of(disk_format, compressed))

    def test_image(self) -> None:
        """An image knows its own, and so does what is made of it."""
        image = paper.cloud('ceph').images[0]
        self.assertIs(Format.COMPRESSED, image.kind)
        self.assertIs(Format.RAW, paper.changed(
            image, disk_format='raw').kind)

    def test_choices(self) -> None:
        for disk_format in ('raw', 'qcow2'):
            self.assertEqual(formats.CHOICES, formats.choices(disk_format))
        self.assertEqual((Format.AS_IS,), formats.choices('iso'))
        self.assertEqual((*formats.CHOICES, Format.AS_IS),
                         formats.choices('vmdk'))
