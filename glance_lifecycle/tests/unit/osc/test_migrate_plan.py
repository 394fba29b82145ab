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

"""What ``migrate plan`` shows where nobody tells who needs the images."""

import io
import types
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle.dependents import base
from glance_lifecycle.osc import migrate_plan


class DependentsTest(unittest.TestCase):

    def test_not_asked(self) -> None:
        said = io.StringIO()
        command = migrate_plan.PlanMigration(
            mock.Mock(stderr=said), None)
        cloud: Any = mock.Mock()
        cloud.in_use.side_effect = base.NotAsked(detail='Nova says no.')
        self.assertIsNone(command._dependents(cloud))
        self.assertIn('Nova says no.', said.getvalue())
        cloud.in_use.side_effect = [['one', 'one']]
        self.assertEqual({'one': 2}, command._dependents(cloud))

    def test_rows(self) -> None:
        """No number is not the number 0."""
        image = types.SimpleNamespace(
            id='one', name='', size=1, there=False, golden=False,
            dependents=0)
        plan: Any = types.SimpleNamespace(
            waves=[types.SimpleNamespace(images=[image])], left=[])
        for known, shown in ((True, 0), (False, None)):
            row, = migrate_plan._rows(plan, known)
            self.assertEqual(shown, row[6])
