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

from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers


def patched(image: dict[str, object], patch: list[dict[str, object]]
            ) -> dict[str, object]:
    found = dict(image)
    for one in patch:
        name = str(one['path']).removeprefix('/')
        if one['op'] == 'remove':
            del found[name]
        else:
            found[name] = one['value']
    return found


class MarksTest(testtools.TestCase):

    def test_there_and_back(self) -> None:
        image = helpers.image()
        self.assertEqual('', marks.plan_of(image))
        hidden = patched(image, marks.hide('0123456789abcdef', helpers.B))
        self.assertTrue(hidden['os_hidden'])
        self.assertEqual('0123456789abcdef', marks.plan_of(hidden))
        self.assertEqual(helpers.B, hidden[marks.DUPLICATE_OF])
        self.assertEqual(image, patched(hidden, marks.show(hidden)))
        # Somebody has removed a part of it.
        del hidden[marks.DUPLICATE_OF]
        self.assertEqual(image, patched(hidden, marks.show(hidden)))
