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

"""What operators ask and change, as plain data."""

import json
import os
import pathlib
from typing import Any
from unittest import mock

import fixtures

from glance_lifecycle.policy import drift
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import asked
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import waiting
from glance_lifecycle.worker import liveness
from glance_lifecycle.worker import presence

at = cases.at
State = cases.State

IMAGE = '7e8d6b6a-0000-4000-8000-000000000001'
WHO = 'operator me'


class AskedCase(cases.DatabaseTestCase):

    def act(self, kind: str, image_id: str = IMAGE, *, seconds: float = 0,
            held: bool = False, **arguments: Any) -> jobs.Job:
        """A job as the worker opens it."""
        action = actions.Action(
            kind, image_id, 'golden', 'p1', arguments,
            (drift.Drift('place', 'stores', 's1', '', 'rule-1'),))
        return self.job(image_id, action.purpose, seconds=seconds, held=held,
                        action=action.to_dict(), image_name='golden')

    def ended(self, state: State, image_id: str = IMAGE,
              purpose: str = 'copy') -> str:
        job_id, fence = self.claimed(image_id, purpose=purpose)
        claims.finish(self.database, job_id, fence, state,
                      error='It failed.' if state == State.FAILED else '')
        return job_id

    def last(self, image_id: str = IMAGE) -> history.Entry:
        return list(asked.history_of_image(self.database, image_id))[-1]


class ListTest(AskedCase):

    def test_attention(self) -> None:
        """What is over is not listed, unless it failed."""
        self.ended(State.DONE, 'i1')
        self.ended(State.CANCELLED, 'i2')
        wanted = {self.ended(State.FAILED, 'i3'),
                  self.claimed('i4')[0], self.job('i5').id,
                  self.job('i6', held=True).id}
        page = asked.listed(self.database)
        self.assertEqual(wanted, {view.job.id for view in page.views})
        self.assertFalse(page.more)
        self.assertEqual(6, len(asked.listed(
            self.database, states=set(State)).views))

    def test_pages(self) -> None:
        ids = [self.job(f'i{n}', seconds=-n).id for n in range(7)]
        found: list[str] = []
        while True:
            page = asked.listed(self.database, limit=3,
                                marker=found[-1] if found else None)
            found += [view.job.id for view in page.views]
            if not page.more:
                break
        self.assertEqual(ids, found)
        self.assertEqual(1, len(page.views))

    def test_image(self) -> None:
        self.job('i1')
        mine = self.job('i2')
        self.assertEqual([mine.id], [view.job.id for view in asked.listed(
            self.database, image_id='i2').views])

    def test_held(self) -> None:
        with mock.patch.object(asked, '_PAGE', 2):
            ids = [self.job(f'i{n}', held=True, seconds=-n).id
                   for n in range(5)]
            self.job('other')
            self.assertEqual(ids, [view.job.id for view in asked.all_held(
                self.database)])


