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

"""Journals of this host: each purpose, in each state of the image."""

import itertools
from typing import Any

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import left
from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis import judging
from glance_lifecycle.tests.unit.audit.diagnosis import cases

RULES = (left.import_dead, left.import_handed, left.left_over,
         left.copy_dead, left.copy_runs)

STATUSES = (*judging.STUCK, 'active', 'deactivated')

IMPORTS = ('', 'glance-direct', 'web-download', 'glance-download')
COPIES = ('store-copy', 'copy-image')

# The task of the journal: not known, not there, at work, over.
UNKNOWN, NONE, OPEN, OVER = None, (), (cases.task(),), (
    cases.task('failure', 'x'),)

# What a journal nobody holds is taken for. Each row: is it an import, was it
# handed to a worker, its task, and the same of an image that is importing.
TABLE: tuple[tuple[bool, bool, Any, str, str], ...] = (
    (True, False, UNKNOWN, 'import-dead', 'import-dead'),
    (True, False, NONE, 'import-dead', 'import-dead'),
    (True, False, OPEN, 'import-dead', 'import-dead'),
    # What ended did not die: something stayed on record.
    (True, False, OVER, 'left-over', 'import-dead'),
    (True, True, UNKNOWN, 'import-handed', 'import-handed'),
    (True, True, NONE, 'import-handed', 'import-handed'),
    (True, True, OPEN, 'import-handed', 'import-handed'),
    (True, True, OVER, 'left-over', 'import-dead'),
    *((False, False, task, 'copy-dead', 'copy-dead')
      for task in (UNKNOWN, NONE, OPEN, OVER)),
)


def known(status: str, alive: bool, *, tasks: Any = (), lock: Any = None,
          stores: tuple[str, ...] = (), **fields: Any) -> facts.Facts:
    journal = facts.Transfer('t1', alive, **{'stores': ('s1',), **fields})
    return cases.known(status, tasks=tasks, lock=lock, stores=stores,
                       here=cases.here(transfers=(journal,)))


class LeftTest(cases.CauseTestCase):

    def said(self, found: facts.Facts) -> dict[str, cause.Diagnosis]:
        return {one.code: one for rule in RULES for one in rule(found)}

    def test_table(self) -> None:
        for (is_import, handed, tasks, code, importing), status, mine in (
                itertools.product(TABLE, STATUSES, (None, 't1'))):
            expected = importing if status == 'importing' else code
            for method in IMPORTS if is_import else COPIES:
                found = known(status, False, tasks=tasks, lock=mine,
                              method=method, offloaded=handed)
                said = self.said(found)
                row = str((status, method, handed, tasks))
                self.assertEqual([expected], list(said), row)
                # As all causes together tell it, and not one against it.
                codes = [one.code for one in judging.diagnose(found)]
                self.assertIn(expected, codes, row)
                self.assertFalse({'well', 'import-runs', 'import-silent',
                                  'import-abandoned'} & {*codes}
                                 if is_import else {'well'} & {*codes}, row)
                self.assert_sound(said[expected], status)

    def assert_sound(self, said: cause.Diagnosis, status: str) -> None:
        self.assertEqual((cause.CERTAIN, 'api1', False), (
            said.confidence, said.where, said.destructive))
        self.assertTrue(said.command)
        self.assertIn('t1', said.evidence)
        for text in (said.cause, said.evidence, said.remedy):
            self.assertRegex(text, r'\.$')
        stored = status in ('active', 'deactivated')
        if said.code.startswith('import-dead'):
            self.assertEqual(cause.WARNING if stored else cause.ERROR,
                             said.severity)
            # Of an image that is being deleted, nothing is asked for.
            self.assertEqual(
                status in ('queued', 'saving', 'uploading', 'importing'),
                'import the image again' in said.remedy, status)
        if said.code == 'copy-dead':
            self.assertNotIn('import', said.cause)
            self.assertEqual(status == 'active', 'store copy %s --to s1' % (
                cases.IMAGE) in said.remedy)

    def test_alive(self) -> None:
        for method, status in itertools.product(
                (*IMPORTS, *COPIES), STATUSES):
            found = known(status, True, method=method)
            self.assertEqual(['copy-runs'] if method in COPIES else [],
                             list(self.said(found)))
        [said] = judging.diagnose(known('active', True, method='store-copy',
                                        stores=('s0',)))
        self.assertEqual(
            ('copy-runs', cause.INFO, cause.YES, ''),
            (said.code, said.severity, said.waiting, said.command))

    def test_what_is_left(self) -> None:
        """Of a store that has its copy by now, nothing."""
        said = self.said(known('active', False, method='store-copy',
                               stores=('s1', 's2'), tasks=None))['copy-dead']
        self.assertIn('only the journal is left', said.evidence)
        self.assertNotIn('store copy', said.remedy)
        found = cases.known('active', stores=('s0',), here=cases.here(
            transfers=tuple(facts.Transfer(
                task, False, 'store-copy', stores=stores) for task, stores in
                (('c1', ('s2', 's1')), ('c2', ('s1', 's0'))))))
        said = self.said(found)['copy-dead']
        self.assertIn('journal of task c1, c2', said.evidence)
        self.assertIn('--to s1 --to s2.', said.remedy)
        self.assertIn('to store s1, s2 died', said.cause)
        over = known('uploading', False, tasks=OVER, method='glance-direct')
        self.assertEqual(cause.WARNING, self.said(over)['left-over'].severity)
        over = known('active', False, tasks=OVER, stores=('s1',))
        self.assertEqual(cause.INFO, self.said(over)['left-over'].severity)

    def test_failure(self) -> None:
        said = self.said(known('importing', False, failure='Boom.'))
        self.assertIn('"Boom."', said['import-dead'].evidence)
        self.assertIn('recover --dry-run', said['import-dead'].command)

    def test_another_import(self) -> None:
        """It has the image now, and clears up after those before it."""
        self.assertEqual({}, self.said(known(
            'importing', False, lock='t2', tasks=[cases.task(id='t2')])))
        # A copy takes no lock, and is nobody else's.
        self.assertEqual(['copy-dead'], list(self.said(known(
            'active', False, lock='t2', tasks=[cases.task(id='t2')],
            method='store-copy'))))

    def test_nothing(self) -> None:
        for here in (None, cases.here(), cases.here(transfers=())):
            self.assertEqual({}, self.said(cases.known('active', here=here)))

    def test_hostile(self) -> None:
        """A journal is a file, and whoever wrote it may write anything."""
        for method in ('store-copy', 'web-download'):
            for tasks in (None, OVER):
                for one in self.said(known(
                        'active', False, method=method, tasks=tasks,
                        stores=('\x1b[2J',), failure='\x1b[31mx' * 999,
                        )).values():
                    text = one.cause + one.evidence + one.remedy
                    self.assertTrue(text.isprintable(), ascii(text))
