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

"""What is wrong for one image may be all that another one has."""

from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import test_repair


class NeededTest(test_repair.InterruptedCase):

    def setUp(self) -> None:
        super().setUp()
        self.repaired(self.image_id)
        self.corrupt(self.path(self.image_id, 's2'))
        self.other = str(self.admin.create_image()['id'])

    def rescue(self) -> None:
        """What is wrong for this one is registered as another image."""
        self.register(self.other, 's2', self.path(self.image_id, 's2'))

    def assert_left(self, said: str) -> None:
        self.assertIn(f'It is not replaced: image {self.other} has a '
                      'location that leads there, or may.', said)

    def test_registered_before(self) -> None:
        self.rescue()
        before = self.seen(self.image_id)
        found = self.repaired(self.image_id, code=1)
        self.assertEqual(('wrong', 'leave', 'left'),
                         self.brief(found)['s2'])
        self.assert_left(found['s2']['Detail'])
        self.assertEqual(before, self.seen(self.image_id))
        self.api.sql('update image_locations set deleted = 1 '
                     f"where image_id = '{self.other}'")
        self.repaired(self.image_id)
        self.assert_whole(self.image_id, 's1', 's2', 's3')

    def test_registered_while_all_is_read(self) -> None:
        before = self.seen(self.image_id)[2]
        command = self.begin_repair()
        with transfer.frozen(transfer.find_below(command.pid)):
            self.rescue()
        answer = self.operator().end(command)
        self.assertEqual(1, answer.code, str(answer))
        self.assert_left(answer.stdout)
        self.assertEqual(before, self.seen(self.image_id)[2])
