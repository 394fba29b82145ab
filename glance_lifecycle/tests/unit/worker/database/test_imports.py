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

"""The jobs of imports bear what they are for in their purpose."""

import unittest

from glance_lifecycle.worker.database import imports


class ImportsTest(unittest.TestCase):

    def test_purpose(self) -> None:
        made = imports.purpose('ctl1.example.com', 'task')
        self.assertEqual('import:ctl1.example.com:task', made)
        self.assertTrue(made.startswith(imports.of_host('ctl1.example.com')))
        # Not those of a host whose name begins like it.
        self.assertFalse(made.startswith(imports.of_host('ctl1')))
        self.assertEqual('task', imports.task_id(made))

    def test_is_import(self) -> None:
        for purpose, expected in (
                ('import:host:task', True), ('import:', True),
                ('import', False), ('imports:x', False), ('copy', False)):
            self.assertIs(expected, imports.is_import(purpose), purpose)

    def test_whatever_is_written_there(self) -> None:
        for purpose, expected in (('', ''), ('import:x', 'x'),
                                  ('import:h:../x', '../x'),
                                  ('import:h:', '')):
            self.assertEqual(expected, imports.task_id(purpose))
