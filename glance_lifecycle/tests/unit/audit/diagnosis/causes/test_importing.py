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

"""Imports that run, and that do not."""

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import importing
from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.tests.unit.audit.diagnosis import cases

OURS = '42 % of 10.0 GiB, 510 MiB/s, to s1, s2'
WAITING = 'Waiting for a lifecycle worker: none is free.'


def journal(alive: bool, **fields: object) -> facts.Here:
    return cases.here(transfers=(
        facts.Transfer('t1', alive, **fields),))  # type: ignore[arg-type]


class RunningTest(cases.CauseTestCase):

    def test_journal(self) -> None:
        for message in ('', OURS, 'x'):
            said = self.one(importing.running, cases.known(
                'importing', lock='t1', here=journal(True),
                tasks=[cases.task(message=message, age=9000)]), 'import-runs')
            self.assertEqual((cause.CERTAIN, cause.YES, 'api1', ''), (
                said.confidence, said.waiting, said.where, said.command))

    def test_tasks_unknown(self) -> None:
        """Who may not see the tasks sees the host all the same."""
        said = self.one(importing.running, cases.known(
            'importing', lock='t1', here=journal(True), tasks=None),
            'import-runs')
        self.assertEqual(cause.CERTAIN, said.confidence)

    def test_progress(self) -> None:
        said = self.one(importing.running, cases.known(
            'importing', lock='t1', tasks=[cases.task(message=OURS)]))
        self.assertEqual(cause.LIKELY, said.confidence)
        self.assertIn(OURS, said.evidence)

    def test_download_grows(self) -> None:
        found = cases.known(
            'importing', lock='t1', tasks=[cases.task(age=1000)],
            here=cases.here(staging='/staging', staged=cases.staged(3)))
        self.assertEqual(cause.LIKELY, self.one(
            importing.running, found).confidence)
        self.none(importing.silent, found)

    def test_not(self) -> None:
        self.none(
            importing.running, cases.known('importing', lock='t1'),
            cases.known('importing', lock='t1', tasks=None),
            cases.known('importing', tasks=[cases.task('failure', OURS)]),
            cases.known('importing', lock='t1', here=journal(False),
                        tasks=[cases.task(message=OURS)]),
            # Staged before the import was asked for.
            cases.known('importing', lock='t1', tasks=[cases.task(age=1)],
                        here=cases.here(staged=cases.staged(110))),
            cases.known('importing', lock='t1', tasks=[
                cases.task(message=OURS, age=300)]))


class SilentTest(cases.CauseTestCase):

    def test_ours(self) -> None:
        said = self.one(importing.silent, cases.known(
            'importing', lock='t1', tasks=[
                cases.task(message=OURS, age=300)]), 'import-silent')
        self.assertEqual(cause.LIKELY, said.confidence)
        self.assertNotIn('stale', said.command)

    def test_stock(self) -> None:
        said = self.one(importing.silent, cases.known(
            'importing', lock='t1', tasks=[cases.task(age=4000)],
            here=cases.here(transfers=())), 'import-silent')
        self.assertIn('--stale-after 3600 --dry-run', said.command)
        self.assertIn('This host has no journal', said.evidence)
        self.assertIn('DESTRUCTIVE', said.remedy)

    def test_nobody_knows(self) -> None:
        for age, updated in ((300, cases.ago(300)), (0, None)):
            said = self.one(importing.silent, cases.known(
                'importing', lock='t1', tasks=[
                    cases.task(age=age, updated=updated)]), 'import-unseen')
            self.assertEqual(
                (cause.POSSIBLE, cause.Waiting.UNKNOWN, cause.UNKNOWN),
                (said.confidence, said.waiting, said.severity))

    def test_not(self) -> None:
        self.none(
            importing.silent, cases.known('importing', lock='t1'),
            cases.known('importing', tasks=[cases.task('failure', age=9000)]),
            cases.known('importing', lock='t1', here=journal(False),
                        tasks=[cases.task(age=9000)]),
            cases.known('importing', tasks=[cases.task(message=WAITING)]))


class OthersTest(cases.CauseTestCase):

    def test_worker(self) -> None:
        self.one(importing.waits_for_worker, cases.known(
            'importing', lock='t1', tasks=[cases.task(message=WAITING)]),
            'worker-awaited')
        self.none(
            importing.waits_for_worker,
            cases.known('importing', tasks=[cases.task(message=OURS)]),
            cases.known('importing', tasks=[cases.task('failure', WAITING)]))

    def test_lock_left(self) -> None:
        ended = [cases.task('failure', 'x')]
        said = self.one(importing.lock_left, cases.known(
            'importing', lock='t1', tasks=ended), 'lock-left')
        self.assertEqual((cause.NO, True), (said.waiting, said.destructive))
        said = self.one(importing.lock_left, cases.known(
            'queued', lock='t1', tasks=ended))
        self.assertEqual((cause.YES, ''), (said.waiting, said.command))
        self.none(importing.lock_left, cases.known('queued', tasks=ended),
                  cases.known('importing', lock='t1', tasks=[cases.task()]),
                  cases.known('importing', lock='t1', tasks=None),
                  # Recovery puts it right, without deleting anything.
                  cases.known('importing', lock='t1', tasks=ended,
                              here=journal(False)))

    def test_lock_taken(self) -> None:
        for tasks in ([], [cases.task()]):
            said = self.one(importing.lock_taken, cases.known(
                'importing', lock='other', tasks=tasks), 'lock-taken')
            self.assertIn('names task other', said.evidence)
        self.assertEqual('', self.one(importing.lock_taken, cases.known(
            'uploading', lock='other')).command)
        self.none(importing.lock_taken, cases.known('importing'),
                  cases.known('importing', lock='other', tasks=None),
                  cases.known('importing', lock='t1', tasks=[cases.task()]))

    def test_abandoned(self) -> None:
        for tasks in ([], [cases.task('failure')]):
            self.one(importing.abandoned, cases.known(
                'importing', tasks=tasks), 'import-abandoned')
        self.none(importing.abandoned,
                  cases.known('importing', tasks=None),
                  cases.known('importing', tasks=[cases.task()]),
                  cases.known('importing', lock='t1'), cases.known('queued'),
                  cases.known('importing', here=journal(False)))
        self.one(importing.abandoned, cases.known(
            'importing', here=journal(False, method='store-copy')))
