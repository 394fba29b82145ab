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

"""Services encode names each in its own way."""

import unittest

from glance_lifecycle.transfer.backends.s3 import encoded


class EncodedTest(unittest.TestCase):

    def test_names(self) -> None:
        for kind, text, name in (
                ('url', 'a%20b%2Bc', 'a b+c'), ('url', 'a+b', 'a b'),
                (None, 'a%20+b', 'a%20+b')):
            self.assertEqual(name, encoded.name({'EncodingType': kind}, text))

    def test_markers(self) -> None:
        for kind, text, last, marker in (
                ('url', 'a%20b', 'a b', 'a b'),
                # Of a radosgw, which encodes names only.
                ('url', 'a%20b', 'a%20b', 'a%20b'),
                ('url', 'b%20c', 'a', 'b c'), (None, 'a%20b', 'a', 'a%20b'),
                ('url', None, 'a', '')):
            self.assertEqual(marker, encoded.marker(
                {'EncodingType': kind, 'NextKeyMarker': text}, last))
