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

import datetime
from typing import Any

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.policy import decision
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import brake
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import members
from glance_lifecycle.worker import kindred
from glance_lifecycle.worker import observing

POLICY = test_checks.policy(retain={
    'family': {'property': 'build'}, 'keep_last': 1,
    'hide_after': '0 days', 'only_unused': False})
OTHER = test_checks.policy(retain={
    'family': {'property': 'build'}, 'keep_last': 2,
    'hide_after': '0 days', 'only_unused': False})

ids = image_api.image_id


class KindredCase(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi())
        self.cloud = self.api.cloud()
        self.observer = observing.Observer(self.database, brake.Brake(),
                                           'sweep')

    def add(self, number: int, **changes: Any) -> None:
        self.api.add(image_api.image(number, **{
            'created_at': '2026-01-%02dT00:00:00Z' % number, 'build': 'x',
            **changes}))

    def change(self, number: int, **changes: Any) -> None:
        self.api.images[ids(number)] |= changes

    def look_at_all(self, policy: decision.Policy = POLICY) -> None:
        self.observer.look([*self.api.images.values()], self.cloud, policy)
        self.api.requests.clear()

    def look(self, *numbers: int, policy: decision.Policy = POLICY
             ) -> observing.Seen:
        """At these, which have changed; some of them may be gone."""
        changed = [*map(ids, numbers)]
        there = [self.api.images[one] for one in changed
                 if one in self.api.images]
        return self.observer.look_at_some(
            there, kindred.Noted(self.database, self.cloud, policy,
                                 datetime.datetime.now(datetime.UTC)),
            policy, len(self.api.images),
            [one for one in changed if one not in self.api.images])

    def wanted(self) -> dict[str, list[str]]:
        """Image -> purposes of open jobs."""
        found: dict[str, list[str]] = {}
        for job in jobs.list_jobs(self.database, state=jobs.OPEN,
                                  limit=1000):
            found.setdefault(job.image_id, []).append(job.purpose)
        return found

    def hidden(self, *numbers: int) -> None:
        self.assertEqual({ids(number): ['hide'] for number in numbers},
                         self.wanted())


class NotedTest(KindredCase):

    def setUp(self) -> None:
        super().setUp()
        for number in (1, 2, 3):
            self.add(number)
        self.look_at_all()
        self.hidden(1, 2)

    def listed(self) -> list[str]:
        """Queries for whole projects."""
        return [query for query in self.api.listed() if 'owner=' in query]

    def test_nothing_new(self) -> None:
        """Its family is not listed."""
        self.change(3, tags=['a'])
        self.assertEqual(1, self.look(3).images)
        self.assertEqual([], self.api.listed())
        self.hidden(1, 2)

    def test_with_a_job(self) -> None:
        """What has one is looked at as it is."""
        self.change(1, tags=['a'])
        self.look(1)
        self.assertEqual(2, len(self.listed()))
        self.hidden(1, 2)

    def test_a_new_one(self) -> None:
        self.add(4)
        self.assertEqual((4, 1), (self.look(4).images, 1))
        self.hidden(1, 2, 3)

    def test_a_new_one_after_the_one_before(self) -> None:
        """Both have changed, and the older one was met first."""
        self.change(3, tags=['a'])
        self.add(4)
        self.look(3, 4)
        self.hidden(1, 2, 3)

    def test_of_another_project(self) -> None:
        self.add(4, owner='q')
        self.assertEqual(1, self.look(4).images)
        self.hidden(1, 2)

    def test_not_usable_any_more(self) -> None:
        self.change(3, status='deactivated')
        self.look(3)
        self.hidden(1)

    def test_moved(self) -> None:
        """Out of one family, and into another one."""
        self.add(4, build='y')
        self.look_at_all()
        self.change(3, build='y')
        self.look(3)
        self.hidden(1, 3)

    def test_out_of_all(self) -> None:
        del self.api.images[ids(3)]['build']
        self.look(3)
        self.hidden(1)
        self.assertIsNone(members.get(self.database, ids(3)))

    def test_gone(self) -> None:
        """Somebody told of it: those that it made old are not, any more."""
        del self.api.images[ids(3)]
        self.look(3)
        self.hidden(1)

    def test_notes_of_what_is_gone(self) -> None:
        """Nobody told of it. The notes decide nothing."""
        del self.api.images[ids(3)]
        self.change(2, tags=['a'])
        self.look(2)
        self.hidden(1)

    def test_notes_that_are_not_there(self) -> None:
        """What needs something is found by listing."""
        members.remove(self.database, [ids(1), ids(2), ids(3)])
        self.change(3, os_hidden=True)
        self.look(3)
        self.hidden(1, 2)

    def test_forgotten(self) -> None:
        """At a look at all images, and only of those that are gone."""
        del self.api.images[ids(1)]
        self.look_at_all()
        self.assertIsNone(members.get(self.database, ids(1)))
        self.assertIsNotNone(members.get(self.database, ids(2)))


_NUMBERS = st.integers(1, 5)
_CHANGES = st.fixed_dictionaries({}, optional={
    'build': st.sampled_from(['x', 'y', '']),
    'status': st.sampled_from(['active', 'deactivated', 'queued']),
    'visibility': st.sampled_from(['private', 'public']),
    'architecture': st.sampled_from(['arm', 'x86'])})


class AnyOrderTest(KindredCase):
    """Looks at what has changed find what a look at all would."""

    @hypothesis.settings(
        max_examples=12, deadline=None, suppress_health_check=[
            hypothesis.HealthCheck.differing_executors])
    @hypothesis.given(
        st.sampled_from([POLICY, OTHER]),
        st.lists(st.lists(st.tuples(_NUMBERS, st.none() | _CHANGES),
                          min_size=1, max_size=3), max_size=4))
    def test_same(self, policy: decision.Policy,
                  steps: list[list[tuple[int, dict[str, Any] | None]]]
                  ) -> None:
        self.api.images.clear()
        for number in (1, 2, 3):
            self.add(number)
        self.look_at_all(policy)
        for step in steps:
            for number, changes in step:
                if changes is None:
                    self.api.images.pop(ids(number), None)
                elif ids(number) in self.api.images:
                    self.change(number, **changes)
                else:
                    self.add(number, **changes)
            self.look(*{number for number, _changes in step}, policy=policy)
            found = {one: purposes for one, purposes in self.wanted().items()
                     if one in self.api.images}
            self.look_at_all(policy)
            self.assertEqual(self.wanted(), found)
