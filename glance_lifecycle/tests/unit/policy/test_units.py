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


"""Sizes and durations."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from glance_lifecycle.policy import units


class UnitsTest(unittest.TestCase):

    def test_size(self) -> None:
        for text, expected in (
                ('0 B', 0), ('1 KiB', 1024), ('10GiB', 10 * 2 ** 30),
                ('1.5 TiB', 3 * 2 ** 39), ('8191 PiB', 8191 * 2 ** 50)):
            self.assertEqual(expected, units.size(text), text)

    def test_duration(self) -> None:
        for text, expected in (
                ('1 second', 1), ('90 minutes', 5400), ('30 days', 2592000),
                ('1.5 hours', 5400), ('1 year', 31536000)):
            self.assertEqual(expected, units.duration(text), text)

    def test_wrong(self) -> None:
        for parse, text, said in (
                (units.size, '10', 'with its unit'),
                (units.size, '-1 GiB', 'such as 10 GiB'),
                (units.size, '10 GB', 'write B, KiB'),
                (units.size, '10 days', 'not a unit of sizes'),
                (units.size, '9999 PiB', 'too much'),
                (units.size, '9' * 10000, 'such as 10 GiB'),
                (units.size, '\u0661\u0662 GiB', 'such as 10 GiB'),
                (units.duration, '3 months', 'write seconds'),
                (units.duration, '1 GiB', 'not a unit of time'),
                (units.duration, '1001 years', 'too much')):
            with self.assertRaisesRegex(ValueError, said):
                parse(text)

    @given(st.integers(0, 2 ** 62))
    def test_size_text(self, value: int) -> None:
        shown = units.size(units.size_text(value))
        self.assertLessEqual(abs(shown - value), value * 0.01)

    @given(st.integers(0, 10 ** 9))
    def test_duration_text(self, value: int) -> None:
        self.assertEqual(value, units.duration(units.duration_text(value)))

    def test_about_text(self) -> None:
        for value, text in (
                (-5, '0 seconds'), (0.9, '0 seconds'), (1.9, '1 second'),
                (2, '2 seconds'), (119, '119 seconds'), (120, '2 minutes'),
                (7199, '119 minutes'), (7200, '2 hours'),
                (3 * 86400, '3 days'), (13 * 86400, '13 days'),
                (15 * 86400, '2 weeks'), (10 ** 9, '31 years')):
            self.assertEqual(text, units.about_text(value))
