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

import testtools

from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.tests.unit.audit.duplicates import helpers

Location = helpers.Location


class MembersTest(testtools.TestCase):

    def test_stores(self) -> None:
        image = helpers.Image('a', locations=(
            Location('s2'), Location('s1'), Location('s1')))
        found = members.of(image)
        assert found is not None  # noqa: S101 - for mypy
        self.assertEqual(('s1', 's1', 's2'), found.stores)
        self.assertEqual(300, found.held)
        found = members.of(image, ['s2'])
        assert found is not None  # noqa: S101 - for mypy
        self.assertEqual(100, found.held)
        self.assertIsNone(members.of(image, ['s3']))
        self.assertIsNone(members.of(helpers.Image('a', locations=())))

    def test_content(self) -> None:
        """Without a hash, or of another size, nothing is the same."""
        one = members.content(helpers.Image('a'))
        self.assertEqual(one, members.content(helpers.Image('b')))
        others = {members.content(image) for image in (
            helpers.Image('b', size=99), helpers.Image('b', 'cd'),
            helpers.Image('b', algorithm='sha256'), helpers.unhashed('a'),
            helpers.unhashed('b'))}
        self.assertEqual(5, len(others - {one}))

    def test_packed(self) -> None:
        """Whatever a stranger writes, it is one line, without tabulators."""
        found = helpers.member('a', name='a\n\tb\u2028\udcff', created=1.5)
        line = members.pack(found)
        self.assertNotIn(b'\n', line)
        self.assertNotIn(b'\t', line)
        self.assertEqual(found, members.unpack(line))
