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

"""When images are looked at, which, and what is known of that afterwards."""

from collections.abc import Callable
import datetime
import json
import threading
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import brake
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import sweeping
from glance_lifecycle.worker import sweeps

FULL, CHANGES = sweeps.What.FULL, sweeps.What.CHANGES

PROTECT = test_checks.policy(protect={'protected': True})
HIDE = test_checks.policy(visibility={'hidden': True})

SETTINGS = sweeping.Settings(
    sweep_interval=60, full_sweep_interval=86400, sweep_rate=0,
    sweep_overlap=300)


def ago(seconds: float) -> datetime.datetime:
    """Before now; after it, if that is negative."""
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(
        seconds=seconds)


class SweepingCase(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi(
            image_api.image(1), image_api.image(2, os_hidden=True)))
        self.stop = threading.Event()
        self.policy = PROTECT
        self.brake = brake.Brake()
        self.sweeper = self.make(SETTINGS)

    def make(self, settings: sweeping.Settings,
             connect: Callable[[], clouds.Cloud] | None = None
             ) -> sweeping.Sweeper:
        return sweeping.Sweeper(
            self.database, observing.Observer(
                self.database, self.brake, 'sweep'),
            connect or self.api.cloud, lambda: self.policy, settings,
            self.stop)

    def mark(self, what: sweeps.What, ended: float, good: float | None,
             **changes: Any) -> None:
        """Of a sweep that ended and of the last good one, seconds ago."""
        marks.set(self.database, what.mark, json.dumps({
            'ended_at': ago(ended).isoformat(), 'policy': PROTECT.digest,
            'good': '' if good is None else ago(good).isoformat(),
            'good_images': 2, 'error': '', **changes}))

    def marked(self, what: sweeps.What) -> dict[str, Any]:
        mark = marks.get(self.database, what.mark)
        assert mark is not None
        found: dict[str, Any] = json.loads(mark.value)
        return found

    def opened(self) -> set[int]:
        """Numbers of the images that there are jobs for."""
        return {int(job.image_id[-12:])
                for job in jobs.list_jobs(self.database)}


class DueTest(SweepingCase):

    def test_first(self) -> None:
        self.assertEqual(FULL, self.sweeper.due())

    def test_rest(self) -> None:
        self.mark(FULL, 30, 40)
        self.assertIsNone(self.sweeper.due())

    def test_changes(self) -> None:
        self.mark(FULL, 3600, 3700)
        self.assertEqual(CHANGES, self.sweeper.due())
        self.mark(CHANGES, 30, 40)
        self.assertIsNone(self.sweeper.due())
        self.mark(CHANGES, 61, 70)
        self.assertEqual(CHANGES, self.sweeper.due())

    def test_daily(self) -> None:
        """By when it began, or each would be later by what it takes."""
        self.mark(CHANGES, 61, 70)
        self.mark(FULL, 86000, 86401)
        self.assertEqual(FULL, self.sweeper.due())

    def test_policy(self) -> None:
        """A changed one is followed at once."""
        self.mark(FULL, 5, 10)
        self.mark(CHANGES, 5, 10)
        self.policy = HIDE
        self.assertEqual(FULL, self.sweeper.due())

    def test_policy_and_failed(self) -> None:
        """But not without rest: each may be many requests."""
        self.policy = HIDE
        self.mark(FULL, 5, 10, error='No.')
        self.assertIsNone(self.sweeper.due())
        self.mark(FULL, 61, 70, error='No.')
        self.assertEqual(FULL, self.sweeper.due())

    def test_failed(self) -> None:
        self.mark(FULL, 5, None, error='No.')
        self.assertIsNone(self.sweeper.due())
        self.mark(FULL, 61, None, error='No.')
        self.assertEqual(FULL, self.sweeper.due())

    def test_changes_failed(self) -> None:
        self.mark(FULL, 3600, 3700)
        self.mark(CHANGES, 30, 3600, error='No.')
        self.assertIsNone(self.sweeper.due())
        self.mark(CHANGES, 61, 3600, error='No.')
        self.assertEqual(CHANGES, self.sweeper.due())

    def test_to_come(self) -> None:
        """Whoever wrote it had a clock that was wrong."""
        self.mark(FULL, -9999, -9999)
        self.assertEqual(FULL, self.sweeper.due())
        self.mark(FULL, 3600, 3700)
        self.mark(CHANGES, -9999, -9999)
        self.assertEqual(CHANGES, self.sweeper.due())

    def test_no_mark(self) -> None:
        """What is there instead is overwritten in the end."""
        for value in ('', 'null', '5', '[]', '{}', '{"ended_at": "never"}',
                      json.dumps({'ended_at': '2026-11-26T00:00:00',
                                  'good': '', 'policy': '', 'error': '',
                                  'good_images': 0})):
            for what in (FULL, CHANGES):
                marks.set(self.database, what.mark, value)
            self.assertEqual(FULL, self.sweeper.due(), value)
        self.sweeper.sweep(FULL)
        self.sweeper.sweep(CHANGES)
        self.assertIsNone(self.sweeper.due())


