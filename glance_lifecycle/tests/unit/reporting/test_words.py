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

"""Values as people read them."""

import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

Unit = model.Unit


class WordsTest(unittest.TestCase):

    def test_values(self) -> None:
        for value, unit, said in (
                (None, Unit.BYTES, 'not known'), (0, Unit.COUNT, '0'),
                (1234567, Unit.COUNT, '1,234,567'), (2.5, Unit.COUNT, '2.5'),
                (0, Unit.BYTES, '0 B'), (999, Unit.BYTES, '999 B'),
                (1000, Unit.BYTES, '0.98 KiB'),
                (10 * 1024 ** 3, Unit.BYTES, '10.0 GiB'),
                (1536 * 1024 ** 5, Unit.BYTES, '1.50 EiB'),
                (1234.5, Unit.MONEY, '1,234.50 EUR'),
                (6.44, Unit.SECONDS, '6.4 s'), ('x', Unit.TEXT, 'x')):
            self.assertEqual(said, words.value(value, unit, 'EUR'))
        self.assertEqual('2.00', words.value(2, Unit.MONEY))

    def test_percent(self) -> None:
        """Neither none nor all is said of some."""
        for value, said in ((0, '0 %'), (100, '100 %'), (99.999, '99.9 %'),
                            (.001, '0.1 %'), (50, '50 %'), (33.333, '33.3 %')):
            self.assertEqual(said, words.percent(value))

    def test_counted(self) -> None:
        self.assertEqual('1 image', words.counted(1, 'image'))
        self.assertEqual('2,000 copies', words.counted(2000, 'copy',
                                                       'copies'))

    def test_long(self) -> None:
        self.assertEqual(403, len(words.text('x ' * 400)))
        self.assertEqual('a ' + 'W' * 59 + '… b',
                         words.short('a ' + 'W' * 255 + ' b'))

    @hypothesis.given(strategies.text())
    def test_seen(self, name: str) -> None:
        self.assertTrue(words.short(name).isprintable())
