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

"""Which copies are read back; and those that were dropped are made again."""

import datetime
from typing import Any

from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import test_observing
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import scrubbing

State = jobs.State
IMAGE = image_api.image_id(1)
NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)


class ScrubbingTest(test_observing.ObservingCase):

    def setUp(self) -> None:
        super().setUp()
        self.verified: set[str] = set()
        self.budget = 2 ** 40
        self.observer = observing.Observer(
            self.database, self.brake, 'sweep', self.scrubbing)
        self.change(stores='fast,bulk', status='active', size=9,
                    os_hash_value='00')

    def scrubbing(self) -> scrubbing.Scrubbing:
        return scrubbing.Scrubbing(
            lambda _image, store: (
                datetime.datetime.now(datetime.UTC)
                if store in self.verified else None),
            datetime.timedelta(days=30), self.budget)

    def read_back(self) -> jobs.Job | None:
        """The last job of that, after a look at all images."""
        self.observer.look(iter([*self.images.values()]), self.cloud,
                           test_observing.NOTHING)
        return jobs.latest(self.database, IMAGE, 'scrub')

    def drops(self) -> tuple[jobs.Job, int]:
        """A job that has dropped the copy in bulk, and its fence."""
        job = self.read_back()
        assert job is not None
        fence = claims.claim(self.database, job.id, 'w1')
        assert fence is not None
        claims.note(self.database, job.id, fence, {
            **job.action, 'arguments': {**job.action['arguments'],
                                        'repairing': ['bulk']}})
        return job, fence

    def fails(self, state: State = State.FAILED) -> jobs.Job:
        """It has dropped the copy in bulk, which could not be made again."""
        job, fence = self.drops()
        self.change(stores='fast')
        self.verified = {'fast'}
        return claims.finish(self.database, job.id, fence, state,
                             error='Store bulk is away.')

    def arguments(self) -> dict[str, Any]:
        job = self.read_back()
        assert job is not None
        arguments: dict[str, Any] = job.action['arguments']
        return arguments

    def test_due(self) -> None:
        self.assertEqual({'stores': ['bulk', 'fast']}, self.arguments())

    def test_taken_over(self) -> None:
        """By the next look, although nothing else is to be read."""
        failed = self.fails()
        job = self.read_back()
        assert job is not None
        self.assertEqual((State.QUEUED, ('bulk',), {
            'stores': ['bulk'], 'repairing': ['bulk']}), (
                job.state, job.stores, job.action['arguments']))
        self.assertNotEqual(failed.id, job.id)
        self.assertIn('bulk: made again, found dropped by an earlier job',
                      job.reason)
        # And so on, until one has made it.
        fence = claims.claim(self.database, job.id, 'w1')
        claims.finish(self.database, job.id, fence or 0, State.FAILED)
        self.assertEqual(['bulk'], self.arguments()['repairing'])
        job = jobs.latest(self.database, IMAGE, 'scrub')
        assert job is not None
        fence = claims.claim(self.database, job.id, 'w1')
        claims.finish(self.database, job.id, fence or 0, State.DONE)
        self.assertEqual(job.id, getattr(self.read_back(), 'id', ''))

    def test_taken_over_with_others(self) -> None:
        self.fails(State.CANCELLED)
        self.verified = set()
        self.assertEqual({'stores': ['bulk', 'fast'], 'repairing': ['bulk']},
                         self.arguments())

    def test_whatever_the_budget(self) -> None:
        self.fails()
        self.verified, self.budget = set(), 0
        self.assertEqual(['bulk'], self.arguments()['stores'])

    def test_there_again(self) -> None:
        """An operator has made it: nothing is read for that."""
        failed = self.fails()
        self.change(stores='fast,bulk')
        self.verified = {'fast', 'bulk'}
        self.assertEqual(failed, self.read_back())

    def test_store_is_gone(self) -> None:
        """From Glance, for good: it is not tried for ever."""
        self.fails()
        self.cloud.__dict__['store_kinds'] = {'fast': 'file'}
        self.verified = set()
        self.assertEqual({'stores': ['fast']}, self.arguments())

    def test_looks_overlap(self) -> None:
        """One that began before the job was opened joins it as it is."""
        looks = []

        def images() -> Any:
            looks.append(self.fails_once_more())
            yield self.images[IMAGE]
        self.observer.look(images(), self.cloud, test_observing.NOTHING)
        job = jobs.latest(self.database, IMAGE, 'scrub')
        assert job is not None
        self.assertEqual((looks, ['bulk'], State.QUEUED), (
            [job.id], job.action['arguments']['repairing'], job.state))

    def fails_once_more(self) -> str:
        """The other look's job: put back, and due again."""
        job, fence = self.drops()
        claims.retry(self.database, job.id, fence, 'Away.', NOW)
        return job.id

    def test_failed_while_another_looks(self) -> None:
        """What it has dropped is taken over also by a look that was begun."""
        def images() -> Any:
            self.fails()
            self.verified = set()
            yield self.images[IMAGE]
        self.observer.look(images(), self.cloud, test_observing.NOTHING)
        job = jobs.latest(self.database, IMAGE, 'scrub')
        assert job is not None
        self.assertEqual((State.QUEUED, ['bulk']), (
            job.state, job.action['arguments'].get('repairing')))