class SweepTest(SweepingCase):

    def test_full(self) -> None:
        """Hidden images, too."""
        before = ago(0)
        seen = self.sweeper.sweep(FULL)
        self.assertEqual((2, 2), (seen.images, seen.opened))
        assert self.sweeper.catalogue is not None
        self.assertEqual(2, self.sweeper.catalogue.images)
        self.assertEqual({1, 2}, self.opened())
        found = self.marked(FULL)
        self.assertLessEqual(before, datetime.datetime.fromisoformat(
            found['started_at']))
        self.assertLessEqual(found['started_at'], found['ended_at'])
        self.assertEqual((found['started_at'], PROTECT.digest, 2, ''), (
            found['good'], found['policy'], found['good_images'],
            found['error']))
        self.assertEqual((2, 2, 0), (found['images'], found['actions'],
                                     found['held']))
        self.assertIsNone(self.sweeper.due())

    def test_changes(self) -> None:
        """Since the last look of either kind, and the overlap."""
        last = ago(1000)
        for full, changes in ((1000, 9000), (9000, 1000)):
            self.api.requests.clear()
            self.mark(FULL, 0, full)
            self.mark(CHANGES, 0, changes)
            self.sweeper.sweep(CHANGES)
            since = (last - datetime.timedelta(seconds=300)).strftime(
                '%Y-%m-%dT%H:%M')
            self.assertEqual(2, len(self.api.listed()))
            for query in self.api.listed():
                self.assertIn(f'updated_at=gte:{since}', query)
                self.assertIn('visibility=all', query)

    def test_only_changed(self) -> None:
        self.mark(FULL, 1000, 1000)
        self.api.add(image_api.image(3, updated_at=ago(1200).strftime(
            '%Y-%m-%dT%H:%M:%SZ')))
        self.assertEqual(1, self.sweeper.sweep(CHANGES).images)
        self.assertEqual({3}, self.opened())

    def test_brake_knows_all(self) -> None:
        """Of a look at few images, its share counts of all there are."""
        self.brake = brake.Brake(percent=20)
        sweeper = self.make(SETTINGS)
        changed = ago(0).strftime('%Y-%m-%dT%H:%M:%SZ')
        self.api.add(*(image_api.image(number, updated_at=changed)
                       for number in range(10, 30)))
        self.mark(FULL, 1000, 1000, good_images=1000)
        seen = sweeper.sweep(CHANGES)
        self.assertEqual((20, 0), (seen.opened, seen.held))

    def test_told_of_many(self) -> None:
        """Each alone, by a policy that the brake has not seen all of.

        It would hold what a look at all of them opens.
        """
        self.brake = brake.Brake(images=5)
        sweeper = self.make(SETTINGS)
        self.api.add(*(image_api.image(number) for number in range(10, 30)))
        self.mark(FULL, 5, 10)
        self.policy = HIDE
        for image in list(self.api.images):
            self.assertEqual(observing.Seen(), sweeper.look([image]))
        self.assertEqual(set(), self.opened())
        seen = sweeper.sweep(FULL)
        self.assertEqual((21, 21), (seen.opened, seen.held))
        self.api.add(image_api.image(40))
        self.assertEqual(1, sweeper.look([image_api.image_id(40)]).opened)

    def test_policy_between(self) -> None:
        """It was read again after that look was found to be due."""
        self.mark(FULL, 3600, 3700)
        self.assertEqual(CHANGES, self.sweeper.due())
        self.policy = HIDE
        self.sweeper.sweep(CHANGES)
        self.assertEqual(HIDE.digest, self.marked(FULL)['policy'])

    def test_changes_after_a_wrong_clock(self) -> None:
        """A time to come is none to begin at: what changed is seen."""
        self.mark(FULL, 1000, 1000)
        self.mark(CHANGES, -99999, -99999)
        self.api.add(image_api.image(3, updated_at=ago(900).strftime(
            '%Y-%m-%dT%H:%M:%SZ')))
        self.sweeper.sweep(CHANGES)
        self.assertEqual({3}, self.opened())

    def test_changes_without_a_start(self) -> None:
        self.sweeper.sweep(CHANGES)
        self.assertEqual({1, 2}, self.opened())

    def test_changed_meanwhile(self) -> None:
        """After it was listed: the next look goes back to the beginning."""
        self.sweeper = self.make(sweeping.Settings(60, 86400, 0, 0))
        self.sweeper.sweep(FULL)
        began = self.marked(FULL)['started_at']
        self.sweeper.sweep(CHANGES)
        self.assertIn('gte:' + began[:19], self.api.listed()[-1])

    def test_pages(self) -> None:
        self.api.add(*(image_api.image(number, protected=True)
                       for number in range(3, 1203)))
        self.assertEqual(1202, self.sweeper.sweep(FULL).images)

    def test_gone(self) -> None:
        """A whole look closes the jobs of images that are not there."""
        self.sweeper.sweep(FULL)
        del self.api.images[image_api.image_id(1)]
        self.sweeper.sweep(CHANGES)
        self.assertEqual(2, len(jobs.list_jobs(self.database,
                                               state=jobs.OPEN)))
        self.assertEqual(1, self.sweeper.sweep(FULL).ended)


