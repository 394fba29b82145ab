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

"""What is proposed for a value that an option cannot have."""

import unittest

from glance_lifecycle.audit.doctor import kinds
from glance_lifecycle.audit.doctor import meant

_STR: kinds.Spec = ['str', {}]


class ValueTest(unittest.TestCase):

    def test_proposed(self) -> None:
        for kind, wrong, right in (
                (['list', _STR, True], 'a, b', '[a, b]'),
                (['list', _STR, True], '{a,b}', '[a,b]'),
                (['list', ['str', {'choices': ['web-download', 'x']}], True],
                 '[web_download,x]', '[web-download, x]'),
                (['dict', _STR, False], 'a=rbd; b=file', 'a:rbd,b:file'),
                (['bool'], 'ture', 'True'),
                (['bool'], 'Enabled', 'True'),
                (['str', {'choices': ['raw', 'qcow2']}], 'RAW', 'raw'),
                (['str', {'choices': ['raw', 'qcow2']}], '\u201craw\u201d',
                 'raw'),
                (['str', {'choices': ['3']}], '2.0', '3'),
                (['int', 1, None], '100 GiB', str(100 << 30))):
            with self.subTest(wrong=wrong):
                self.assertEqual(right, meant.value('image_size_cap', kind,
                                                    wrong))

    def test_nobody_can_know(self) -> None:
        for name, kind, wrong in (
                ('image_size_cap', ['int', None, None], 'much'),
                # Its unit may be another.
                ('rbd_store_chunk_size', ['int', None, None], '8M'),
                ('x', ['bool'], 'perhaps'),
                ('x', ['str', {'choices': ['raw', 'qcow2']}], 'iso'),
                ('x', ['list', _STR, True], '$other'),
                ('x', ['list', _STR, True], 'a' * 1000),
                ('x', ['any'], 'x')):
            with self.subTest(wrong=wrong):
                found = meant.value(name, kind, wrong)
                self.assertIsNone(found)
