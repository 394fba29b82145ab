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

"""What the user reads."""

import unittest

from glance_lifecycle.plugin import progress

GIB = 1024 ** 3


class ProgressTest(unittest.TestCase):

    def message(self, done: int, stores: dict[str, int],
                phase: str = 'transfer') -> str:
        return progress.Progress().message({
            'phase': phase, 'total': 10 * GIB, 'done': done,
            'stores': stores})

    def test_all_alike(self) -> None:
        self.assertRegex(
            self.message(5 * GIB, {'s1': 5 * GIB, 's2': 5 * GIB}),
            r'^50 % of 10\.0 GiB, \d+ MiB/s, to s1, s2$')

    def test_the_slowest_is_named(self) -> None:
        self.assertIn('(s2 is at 40 %)', self.message(
            4 * GIB, {'s1': 5 * GIB, 's2': 4 * GIB}))

    def test_a_dropped_store(self) -> None:
        text = self.message(4 * GIB, {'s1': 5 * GIB, 's2': -1})
        self.assertTrue(text.endswith('to s1, failed: s2'), text)

    def test_converting(self) -> None:
        self.assertRegex(self.message(0, {}, 'prepare'), '^Converting: ')

    def test_the_staging_directory_is_no_store(self) -> None:
        self.assertNotIn('to', self.message(GIB, {'': GIB}))

    def test_nothing_to_do(self) -> None:
        self.assertIn('100 %', progress.Progress().message(
            {'phase': 'transfer', 'total': 0, 'done': 0,
             'stores': {'s1': 0}}))

    def test_sizes(self) -> None:
        self.assertEqual('1.5 MiB', progress.size(3 * 512 * 1024))
        self.assertEqual('1.0 GiB', progress.size(GIB))
