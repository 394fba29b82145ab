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

"""A plan of a migration in a file: as it was made, or refused."""

import dataclasses
import json
from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.planning import waves
from glance_lifecycle.worker.migrating import plan as plans

ID = '00000000-0000-4000-8000-000000000001'
OTHER = '00000000-0000-4000-8000-000000000002'


def plan(*waves_: tuple[str, ...], **changes: Any) -> plans.Plan:
    return plans.Plan(**{
        'made': '2026-03-01T12:00:00+00:00', 'source': 'bulk',
        'target': 'fast', 'where': '', 'settings': plans.Settings(
            False, True, 60.0, 4, 3, ('22:00-06:00',)),
        'forecast': plans.Forecast(100.0, 1.0, 'given', None),
        'waves': tuple(waves.Wave(tuple(waves.Candidate(
            image_id, 'n\u00e4me', 'p', 10) for image_id in ids), 1.5)
            for ids in waves_),
        'left': (plans.Left(OTHER, 'n', 'no room'),), **changes})


class PlanTest(unittest.TestCase):

    def refused(self, found: plans.Plan) -> str:
        with self.assertRaises(exceptions.ConfigurationError) as caught:
            plans.load(found.to_json().encode())
        return str(caught.exception)

    def test_as_it_was_made(self) -> None:
        made = plan((ID,), (OTHER,))
        self.assertEqual(made, plans.load(made.to_json().encode()))
        self.assertEqual((16, 2), (len(made.id), made.images))

    def test_changed(self) -> None:
        found = json.loads(plan((ID,)).to_json())
        found['target'] = 'far'
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'not as it was made'):
            plans.load(json.dumps(found).encode())

    def test_no_plan(self) -> None:
        """Of hostile bytes, with a digest that is right."""
        settings = plan().settings
        for found, why in (
                (plan((ID,), (ID,)), 'an image twice'),
                (plan((ID,), target='bulk'), 'to the same'),
                (plan(('../../v2/tasks',)), 'no id of an image'),
                (plan((ID,), target='a\nb'), 'no name of a store'),
                (plan((ID,), forecast=plans.Forecast(0, 1, 'given', None)),
                 'not more than 0'),
                (plan((ID,), settings=dataclasses.replace(
                    settings, parallel=0)), 'from 1 to 1000'),
                (plan((ID,), settings=dataclasses.replace(
                    settings, windows=('always',))), 'no window'),
                (plan((ID,), settings={
                    **dataclasses.asdict(settings), 'keep': 'no'}),
                 'neither true nor false')):
            self.assertIn(why, self.refused(found))