class ViewTest(AskedCase):

    def test_what(self) -> None:
        view = asked.show(self.database, self.act(
            'copy', stores=['s1', 's2']).id)
        self.assertEqual(('copy to s1, s2', False),
                         (view.what, view.destructive))
        view = asked.show(self.database, self.act(
            'drop', stores=['s1']).id)
        self.assertEqual(('DESTRUCTIVE: delete the copy in s1', True),
                         (view.what, view.destructive))

    def test_of_another_release(self) -> None:
        """What is not understood is not taken for harmless."""
        for purpose, action, what in (
                ('drop:s9', {'odd': 1}, 'DESTRUCTIVE: drop:s9'),
                ('later', {'kind': 'delete'}, 'DESTRUCTIVE: later'),
                ('later2', {'kind': 'scrub'}, 'later2')):
            view = asked.view(self.job(purpose=purpose, action=action))
            self.assertEqual((what, what.startswith('DEST')),
                             (view.what, view.destructive))

    def test_data(self) -> None:
        data = asked.show(self.database, self.act('delete').id).to_dict()
        self.assertEqual(data, json.loads(json.dumps(data)))
        self.assertEqual(
            ('2026-03-01T12:00:00+00:00', 'queued', True, 'delete'),
            (data['created_at'], data['state'], data['destructive'],
             data['action']['kind']))

    def test_waits(self) -> None:
        """Why it does not run, although it could."""
        limits = {'s1': 1, 's2': 1}
        first, waits = (self.act('copy', image, stores=['s1']) for image in (
            IMAGE, IMAGE[:-1] + '2'))
        later = self.act('copy', IMAGE[:-1] + '3', stores=['s1'])
        job_changes.postpone(self.database, later.id, cases.at(10 ** 10))
        other = self.act('copy', IMAGE[:-1] + '4', stores=['s2'])
        self.assertEqual('', asked.show(
            self.database, waits.id, limits).waits)
        claims.claim(self.database, first.id, 'w1')
        view = asked.show(self.database, waits.id, limits)
        self.assertEqual('Waits: store s1 has 1 of 1 jobs.', view.waits)
        self.assertEqual(view.waits, view.to_dict()['waits'])
        self.assertEqual('', asked.show(self.database, waits.id).waits)
        self.assertEqual(
            {first.id: '', waits.id: view.waits, later.id: '', other.id: ''},
            {one.job.id: one.waits for one in asked.listed(
                self.database, limits=limits).views})

    def test_missing(self) -> None:
        """A copy that was dropped, and was not made again."""
        job = self.act('scrub', stores=['s1'], repairing=['s1'])
        view = asked.cancel(self.database, job.id, actor=WHO)
        self.assertEqual((State.QUEUED, 'The copy in store s1 was dropped, '
                          'and has to be made again.'),
                         (view.job.state, view.missing))
        self.assertEqual(view.missing, view.to_dict()['missing'])

    def test_store_away(self) -> None:
        """A worker said so with its last sign of life."""
        worker = presence.Presence(self.database, 'w1', mode='act')
        worker.beat(['s1'])
        waits, other = (self.act('copy', IMAGE[:-1] + store[-1], stores=[
            store]) for store in ('s1', 's2'))
        said = 'Waits: store s1 is taken to be away.'
        self.assertEqual(said, asked.show(self.database, waits.id).waits)
        self.assertEqual(
            {waits.id: said, other.id: ''},
            {one.job.id: one.waits for one in asked.listed(
                self.database).views})
        worker.beat()
        self.assertEqual('', asked.show(self.database, waits.id).waits)

    def test_unknown(self) -> None:
        self.assertRaises(errors.JobNotFound, asked.show, self.database, 'x')


