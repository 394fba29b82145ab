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

"""From any drift, a worker reconciles; and then does nothing any more.

What the plan alone does to any image is in the unit tests, with many more
examples. Here a real Glance is asked, and does it.
"""

import datetime
import hashlib
import json
from typing import Any
import uuid

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import drift as policy_drift
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import jobs

_KINDS = {'s1': 'file', 's2': 'file', 's3': 'file'}
_WORDS = st.sampled_from(['a', 'b', 'c'])
_STORES = st.lists(st.sampled_from(sorted(_KINDS)), unique=True, min_size=1)
_IMAGES = st.fixed_dictionaries({
    'name': st.sampled_from(['drift-1', 'other']),
    'visibility': st.sampled_from(wants.ALL_VISIBILITIES),
    'protected': st.booleans(), 'os_hidden': st.booleans(),
    'tags': st.lists(_WORDS, unique=True)},
    optional={'x': _WORDS, 'y': _WORDS})
_WANTED = st.fixed_dictionaries({
    'place': st.builds(
        lambda stores, exact: {
            'stores': stores[:1], 'later': stores[1:],
            **({'copies': 'exact', 'combine': 'policy-only'} if exact
               else {})}, _STORES, st.booleans()),
    'protect': st.fixed_dictionaries({'protected': st.booleans()}),
    'visibility': st.fixed_dictionaries({'allowed': st.lists(
        st.sampled_from(wants.ALL_VISIBILITIES), min_size=1, unique=True)}),
    'metadata': st.fixed_dictionaries({
        'set_properties': st.fixed_dictionaries({'x': _WORDS}),
        'set_tags': st.just(['a']), 'forbid_properties': st.just(['y*']),
        'forbid_tags': st.just(['b'])})},
    optional={'retain': st.sampled_from(
        ['hide_after', 'deactivate_after', 'delete_after']).map(
            lambda option: {option: '0 seconds', 'only_unused': False})})


class ConvergenceTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        self.daemon = self.worker(
            'version: 1\nrules: []\n', brake_images=0, brake_percent=0)

    def drifted(self, stores: list[str], deactivated: bool,
                **fields: Any) -> str:
        created = self.admin.create_image(disk_format='raw', **fields)
        image_id = str(created['id'])
        self.admin.stage(image_id, b'bytes')
        self.admin.import_image(image_id, stores=stores)
        self.admin.wait_import(image_id)
        if deactivated:
            self.admin.request('POST',
                               f'images/{image_id}/actions/deactivate')
        return image_id

    def look(self, policy: str) -> list[jobs.Job]:
        """All images, until nothing is to be done; all jobs there were."""
        self.daemon.set_policy(policy)
        # Not at once: half a document may be a good one.
        digest = hashlib.sha256(policy.encode()).hexdigest()
        waiting.until('the policy is in force',
                      lambda: digest in self.daemon.log_text())
        self.daemon.wait_for_sweep()
        for _round in range(5):
            found = jobs.list_jobs(self.daemon.database, limit=10_000)
            if not any(job.state in jobs.OPEN for job in found):
                return found
            self.daemon.wait_for_sweep()
        self.fail(f'not over after five looks: {found}')

    def seen(self) -> dict[str, Any]:
        return {image['id']: image for hidden in ('true', 'false')
                for image in self.admin.list_images(
                    limit='1000', os_hidden=hidden)}

    @hypothesis.given(
        st.lists(st.tuples(_STORES, st.booleans(), _IMAGES), min_size=4,
                 max_size=4), _WANTED)
    @hypothesis.settings(
        max_examples=5, deadline=None, database=None,
        # One takes seconds: it is shown as it is.
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck))
    def test_converges(self, images: list[Any], wanted: Any) -> None:
        # Nothing is wanted while they are made: a job for an image that is
        # deactivated just then would fail, and rightly.
        self.look('version: 1\nrules: []\n# %s\n' % uuid.uuid4())
        made = [self.drifted(stores, deactivated, **fields)
                for stores, deactivated, fields in images]
        policy = json.dumps({'version': 1, 'rules': [
            {'name': 'all', 'match': {'name': 'drift-*'}, **wanted}]})
        others = {one: image for one, image in self.seen().items()
                  if image['name'] == 'other'}
        before = self.look(policy)
        failed = [job for job in before if job.image_id in made
                  and job.state != jobs.State.DONE]
        self.assertEqual([], failed)
        converged = self.seen()
        self.assertEqual(others, {one: converged.get(one) for one in others})
        for image in converged.values():
            if image['name'] != 'other':
                self.assert_as_wanted(image, policy)
        after = self.look(policy + '\n# All are looked at again.\n')
        self.assertEqual([job.id for job in before],
                         [job.id for job in after])
        self.assertEqual(converged, self.seen())
        self.clear()

    def assert_as_wanted(self, image: Any, text: str) -> None:
        """But for what its owner has to do, or no action can."""
        policy = decision.Policy(document.load(text.encode()))
        facts = drift.facts(image, datetime.datetime.now(datetime.UTC),
                            _KINDS)
        left = {found.option for found in policy_drift.compare(
            facts, policy.decide(facts))}
        mine = {'allowed'}
        if image['status'] == 'deactivated':
            mine |= {'stores', 'later', 'copies'}
        self.assertLessEqual(left, mine, image)
        self.assertTrue(image['stores'])

    def clear(self) -> None:
        for image in self.seen().values():
            if image['protected']:
                self.admin.update(image['id'], protected=False)
            self.admin.delete(image['id'])
