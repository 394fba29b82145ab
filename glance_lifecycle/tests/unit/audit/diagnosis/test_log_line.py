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

"""Lines as services, syslog and journald write them."""

import datetime

import testtools

from glance_lifecycle.audit.diagnosis import log_line
from glance_lifecycle.tests.unit.audit.diagnosis import cases

OTHER = 'req-99999999-2222-3333-4444-555555555555'
OSLO = ('2026-11-27 15:04:26.123 4321 ERROR glance.api.v2 [%s %s alice demo '
        '- - default default] It failed.' % (OTHER, cases.REQUEST))
TIME = datetime.datetime(2026, 11, 27, 15, 4, 26, 123000)


class ParseTest(testtools.TestCase):

    def parse(self, text: str) -> tuple[object, ...]:
        line = log_line.parse(text.encode(), 'x.log')
        return line.when, line.host, line.service, line.level

    def test_oslo(self) -> None:
        self.assertEqual((TIME, '', 'glance', 'ERROR'), self.parse(OSLO))
        line = log_line.parse(OSLO.encode(), 'x.log', 3, 'api1')
        self.assertEqual(((OTHER, cases.REQUEST), 'api1', 'x.log:3'),
                         (line.request_ids, line.host, line.place))

    def test_journald(self) -> None:
        rest = 'api1 glance-api[77]: ' + OSLO.partition(' 4321 ')[2]
        self.assertEqual(
            (TIME, 'api1', 'glance-api', 'ERROR'),
            self.parse('2026-11-27T17:04:26.123+02:00 ' + rest))
        when, *others = self.parse('Nov 27 15:04:26 ' + rest)
        assert isinstance(when, datetime.datetime)
        self.assertEqual((11, 27, 15), (when.month, when.day, when.hour))
        self.assertEqual(['api1', 'glance-api', 'ERROR'], others)
        # The time that the service wrote is the better one.
        self.assertEqual(
            (TIME, 'api1', 'glance-api', 'ERROR'),
            self.parse('Nov 27 15:04:27 api1 glance-api[77]: ' + OSLO))

    def test_others(self) -> None:
        for text in ('', 'x', '9999-99-99 99:99:99', 'Feb 31 10:00:00 a b: c',
                     '\0' * 100, 'ERROR', '  File "x", line 1'):
            self.assertIsNone(self.parse(text)[0], text)

    def test_hostile(self) -> None:
        line = log_line.parse(
            b'2026-11-27 15:04:26.123 1 INFO a [-] \x1b[2J\x9b\xff\xfe '
            b'password=canary1 http://u:canary2@h/?token=canary3 '
            b'X-Auth-Token: canary4 gAAAAAcanary5canary5canary5canary5 '
            + b'x' * 100000, 'x.log')
        self.assertNotIn('canary', line.text)
        self.assertTrue(line.text.isprintable(), line.text)
        self.assertLess(len(line.text), 5000)


class TracebackTest(testtools.TestCase):

    def test_following(self) -> None:
        key = log_line.traceback_key(OSLO.encode())
        assert key is not None
        for text, expected in (
                (b'2026-11-27 15:04:26.123 4321 ERROR glance.api.v2 '
                 b'Traceback (most recent call last):', True),
                (b'  File "x", line 1, in f', True),
                (b'2026-11-27 15:04:26.123 4322 ERROR glance.api.v2 Trace',
                 False),
                (b'2026-11-27 15:04:26.123 4321 ERROR glance.api.v2 [None '
                 b'req-other] x', False),
                (b'', False)):
            self.assertEqual(expected, log_line.continues(text, key),
                             str(text))
        self.assertIsNone(log_line.traceback_key(
            OSLO.replace('ERROR', 'INFO').encode()))