class ChangeTest(AskedCase):

    def test_retry(self) -> None:
        for state in (State.FAILED, State.CANCELLED):
            job_id = self.ended(state, purpose=state.value)
            view = asked.retry(self.database, job_id, actor=WHO,
                               reason='The store is back.')
            self.assertEqual((State.QUEUED, 0, ''), (
                view.job.state, view.job.attempts, view.job.error))
            entry = self.last()
            self.assertEqual((WHO, 'queued', 'The store is back.'),
                             (entry.actor, entry.event, entry.text))

    def test_import(self) -> None:
        """Its user asks for it again; nothing is left of it for a worker."""
        job = self.job(purpose='import:host:task', action={'kind': 'import'})
        self.assertEqual(('import', False), (
            asked.view(job).what, asked.view(job).destructive))
        self.assertEqual(State.CANCELLED, asked.cancel(
            self.database, job.id, actor=WHO).job.state)
        error = self.assertRaises(errors.JobStateError, asked.retry,
                                  self.database, job.id, actor=WHO)
        self.assertIn('its user asks for it again', str(error))

    def test_retry_now(self) -> None:
        """One that waits, an hour maybe, for its next attempt."""
        job_id, fence = self.claimed()
        claims.retry(self.database, job_id, fence, 'It is away.', at(3600))
        view = asked.retry(self.database, job_id, actor=WHO, now=at(5))
        self.assertEqual((State.QUEUED, 0, at(5)), (
            view.job.state, view.job.attempts, view.job.not_before))
        self.assertEqual([job_id], [job.id for job in claims.due(
            self.database, 9, now=at(5))])
        self.assertEqual(WHO, self.last('image').actor)

    def test_retry_refused(self) -> None:
        held = self.job('held', held=True).id
        error = self.assertRaises(errors.JobStateError, asked.retry,
                                  self.database, held, actor=WHO)
        self.assertIn('released', str(error))
        for job_id in (self.claimed('running')[0],
                       self.ended(State.DONE, 'done')):
            before = self.get(job_id)
            self.assertRaises(errors.JobStateError, asked.retry,
                              self.database, job_id, actor=WHO)
            self.assertEqual(before, self.get(job_id))
        again = self.ended(State.FAILED, 'again')
        self.job('again', 'copy')
        error = self.assertRaises(errors.JobStateError, asked.retry,
                                  self.database, again, actor=WHO)
        self.assertIn('another job is open', str(error))

    def test_release(self) -> None:
        job_id = self.job(held=True).id
        view = asked.release(self.database, job_id, actor=WHO)
        self.assertEqual(State.QUEUED, view.job.state)
        self.assertEqual((WHO, 'The job was released.'), (
            self.last('image').actor, self.last('image').text))
        for job_id in (self.ended(State.FAILED), self.claimed('i3')[0]):
            self.assertRaises(errors.JobStateError, asked.release,
                              self.database, job_id, actor=WHO)

    def test_cancel(self) -> None:
        for job in (self.job('i1'), self.job('i2', held=True)):
            for _twice in range(2):
                view = asked.cancel(self.database, job.id, actor=WHO,
                                    reason='No need.')
                self.assertEqual(State.CANCELLED, view.job.state)
            self.assertEqual('No need.', self.last(job.image_id).text)
        running, fence = self.claimed('i3')
        view = asked.cancel(self.database, running, actor=WHO)
        self.assertEqual((State.RUNNING, True), (
            view.job.state, view.job.cancel_requested))
        self.assertRaises(errors.JobCancelled, claims.check, self.database,
                          running, fence)
        for state in (State.DONE, State.FAILED):
            job_id = self.ended(state, state.value)
            error = self.assertRaises(errors.JobStateError, asked.cancel,
                                      self.database, job_id, actor=WHO)
            self.assertIn('already', str(error))


class HistoryTest(AskedCase):

    def test_pages(self) -> None:
        job = self.job()
        for number in range(5):
            history.record(self.database, image_id='image', event='done',
                           text=f'{number}.', actor='me', job_id=job.id)
        history.record(self.database, image_id='image', event='done',
                       text='Not of the job.', actor='me')
        with mock.patch.object(asked, '_PAGE', 2):
            told = [e.text for e in asked.history_of_job(
                self.database, job.id)]
            of_image = [e.text for e in asked.history_of_image(
                self.database, 'image')]
        self.assertEqual(['0.', '1.', '2.', '3.', '4.'], told[1:])
        self.assertEqual([*told, 'Not of the job.'], of_image)
        self.assertEqual([], list(asked.history_of_image(
            self.database, 'other')))


