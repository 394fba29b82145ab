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

"""What recovery decides, as a table."""

import unittest

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal_record

Reach = recovery_plan.Reach
COPY = recovery_plan.STORE_COPY
STAGED, SCRATCH = '/staging/i', '/staging/i.raw'


def state(status: str = 'importing', lock: str | None = 't',
          stored: str = '', importing: str = ''
          ) -> glance_host.ImageState:
    return glance_host.ImageState(
        status, 1, lock, {s: 'file:///%s/i' % s for s in stored.split()},
        importing.split())


def record(method: str = 'glance-direct', stores: str = 's1 s2'
           ) -> journal_record.Record:
    return journal_record.Record(
        't', 'i', method=method, staged=STAGED, scratch=[SCRATCH],
        targets=[jobs.Target(s, '', {}, driver='file')
                 for s in stores.split()])


class ReachTest(unittest.TestCase):

    # method, state, what may be removed from s1.
    TABLE = (
        ('', None, Reach.ALL),
        ('', state(), Reach.ALL),
        ('', state(lock=None), Reach.ALL),
        ('', state('queued', None), Reach.ALL),
        ('', state('uploading', None), Reach.ALL),
        ('', state(lock='other'), Reach.WAIT),
        ('', state('queued', 'other'), Reach.WAIT),
        # "PUT /file", which takes no lock either.
        ('', state('saving', None), Reach.WAIT),
        # A "store copy", which takes no lock, may be at it.
        ('', state('active', None), Reach.OWN),
        ('', state('deactivated', None), Reach.OWN),
        # It began when the image had our lock: there was none.
        ('', state('active', 't'), Reach.ALL),
        ('', state('active', 'other'), Reach.WAIT),
        ('', state('active', None, 's1'), Reach.BESIDE),
        ('', state('active', 't', 's1'), Reach.BESIDE),
        ('', state('active', 'other', 's1'), Reach.BESIDE),
        ('', state('importing', 't', 's1'), Reach.BESIDE),
        ('', state('active', None, 's2'), Reach.OWN),
        (COPY, None, Reach.ALL),
        (COPY, state('active', None), Reach.OWN),
        (COPY, state('active', None, 's1'), Reach.BESIDE),
        (COPY, state('active', 'other', '', 's2'), Reach.OWN),
        (COPY, state('active', 'other', '', 's1'), Reach.WAIT),
    )

    def test_table(self) -> None:
        for method, now, expected in self.TABLE:
            with self.subTest(method=method, now=now):
                self.assertEqual(expected, recovery_plan.reach(
                    record(method), 's1', now))

    def test_store_not_known(self) -> None:
        """A location without the name of its store may be in any."""
        now = glance_host.ImageState('active', 1, None, {'': 'x://'}, [])
        self.assertEqual(Reach.BESIDE,
                         recovery_plan.reach(record(), 's1', now))

    def test_holder(self) -> None:
        """The next import clears for itself."""
        now = state(lock='next')
        self.assertEqual(Reach.ALL, recovery_plan.reach(
            record(), 's1', now, 'next'))
        self.assertEqual(Reach.WAIT, recovery_plan.reach(
            record(), 's1', now, 'another'))


class FailureTest(unittest.TestCase):
    """A worker knew why it failed, and glance-api has died meanwhile."""

    def made(self, error: exceptions.LifecycleError) -> recovery_plan.Plan:
        dead = record()
        dead.failure = error.to_dict()
        return recovery_plan.make_plan(dead, state(), (STAGED, SCRATCH))

    def test_of_the_image(self) -> None:
        plan = self.made(exceptions.ImageRefused(reason='gpt', detail='bad'))
        self.assertEqual(('queued', (STAGED, SCRATCH)),
                         (plan.status, plan.files))
        self.assertIn('Image refused (gpt): bad. Stage the image again',
                      str(plan.failure))

    def test_of_a_store(self) -> None:
        plan = self.made(exceptions.StoreError(store='s1', detail='away'))
        self.assertEqual(('uploading', (SCRATCH,)),
                         (plan.status, plan.files))
        self.assertIn('Store s1 failed: away. The staged data are kept',
                      str(plan.failure))

    def test_of_a_stranger(self) -> None:
        """No name in a journal makes anything but an error of ours."""
        dead = record()
        dead.failure = {'error': 'SystemExit', 'fields': {}}
        plan = recovery_plan.make_plan(dead, state(), (STAGED,))
        self.assertIn('malformed error report', str(plan.failure))


