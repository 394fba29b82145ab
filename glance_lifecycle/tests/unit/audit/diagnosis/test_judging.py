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

"""All causes together."""

import itertools

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis import judging
from glance_lifecycle.tests.unit.audit.diagnosis import cases

STATUSES = (*judging.STUCK, 'active', 'deactivated', 'deleted', '', 'x' * 999)
TASKS = (None, (), *(
    (cases.task(status, message, age),) for status in
    ('pending', 'processing', 'success', 'failure', '')
    for message in ('', '42 % of 1 GiB', '\x1b[2J') for age in (1, 9999)))
HERES = (None, cases.here(), cases.here(
    staging='/staging', transfers=(facts.Transfer('t1', False),)),
    cases.here(staging='/staging', staged=cases.staged(), transfers=()),
    cases.here(transfers=(
        facts.Transfer('c1', False, 'store-copy', stores=('s2',)),
        facts.Transfer('c2', True, 'store-copy'),
        facts.Transfer('t1', False, offloaded=True),
        facts.Transfer('t0', False))))


class DiagnoseTest(cases.CauseTestCase):

    def test_something_is_said(self) -> None:
        """Of all facts: without an error, and in sentences."""
        for status, tasks, here, lock, stores in itertools.product(
                STATUSES, TASKS, HERES, (None, 't1', 'other'),
                ((), ('s1',))):
            found = cases.known(status, tasks=tasks, here=here, lock=lock,
                                failed=stores, importing=stores)
            said = judging.diagnose(found)
            self.assertTrue(said)
            for one in said:
                self.assertRegex(one.evidence, r'\.$')
                self.assertTrue(one.evidence.isprintable())
            codes = [one.code for one in said]
            self.assertEqual(len(set(codes)), len(codes), str(codes))
            # What runs is not dead, and what is well is not ill.
            if 'import-runs' in codes:
                self.assertFalse({'import-dead', 'import-handed',
                                  'import-silent',
                                  'import-unseen', 'lock-left'} & {*codes})
            if 'well' in codes:
                self.assertEqual(['well'], codes)

    def test_order(self) -> None:
        said = judging.diagnose(cases.known(
            'importing', lock='t1', tasks=[cases.task('failure', 'x')],
            here=cases.here(transfers=(facts.Transfer('t1', False),))))
        self.assertEqual(sorted(one.severity.rank for one in said),
                         [one.severity.rank for one in said])

    def test_unknown(self) -> None:
        [said] = judging.diagnose(cases.known('importing', tasks=None))
        self.assertEqual(
            ('unknown', cause.UNKNOWN, cause.Waiting.UNKNOWN),
            (said.code, said.severity, said.waiting))
        for lacking in ('its tasks', '--config-dir', '--read-log'):
            self.assertIn(lacking, said.evidence)

    def test_stuck(self) -> None:
        for status in judging.STUCK:
            self.assertTrue(judging.is_stuck(facts.Image('i', '', status)))
        self.assertFalse(judging.is_stuck(facts.Image('i', '', 'active')))
        for field, value in (('lock', 't'), ('failed', ('s',)),
                             ('importing', ('s',))):
            self.assertTrue(judging.is_stuck(facts.Image(
                'i', '', 'active', **{field: value})))  # type: ignore
