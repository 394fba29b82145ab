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

"""Images that have their data, or lose them."""

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import stored
from glance_lifecycle.tests.unit.audit.diagnosis import cases


class CopiesTest(cases.CauseTestCase):

    def test_failed(self) -> None:
        for status in ('active', 'deactivated'):
            said = self.one(stored.copies_failed, cases.known(
                status, failed=('s2', 's3', 's1'), stores=('s1',)),
                'copies-failed')
            self.assertIn('--store s2 --store s3 ' + cases.IMAGE,
                          said.command)
            self.assertEqual(cause.CERTAIN, said.confidence)

    def test_not_failed(self) -> None:
        self.none(
            stored.copies_failed, cases.known('active'),
            cases.known('queued', failed=('s2',)),
            # It was copied since, or is now.
            cases.known('active', failed=('s2',), stores=('s1', 's2')),
            cases.known('active', failed=('s2',), lock='t1',
                        tasks=[cases.task()]))

    def test_unfinished(self) -> None:
        self.one(stored.copies_unfinished, cases.known(
            'active', importing=('s2',), tasks=[cases.task('failure')]),
            'copies-unfinished')
        self.none(
            stored.copies_unfinished, cases.known('active'),
            cases.known('active', importing=('s2',), tasks=None),
            cases.known('active', importing=('s2',), tasks=[cases.task()]),
            cases.known('importing', importing=('s2',)))


class StoreGoneTest(cases.CauseTestCase):

    def test_it(self) -> None:
        said = self.one(stored.store_gone, cases.cloud(
            ('s1', 's3'), stores=('s2',)), 'store-gone')
        self.assertEqual(cause.ERROR, said.severity)
        said = self.one(stored.store_gone, cases.cloud(
            ('s1', 's3'), stores=('s1', 's2')))
        self.assertEqual(cause.WARNING, said.severity)
        self.none(stored.store_gone, cases.cloud(('s1',), stores=('s1',)),
                  cases.cloud(None, stores=('s1',)),
                  cases.cloud(('s1',), stores=()))


class StatusTest(cases.CauseTestCase):

    def test_by_status(self) -> None:
        rules = {'deactivated': stored.deactivated,
                 'pending_delete': stored.pending_delete,
                 'killed': stored.killed}
        for status, rule in rules.items():
            said = self.one(rule, cases.known(status))
            self.assertEqual(cause.CERTAIN, said.confidence)
            self.none(rule, cases.known('active'), cases.known('queued'))

    def test_well(self) -> None:
        self.assertEqual(cause.INFO, self.one(
            stored.well, cases.known('active'), 'well').severity)
        self.none(stored.well, cases.known('queued'),
                  cases.known('active', lock='t1'),
                  cases.known('active', failed=('s1',)),
                  cases.known('active', importing=('s1',)))
