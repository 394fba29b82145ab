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

from glance_lifecycle import exceptions
from glance_lifecycle.worker import health

import testtools


class HealthTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.health = health.Health()

    def test_no_checks(self) -> None:
        self.assertEqual(([], []), (self.health.not_ready(),
                                    self.health.not_alive()))

    def test_vital(self) -> None:
        said = {'turn': '', 'database': ''}
        self.health.add('turn', lambda: said['turn'], vital=True)
        self.health.add('database', lambda: said['database'])
        self.assertEqual([], self.health.not_ready())
        said['database'] = 'It is away.'
        self.assertEqual((['database: It is away.'], []), (
            self.health.not_ready(), self.health.not_alive()))
        said['turn'] = 'It hangs.'
        self.assertEqual(
            (['turn: It hangs.', 'database: It is away.'],
             ['turn: It hangs.']),
            (self.health.not_ready(), self.health.not_alive()))

    def test_same_name(self) -> None:
        self.health.add('a', lambda: 'Before.')
        self.health.add('a', lambda: 'After.')
        self.assertEqual(['a: After.'], self.health.not_ready())

    def test_one_line_each(self) -> None:
        self.health.add('a', lambda: 'One\nok\r\n two.')
        self.assertEqual(['a: One ok two.'], self.health.not_ready())

    def test_check_raises(self) -> None:
        """Others are asked, and nobody is told what may be a secret."""
        def fails() -> str:
            raise exceptions.ConfigurationError(detail='PASSWORD')
        self.health.add('a', fails)
        self.health.add('b', lambda: 'Not well.')
        self.assertEqual(
            ['a: ConfigurationError; see the log of the worker.',
             'b: Not well.'], self.health.not_ready())