class StatusTest(AskedCase):

    def setUp(self) -> None:
        super().setUp()
        self.state = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def status(self, **options: Any) -> asked.Status:
        return asked.status(self.database, **{
            'state_dir': str(self.state), 'expiry': 60, **options})

    def test_nothing(self) -> None:
        status = self.status(now=at(0))
        self.assertEqual(
            (at(0), (), dict.fromkeys(map(str, State), 0),
             waiting.Oldest(None, None), {'queued': 0, 'held': 0}, (), (),
             {'full': None, 'changes': None}, {}),
            (status.at, status.workers, status.jobs, status.oldest,
             status.destructive, status.running, status.held, status.sweeps,
             status.stores))
        self.assertEqual([], list(self.state.iterdir()))

    def test_jobs(self) -> None:
        self.act('delete', seconds=10)
        self.act('drop', held=True, stores=['s1'])
        running = self.act('copy')
        claims.claim(self.database, running.id, 'w1', now=at(5))
        for number in range(asked.SHOWN + 2):
            self.job(f'i{number}', held=True)
        status = self.status(now=at(20))
        self.assertEqual((1, 1, asked.SHOWN + 3), tuple(
            status.jobs[name] for name in ('queued', 'running', 'held')))
        self.assertEqual({'queued': 1, 'held': 1}, status.destructive)
        self.assertEqual(waiting.Oldest(at(10), at(10)), status.oldest)
        self.assertEqual([running.id], [v.job.id for v in status.running])
        self.assertEqual(asked.SHOWN, len(status.held))
        data = status.to_dict()
        self.assertEqual(data, json.loads(json.dumps(data)))
        self.assertEqual('copy to ', data['running'][0]['what'])

    def test_stores(self) -> None:
        """Those with a limit, however many others there are."""
        for number in range(4):
            job = self.act('copy', f'i{number}', stores=['s1', 's3'])
        claims.claim(self.database, job.id, 'w1')
        status = self.status(limits={'s2': 2, 's1': 1})
        self.assertEqual({'s1': asked.StoreJobs(1, 1, 3),
                          's2': asked.StoreJobs(0, 2, 0)}, status.stores)
        self.assertEqual({'running': 1, 'limit': 1, 'due': 3},
                         status.to_dict()['stores']['s1'])

    def test_workers(self) -> None:
        """Alive, killed on this host, and not heard of for too long."""
        alive = liveness.Liveness(self.database, str(self.state), 'act', 60)
        self.addCleanup(alive.gone)
        alive.beat(['s2'])
        claims.claim(self.database, self.job().id, alive.id)
        child = os.fork()
        if not child:
            try:
                killed = liveness.Liveness(self.database, str(self.state),
                                           'observe', 60)
                killed.beat()
            finally:
                os._exit(0)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        with mock.patch('socket.gethostname', return_value='other'):
            elsewhere = presence.Presence(self.database, 'elsewhere',
                                          mode='act')
        elsewhere.beat()
        found = {worker.id: worker for worker in self.status().workers}
        mine = found.pop(alive.id)
        self.assertEqual(
            (True, 1, 'act', ('s2',)),
            (mine.alive, mine.running, mine.mode, mine.away))
        self.assertEqual(('other', True), (
            found['elsewhere'].host, found.pop('elsewhere').alive))
        dead, = found.values()
        self.assertEqual((False, 0, 'observe', ()),
                         (dead.alive, dead.running, dead.mode, dead.away))
        self.assertEqual({False}, {worker.alive for worker in self.status(
            expiry=0).workers})
        # Who asks has taken nobody's lock.
        self.assertEqual(0, alive.take_back())
        self.assertEqual({alive.id, 'elsewhere'}, {
            worker.id for worker in self.status().workers})

    def test_sweeps(self) -> None:
        marks.set(self.database, 'sweep/full', json.dumps({
            'started_at': at(0).isoformat(), 'ended_at': at(5).isoformat(),
            'images': 7, 'actions': 3, 'good': at(0).isoformat(),
            'policy': 'ab', 'good_images': 7, 'error': ''}))
        marks.set(self.database, 'sweep/changes', json.dumps({
            'started_at': at(9).isoformat(), 'ended_at': at(9).isoformat(),
            'good': '', 'error': 'It is away.'}))
        sweeps = self.status().sweeps
        self.assertEqual(asked.Sweep(
            at(0), at(5), at(0), {'images': 7, 'actions': 3}, ''),
            sweeps['full'])
        self.assertEqual(asked.Sweep(at(9), at(9), None, {}, 'It is away.'),
                         sweeps['changes'])
