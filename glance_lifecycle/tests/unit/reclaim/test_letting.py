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

"""Which plans are made, and which are applied, by the words of the policy."""

import unittest

from glance_lifecycle.policy import document
from glance_lifecycle.reclaim import letting
from glance_lifecycle.reclaim import outcome

DAY = 86400.0
Result = outcome.Result

TAKE = '{apply: quarantine}'
ALL = ('{apply: quarantine, after: 14 days, at_most: {objects: 3, percent: '
       '50}, purge: {after: 30 days}, alone: true}')


def shares(**said: str) -> list[letting.Share]:
    """Of stores s1, s2 and s3."""
    text = 'version: 1\n' + ('hygiene: {stores: {%s}}\n' % ', '.join(
        '%s: %s' % one for one in said.items()) if said else '')
    return list(letting.shares(document.load(text.encode()).hygiene,
                               ['s1', 's2', 's3']))


class LettingTest(unittest.TestCase):

    def test_groups(self) -> None:
        """Names of each plan, and whether the worker applies it."""
        for said, expected in (
                ({}, [('s1 s2 s3', False)]),
                ({'s2': '{apply: never}'}, [('s1 s2 s3', False)]),
                ({'s2': '{alone: true}'}, [('s1 s2 s3', False)]),
                ({'s2': TAKE}, [('s2', True), ('s1 s3', False)]),
                ({'s3': ALL, 's1': TAKE},
                 [('s1', True), ('s3', True), ('s2', False)]),
                ({'s1': TAKE, 's2': TAKE, 's3': TAKE},
                 [('s1', True), ('s2', True), ('s3', True)]),
                # There is no such store: others do not suffer for it.
                ({'s9': TAKE}, [('s1 s2 s3', False)])):
            self.assertEqual(expected, [
                (' '.join(one.names), one.applied)
                for one in shares(**said)], said)

    def test_limits(self) -> None:
        for said, expected in (
                ({}, (DAY, 7 * DAY, 1000, 10, [])),
                ({'s2': '{alone: true}'}, (DAY, 7 * DAY, 1000, 10, ['s2'])),
                ({'s2': TAKE}, (7 * DAY, 7 * DAY, 100, 5, [])),
                ({'s2': ALL}, (14 * DAY, 30 * DAY, 3, 50, ['s2']))):
            one = shares(**said)[0]
            self.assertEqual(expected, (
                one.word.after, one.keep, one.word.objects, one.word.percent,
                sorted(one.alone)), said)

    def test_strange(self) -> None:
        self.assertEqual('', letting.against([]))
        self.assertIn('store s1, s2 cannot be listed',
                      letting.against(['s1', 's2']))

    def test_results(self) -> None:
        """Those after which a run goes on, and those that are told."""
        for result, goes_on, told in (
                (Result.QUARANTINED, True, True),
                (Result.PURGED, True, True),
                (Result.KEPT, True, False), (Result.GONE, True, False),
                (Result.BRAKED, True, False), (Result.RESTORED, False, True),
                (Result.LEFT, False, True), (Result.FAILED, False, True)):
            self.assertEqual((goes_on, told), (
                letting.goes_on(result), letting.is_told(result)), result)
