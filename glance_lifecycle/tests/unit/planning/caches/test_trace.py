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

"""Boots that are made, and those of a file."""

import collections
import unittest

from glance_lifecycle.planning.caches import trace
from glance_lifecycle.tests.unit.planning import paper

USES = {'group': {'a': 300.0, 'b': 30.0}, 'volumes': {'a': 10.0}}
HOSTS = {'group': 10, 'volumes': 1}


class GeneratedTest(unittest.TestCase):

    def test_as_many(self) -> None:
        found = trace.generated(USES, HOSTS, 1)
        self.assertEqual((4 * trace.WEEK, 1.0), (found.seconds, found.share))
        self.assertEqual(sorted(found.boots), list(found.boots))
        self.assertTrue(all(0 <= one.time <= found.seconds
                            for one in found.boots))
        numbers = collections.Counter(
            (one.consumer, one.image) for one in found.boots)
        for (consumer, image), number in numbers.items():
            mean = 4 * USES[consumer][image]
            self.assertLess(abs(number - mean), 5 * mean ** 0.5)
        self.assertEqual(10, len({one.host for one in found.boots
                                  if one.consumer == 'group'}))

    def test_seed(self) -> None:
        self.assertEqual(trace.generated(USES, HOSTS, 1),
                         trace.generated(USES, HOSTS, 1))
        self.assertNotEqual(trace.generated(USES, HOSTS, 1),
                            trace.generated(USES, HOSTS, 2))

    def test_too_many(self) -> None:
        """Hosts are left out, and then time; each has as many as before."""
        found = trace.generated(USES, HOSTS, 1, 680)
        self.assertEqual(5, len({one.host for one in found.boots
                                 if one.consumer == 'group'}))
        self.assertLess(len(found.boots), 800)
        self.assertLess(abs(found.share - 0.5), 0.1)
        found = trace.generated({'one': {'a': 1000.0}}, {'one': 1}, 1, 400)
        self.assertEqual(0.4 * trace.WEEK, found.seconds)
        self.assertEqual(1, found.share)

    def test_none(self) -> None:
        self.assertEqual((), trace.generated({}, {}, 1).boots)


class ReadTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.cloud = paper.cloud('local')

    def read(self, *lines: str) -> trace.Trace:
        return trace.read('\n'.join(
            ('time,consumer,host,image', *lines)).encode(), self.cloud)

    def test_read(self) -> None:
        """By time, from its first boot on; an hour in two ways."""
        found = self.read('2026-11-28T11:00:00,local,h1,debian',
                          '1795860000,local,h2,debian')
        self.assertEqual(
            (trace.Boot(0, 'local', 'local/h2', 'debian'),
             trace.Boot(3600, 'local', 'local/h1', 'debian')), found.boots)
        self.assertEqual((3600, 1, True), (
            found.seconds, found.share, found.given))

    def test_refused(self) -> None:
        for lines, message in (
                (['1,local,h'], 'line 2 has not 4 columns'),
                (['1,local,h,debian', '1,x,h,debian'],
                 'line 3: the cloud has no consumer x'),
                (['1,local,h,\x1b[2J'], r'the cloud has no image \\x1b'),
                (['nan,local,h,debian'], 'line 2: nan is neither'),
                (['now,local,h,debian'], 'line 2: now is neither'),
                (['1,local,"h,debian'], 'it is no CSV'),
                ([], 'it has no boot')):
            with self.assertRaisesRegex(trace.TraceError, message):
                self.read(*lines)
        for data, message in ((b'', 'line 1 must be "time,'),
                              (b'\xff', 'it is no CSV in UTF-8')):
            with self.assertRaisesRegex(trace.TraceError, message):
                trace.read(data, self.cloud)
