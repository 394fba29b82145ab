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

"""Maintenance windows, by the clock of UTC."""

import datetime
import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.planning import windows

_TIMES = st.times().map(lambda one: one.strftime('%H:%M'))
_WINDOWS = st.lists(st.tuples(_TIMES, _TIMES).map('-'.join), min_size=1,
                    max_size=3)
_NOW = st.datetimes(datetime.datetime(2026, 1, 1),
                    datetime.datetime(2027, 1, 1),
                    timezones=st.just(datetime.UTC))


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat('2026-03-%sZ' % text)


class WindowsTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.night = windows.parse(['22:00-06:00'])

    def test_parse(self) -> None:
        for text in ('', '22-6', '24:00-06:00', '22:00-06:60',
                     '22:00-06:00 '):
            with self.assertRaises(ValueError):
                windows.parse([text])
        with self.assertRaises(ValueError):
            windows.parse(['22:00-06:00'] * (windows.MOST + 1))
        whole, = windows.parse(['08:00-08:00'])
        self.assertEqual(datetime.timedelta(days=1), whole.length)

    def test_closes(self) -> None:
        for now, closes in (('10T21:59', None), ('10T22:00', '11T06:00'),
                            ('11T05:59', '11T06:00'), ('11T06:00', None)):
            self.assertEqual(closes and at(closes),
                             windows.closes(self.night, at(now)))

    def test_opens(self) -> None:
        self.assertEqual(at('10T22:00'), windows.opens(self.night,
                                                       at('10T06:00')))
        self.assertEqual(at('10T23:00'), windows.opens(self.night,
                                                       at('10T23:00')))

    def test_done(self) -> None:
        """What does not fit goes on in the next."""
        self.assertEqual(at('12T23:00'), windows.done(
            self.night, at('10T12:00'), 17 * 3600))
        self.assertEqual(at('10T13:00'), windows.done(
            (), at('10T12:00'), 3600))

    def test_longest(self) -> None:
        self.assertEqual(8 * 3600, windows.longest(self.night))
        self.assertEqual(float('inf'), windows.longest(()))

    @hypothesis.given(_WINDOWS, _NOW, st.floats(0, 10 ** 5))
    def test_any(self, texts: list[str], now: datetime.datetime,
                 seconds: float) -> None:
        found = windows.parse(texts)
        opens = windows.opens(found, now)
        self.assertGreaterEqual(opens, now)
        self.assertIsNotNone(windows.closes(found, opens))
        self.assertEqual(opens, windows.opens(found, opens))
        self.assertGreaterEqual(
            windows.done(found, now, seconds) - opens,
            datetime.timedelta(seconds=seconds))
