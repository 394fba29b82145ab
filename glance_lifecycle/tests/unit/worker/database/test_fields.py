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

"""Names as all databases take them."""

import datetime

import hypothesis
from hypothesis import strategies as st
import testtools

from glance_lifecycle.worker.database import fields


class FieldsTest(testtools.TestCase):

    @hypothesis.given(st.text(st.characters(exclude_categories=())),
                      st.integers(3, 40))
    def test_text(self, value: str, limit: int) -> None:
        found = fields.text(value, limit)
        self.assertLessEqual(len(found), limit)
        self.assertNotIn('\0', found)
        found.encode()
        self.assertEqual(found, fields.text(found, limit))

    def test_key(self) -> None:
        self.assertEqual('drop:ceph', fields.key('drop:ceph'))
        for bad in ('', 'a\0', 'k' * 256, '\ud800'):
            self.assertRaises(ValueError, fields.key, bad)

    def test_dump(self) -> None:
        self.assertEqual('{"a": "\\u0000\\ud800", "b": 1}',
                         fields.dump({'b': 1, 'a': '\0\ud800'}))

    def test_moment(self) -> None:
        now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        self.assertEqual(now, fields.moment(now))
        self.assertEqual(datetime.UTC, fields.moment(None).tzinfo)