class FailedTest(SweepingCase):

    def failed(self, what: sweeps.What) -> str:
        with unittest.TestCase.assertRaises(
                self, exceptions.LifecycleError):
            self.sweeper.sweep(what)
        return str(self.marked(what)['error'])

    def test_service(self) -> None:
        self.api.fail = {'/v2/images': 500}
        self.assertIn('did not list the images', self.failed(FULL))
        found = self.marked(FULL)
        self.assertEqual(('', '', 0, 0), (
            found['good'], found['policy'], found['good_images'],
            found['images']))

    def test_last_good_stays(self) -> None:
        """So that the next one goes back as far as that."""
        self.mark(FULL, 9000, 9999)
        self.mark(CHANGES, 800, 900)
        good = [self.marked(what)['good'] for what in (FULL, CHANGES)]
        self.api.fail = {'/v2/images': 500}
        self.failed(CHANGES)
        self.failed(FULL)
        self.assertEqual(good, [
            self.marked(what)['good'] for what in (FULL, CHANGES)])
        self.assertEqual((PROTECT.digest, 2), (
            self.marked(FULL)['policy'], self.marked(FULL)['good_images']))

    def test_policy_and_back(self) -> None:
        """A look that failed has done some of its policy's will."""
        self.sweeper.sweep(FULL)
        self.policy = HIDE

        def second_page(_method: str, path: str) -> None:
            if 'os_hidden=true' in path:
                self.api.fail = {'/v2/images': 500}
        self.api.hook = second_page
        self.failed(FULL)
        self.api.hook = lambda _method, _path: None
        self.api.fail = {}
        self.policy = PROTECT
        self.mark_older(FULL)
        self.assertEqual(FULL, self.sweeper.due())
        self.sweeper.sweep(FULL)
        self.assertEqual({1, 2}, self.opened())

    def mark_older(self, what: sweeps.What) -> None:
        marks.set(self.database, what.mark, json.dumps({
            **self.marked(what), 'ended_at': ago(61).isoformat()}))

    def test_stores_unknown(self) -> None:
        """Or copies would seem not to be wanted."""
        self.policy = test_checks.policy(place={'stores': ['fast', 'far']})
        self.sweeper.sweep(FULL)
        self.api.fail = {'/v2/info/stores/detail': 500}
        self.failed(FULL)
        self.assertEqual({'queued'}, {
            job.state.value for job in jobs.list_jobs(self.database)})

    def test_connect(self) -> None:
        error = exceptions.ConfigurationError(detail='no credentials')
        self.sweeper = self.make(SETTINGS, mock.Mock(side_effect=error))
        self.assertIn('no credentials', self.failed(FULL))

    def test_long_error(self) -> None:
        """A proxy's page of HTML: no database takes all of it."""
        error = exceptions.ConfigurationError(detail='x' * 10 ** 6)
        self.sweeper = self.make(SETTINGS, mock.Mock(side_effect=error))
        self.assertLess(len(self.failed(FULL)), 3000)


class PaceTest(SweepingCase):

    def paced(self, settings: sweeping.Settings, count: int) -> list[float]:
        """How long it waits, each time, where no time passes."""
        stop = mock.Mock()
        stop.wait.return_value = False
        sweeper = self.make(settings)
        with mock.patch.object(sweeper, '_stop', stop), \
                mock.patch('time.monotonic', lambda: 5.0):
            self.assertEqual(count, len(list(sweeper._paced(
                {} for _each in range(count)))))
        return [call.args[0] for call in stop.wait.call_args_list]

    def test_rate(self) -> None:
        self.assertEqual([0.5, 1.0], self.paced(
            sweeping.Settings(60, 60, 200, 0), 250))
        self.assertEqual([0, 0], self.paced(
            sweeping.Settings(60, 60, 0, 0), 250))

    def test_stopped(self) -> None:
        """It writes nothing down, and the next one begins anew."""
        self.api.add(*(image_api.image(number) for number in range(3, 200)))
        self.stop.set()
        with unittest.TestCase.assertRaises(self, sweeping.Stopped):
            self.sweeper.sweep(FULL)
        self.assertIsNone(marks.get(self.database, FULL.mark))
        self.stop.clear()
        self.assertEqual(FULL, self.sweeper.due())