class PlanTest(unittest.TestCase):

    # method, state, files that are there -> status, whether it failed,
    # stores, files, waits.
    BOTH = (STAGED, SCRATCH)
    TABLE = (
        ('glance-direct', None, BOTH, '', True, 's1 s2', BOTH, False),
        ('glance-direct', state(), BOTH,
         'uploading', True, 's1 s2', (SCRATCH,), False),
        ('glance-direct', state(), (), 'queued', True, 's1 s2', (), False),
        ('web-download', state(), BOTH, 'queued', True, 's1 s2', BOTH,
         False),
        ('glance-direct', state('uploading', None), BOTH,
         '', True, 's1 s2', (SCRATCH,), False),
        ('glance-direct', state('active', None, 's1 s2'), BOTH,
         '', False, '', BOTH, False),
        # One store was dropped, or is about to be copied to.
        ('glance-direct', state('active', None, 's1'), (),
         '', False, 's2', (), False),
        # Somebody began anew: nothing is touched, nothing forgotten.
        ('glance-direct', state(lock='other'), BOTH, '', True, '', (), True),
        ('glance-direct', state('active', 'other', 's1 s2'), (),
         '', True, '', (), False),
        ('copy-image', state('active', 't', 's1'), (), '', True, 's2', (),
         False),
        ('copy-image', state('active', 't', 's1 s2'), (), '', False, '', (),
         False),
        (COPY, state('active', None, 's1'), (), '', True, 's2', (), False),
        (COPY, state('active', 'x', 's1', 's2'), (), '', True, '', (), True),
        (COPY, None, (), '', True, 's1 s2', (), False),
    )

    def test_table(self) -> None:
        for (method, now, there, status, failed, stores, files,
             waits) in self.TABLE:
            with self.subTest(method=method, now=now, there=there):
                plan = recovery_plan.make_plan(record(method), now, there)
                self.assertEqual(
                    (status, failed, tuple(stores.split()), set(files),
                     waits),
                    (plan.status, plan.failure is not None, plan.undo,
                     set(plan.files), plan.waits))

    def test_scratch_of_another(self) -> None:
        """The next import may use a file of that name: later, then."""
        plan = recovery_plan.make_plan(record(stores=''),
                                       state(lock='other'), (SCRATCH,))
        self.assertEqual((True, ()), (plan.waits, plan.files))
        plan = recovery_plan.make_plan(record(stores=''),
                                       state(lock='other'), (STAGED,))
        self.assertTrue(plan.finished)

    def test_text(self) -> None:
        plan = recovery_plan.Plan(
            'i', 't', 'queued', 'It died.', ('s1',), ('/x',),
            left={'s2': 'It is away.'})
        self.assertFalse(plan.finished)
        self.assertEqual(
            'image i (task t); unfinished copies removed from s1; /x '
            'removed; status set to queued; task ended: It died. Still on '
            'record for store s2: It is away.', plan.text)
        self.assertEqual(plan.text, plan.to_dict()['text'])


class KeepsStagedTest(unittest.TestCase):

    def test_table(self) -> None:
        refused = exceptions.ImageRefused(reason='x', detail='y')
        full = exceptions.StoreFull(store='s1', detail='z')
        for method, error, expected in (
                ('glance-direct', None, True),
                ('glance-direct', full, True),
                ('glance-direct', refused, False),
                ('web-download', full, False)):
            self.assertEqual(expected,
                             recovery_plan.keeps_staged(method, error))
