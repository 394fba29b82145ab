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

"""A plan is what it was when it was made, or it is refused."""

import dataclasses
import hashlib
import json
from typing import Any

import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import quarantine

A = helpers.A


def step(name: str = A, **other: Any) -> plans.Step:
    made = plans.Step.of('s1', 'GLC020', helpers.entry(name), True,
                         'The image is deleted.')
    return dataclasses.replace(made, **other)


def plan(*steps: plans.Step, **other: Any) -> plans.Plan:
    return plans.Plan(**{
        'made': '2026-01-01T00:00:00+00:00', 'grace': 0.0, 'keep': 0,
        'most': 1000, 'percent': 10.0, 'alone': (),
        'stores': (plans.Store('s1', 10, 100_000),), 'steps': steps, **other})


class PlanTest(testtools.TestCase):

    def test_there_and_back(self) -> None:
        for one in (plan(), plan(step(), step(helpers.B, size=None)),
                    plan(step('\udcff\n"'), percent=10, alone=('s1', 's2'))):
            found = plans.load(one.to_json().encode())
            self.assertEqual(one, found)
            self.assertEqual(one.id, found.id)
            self.assertTrue(quarantine.is_plan(found.id))
            self.assertEqual(json.loads(one.to_json())['digest'][:16],
                             found.id)

    def test_entry(self) -> None:
        entry = helpers.entry(A)
        self.assertEqual(entry, step().entry)
        self.assertEqual(entry.held, plan(step()).held)

    def test_digest(self) -> None:
        """Of all of it: whatever is changed, it is refused."""
        text = plan(step()).to_json()
        for old, new in (('GLC020', 'GLC021'), ('100000', '100001'),
                         (A, helpers.B), ('"most": 1000', '"most": 1001'),
                         ('"percent": 10.0', '"percent": 10')):
            self.assertIn(old, text)
            self.refused(text.replace(old, new), 'its digest is another')
        self.assertEqual(2, len({plan(step()).id, plan(step(
            why='other')).id}))

    def refused(self, text: str | bytes, why: str) -> None:
        error = self.assertRaises(
            exceptions.ConfigurationError, plans.load,
            text if isinstance(text, bytes) else text.encode(
                errors='surrogatepass'))
        self.assertIn(why, str(error))
        self.assertTrue(str(error).endswith('.'))

    def test_no_plan(self) -> None:
        for text, why in (
                ('', 'not JSON'), ('[]', 'does not say'), ('[' * 10 ** 6,
                                                           'not JSON'),
                ('{"a": NaN}', 'not JSON'), ('1' * 10000, 'not JSON'),
                ('{"format": 1, "format": 2}', 'not JSON'),
                (b'\xff\xfe\xff', 'not JSON'), ('\ud800', 'not JSON'),
                ('{"format": "%s", "version": 2}' % plans.FORMAT,
                 'not of version'),
                (b' ' * (plans.MAX_BYTES + 1), 'larger than')):
            self.refused(text, why)

    def hostile(self, **change: Any) -> str:
        """A plan with a digest that is right."""
        found = json.loads(plan(step()).to_json())
        del found['digest']
        for name, value in change.items():
            if value is None:
                del found[name]
            elif name in found:
                found[name] = value
            else:
                found['steps'][0][name] = value
        found['digest'] = hashlib.sha256(json.dumps(
            found, sort_keys=True, separators=(',', ':')).encode()
        ).hexdigest()
        return json.dumps(found)

    def test_right_digest(self) -> None:
        plans.load(self.hostile().encode())
        changes: tuple[dict[str, Any], ...] = (
            {'most': -1}, {'most': True}, {'most': 1.5}, {'most': '1'},
            {'percent': 101}, {'percent': -0.1}, {'percent': []},
            {'grace': 2 ** 63}, {'grace': -1}, {'keep': 'long'},
            {'made': 5}, {'alone': 's1'}, {'alone': [1]}, {'most': None},
            {'stores': []}, {'stores': [1]}, {'stores': [{'name': 's1'}]},
            {'stores': [dataclasses.asdict(plans.Store('s1', 1, 1))] * 2},
            {'steps': {}}, {'steps': [[]]}, {'steps': [{}] * 50_001},
            {'kind': 'everything'}, {'kind': 1}, {'name': ['x']},
            {'place': 'x' * 8193}, {'size': -1}, {'changed': '0'},
            {'identity': 0}, {'deleted': 'yes'}, {'store': 's2'},
            {'more': 1})
        for change in changes:
            self.refused(self.hostile(**change), 'it is no plan')
