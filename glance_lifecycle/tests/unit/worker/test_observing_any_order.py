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

"""Whatever happens, in any order: what is looked at is as it should be."""

from collections.abc import Collection
import datetime
from typing import Any

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
import sqlalchemy as sa

from glance_lifecycle.policy import decision
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import looking
from glance_lifecycle.tests.unit.worker import test_observing
from glance_lifecycle.tests.unit.worker import test_reconcile
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import brake
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import reconcile

State = jobs.State

_NUMBERS = st.integers(1, 3)
_CHANGES = st.one_of(
    st.fixed_dictionaries({}, optional={
        'protected': st.booleans(), 'os_hidden': st.booleans(),
        'tags': st.sampled_from([[], ['golden']]),
        'stores': st.sampled_from(['fast', 'bulk', 'fast,bulk,far']),
        'status': st.sampled_from(['active', 'deactivated', 'queued']),
        reconcile.LOCK: st.sampled_from(['', 't1'])}))
_POLICIES = st.sampled_from([
    test_observing.PROTECT, test_observing.TAGGED, test_observing.AGAIN,
    test_observing.NOTHING, test_observing.PLACED])


class ObservingMachine(stateful.RuleBasedStateMachine):
    """Any order of what owners, operators, workers and the policy do."""

    database: engine.Database

    def __init__(self) -> None:
        super().__init__()
        for table in (models.JOBS, models.HISTORY):
            self.database.write(lambda connection: connection.execute(
                sa.delete(table)))
        self.images: test_observing.Images = {}
        self.policy = test_observing.PROTECT
        # (image, purpose) -> the image and the policy that it ended under,
        # and what it was to do.
        self.given_up: dict[tuple[str, str], tuple[Any, str, Any]] = {}
        for number in (1, 2, 3):
            self.make(number, {})

    def found(self, *states: State) -> list[jobs.Job]:
        return jobs.list_jobs(self.database, state=states or None,
                              limit=10_000)

    def some(self, data: st.DataObject, *states: State) -> jobs.Job | None:
        found = self.found(*states)
        if not found:
            return None
        return found[data.draw(st.integers(0, len(found) - 1))]

    @stateful.rule(number=_NUMBERS, changes=_CHANGES)
    def make(self, number: int, changes: dict[str, Any]) -> None:
        image = image_api.image(number)
        self.images[image['id']] = {
            **self.images.get(image['id'], image), **changes,
            'updated_at': test_observing.now()}

    @stateful.rule(number=_NUMBERS)
    def delete(self, number: int) -> None:
        self.images.pop(image_api.image_id(number), None)

    @stateful.rule(policy=_POLICIES)
    def decide(self, policy: decision.Policy) -> None:
        self.policy = policy

    @stateful.rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = self.some(data, State.QUEUED, State.HELD)
        if job is not None:
            self._gave_up(job_changes.cancel(self.database, job.id,
                                             actor='op'))

    @stateful.rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        job = self.some(data, State.QUEUED)
        if job is not None:
            claims.claim(self.database, job.id, 'w1')

    @stateful.rule(data=st.data(), state=st.sampled_from(
        [State.DONE, State.FAILED]))
    def finish(self, data: st.DataObject, state: State) -> None:
        job = self.some(data, State.RUNNING)
        if job is None:
            return
        image = self.images.get(job.image_id)
        if state is State.FAILED:
            self._gave_up(claims.finish(self.database, job.id, job.fence,
                                        state, error='No.'))
            return
        proof = None
        if image is not None and self._needs(image, job.purpose) == (
                job.action['arguments']):
            after = {
                **test_reconcile.carried_out(
                    image, actions.Action.from_dict(job.action)),
                'updated_at': test_observing.now()}
            proof = {history.CHANGED: [image['updated_at'],
                                       after['updated_at']]}
            self.images[job.image_id] = after
            # What a worker changes is no change to these.
            self.given_up |= {
                key: (after, *rest) for key, (was, *rest)
                in self.given_up.items() if was == image}
        claims.finish(self.database, job.id, job.fence, state, proof=proof)
        self.given_up.pop((job.image_id, job.purpose), None)

    @stateful.rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """By an operator."""
        job = self.some(data, State.HELD)
        if job is not None:
            job_changes.requeue(self.database, job.id, actor='op')

    def _gave_up(self, job: jobs.Job) -> None:
        self.given_up[job.image_id, job.purpose] = (
            self.images.get(job.image_id), job.policy_digest,
            job.action['arguments'])

    def _needs(self, image: dict[str, Any], purpose: str) -> Any:
        return next((action.arguments for action in self._all(image).actions
                     if action.purpose == purpose), None)

    def _all(self, image: dict[str, Any]) -> reconcile.Needs:
        return test_observing.Cloud(self.images).needs(
            image, self.policy, datetime.datetime.now(datetime.UTC))

    @stateful.rule(whole=st.booleans(), numbers=st.sets(_NUMBERS))
    def look(self, whole: bool, numbers: set[int]) -> None:
        before = {job.id: job for job in self.found()}
        seen = [image for image in self.images.values()
                if whole or int(image['id'][-1]) in numbers]
        looking.look(
            observing.Observer(self.database, brake.Brake(images=1), 'look'),
            iter(seen), test_observing.Cloud(self.images), self.policy,
            None if whole else len(self.images))
        there = self.found(*jobs.OPEN)
        for image in seen:
            self._check(image, [job for job in there
                                if job.image_id == image['id']], before)
        if whole:
            assert all(job.image_id in self.images for job in there
                       if job.state != State.RUNNING)
        # The brake: what may be done now and might not before.
        new = {job.image_id for job in there
               if job.state == State.QUEUED and (
                   job.id not in before or job.action['arguments'] !=
                   before[job.id].action['arguments'])}
        assert len(new) <= 1, new

    def _check(self, image: dict[str, Any], there: list[jobs.Job],
               before: Collection[str]) -> None:
        if image.get(reconcile.LOCK):
            return
        wanted = {action.purpose: action
                  for action in self._all(image).actions}
        waiting = {job.purpose: job for job in there
                   if job.state != State.RUNNING}
        assert waiting.keys() <= wanted.keys()
        for purpose, action in wanted.items():
            if purpose in waiting:
                job = waiting[purpose]
                assert job.action == action.to_dict()
                assert job.policy_digest == self.policy.digest
                # One that another policy has opened meanwhile is joined.
                assert job.id in before or self.given_up.get(
                    (image['id'], purpose)) != (
                        image, self.policy.digest, action.arguments)
            elif purpose not in {job.purpose for job in there}:
                last = jobs.latest(self.database, image['id'], purpose)
                assert last is not None
                assert last.state in (State.FAILED, State.CANCELLED)

    @stateful.invariant()
    def one_of_a_kind(self) -> None:
        keys = [(job.image_id, job.purpose) for job in self.found(*jobs.OPEN)]
        assert len(keys) == len(set(keys))


class AnyOrderTest(cases.DatabaseTestCase):

    def test_any_order(self) -> None:
        ObservingMachine.database = self.database
        stateful.run_state_machine_as_test(
            ObservingMachine, settings=hypothesis.settings(
                max_examples=50, stateful_step_count=25, deadline=None,
                suppress_health_check=list(hypothesis.HealthCheck)))
