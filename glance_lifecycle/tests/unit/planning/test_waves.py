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

"""Waves: the room is never exceeded, each image is in one, the canary first.
"""

import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.planning import waves

_CANDIDATES = st.lists(st.builds(
    waves.Candidate, id=st.uuids().map(str), name=st.just('n'),
    project=st.just('p'), size=st.integers(0, 1000), there=st.booleans(),
    golden=st.booleans(), dependents=st.integers(0, 3)),
    unique_by=lambda one: one.id, max_size=40)
_LIMITS = st.builds(
    waves.Limits, room=st.none() | st.integers(0, 5000),
    images=st.integers(1, 10), seconds=st.floats(0.1, 100),
    canary=st.integers(0, 3))
_PACES = st.builds(waves.Pace, rate=st.floats(1, 1000),
                   each=st.floats(0, 5), parallel=st.integers(1, 8))


def candidate(number: int, size: int = 10, **facts: object
              ) -> waves.Candidate:
    return waves.Candidate('%02d' % number, 'name', 'project', size,
                           **facts)  # type: ignore[arg-type]


def ids(wave: waves.Wave) -> list[str]:
    return [image.id for image in wave.images]


class MakeTest(unittest.TestCase):

    pace = waves.Pace(rate=10, each=0, parallel=4)

    @hypothesis.given(_CANDIDATES, _PACES, _LIMITS)
    def test_any(self, found: list[waves.Candidate], pace: waves.Pace,
                 limits: waves.Limits) -> None:
        made = waves.make(found, pace, limits)
        moved = [image for wave in made.waves for image in wave.images]
        self.assertCountEqual(found, [*moved, *made.without_room])
        if limits.room is None:
            self.assertEqual((), made.without_room)
        else:
            self.assertLessEqual(sum(image.writes for image in moved),
                                 limits.room)
        # In the order of the risk: so the canary has the least.
        self.assertEqual(sorted(moved, key=lambda one: one.risk), moved)
        for number, wave in enumerate(made.waves):
            self.assertEqual(number == 0 and limits.canary > 0, wave.canary)
            self.assertTrue(wave.images)
            if wave.canary:
                self.assertLessEqual(len(wave.images), limits.canary)
            else:
                self.assertLessEqual(len(wave.images), limits.images)
                if len(wave.images) > 1:
                    self.assertLessEqual(wave.seconds, limits.seconds)

    def test_risk(self) -> None:
        """Golden ones last, whatever needs the others."""
        made = waves.make(
            [candidate(1, golden=True), candidate(2, dependents=3),
             candidate(3, size=20), candidate(4, size=5)], self.pace,
            waves.Limits(None, 2, 1000, 1))
        self.assertEqual([['04'], ['03', '02'], ['01']],
                         [ids(wave) for wave in made.waves])

    def test_room(self) -> None:
        """A smaller one may fit where a larger one does not."""
        made = waves.make(
            [candidate(1, 6), candidate(2, 50), candidate(3, 2, golden=True),
             candidate(4, 100, there=True)], self.pace,
            waves.Limits(10, 10, 1000, 0))
        self.assertEqual([['01', '04', '03']],
                         [ids(wave) for wave in made.waves])
        self.assertEqual(['02'], [one.id for one in made.without_room])

    def test_seconds(self) -> None:
        """What takes longer than a wave may has one of its own."""
        made = waves.make([candidate(1, 1000), candidate(2, 40),
                           candidate(3, 50)], self.pace,
                          waves.Limits(None, 10, 10, 0))
        self.assertEqual([(['02', '03'], 9.0), (['01'], 100.0)],
                         [(ids(wave), wave.seconds) for wave in made.waves])


class RevisedTest(unittest.TestCase):

    def test_revised(self) -> None:
        self.assertEqual([20.0, 40.0], waves.revised([10, 10, 20], [20]))
        self.assertEqual([10, 20], waves.revised([10, 20], []))
        self.assertEqual([], waves.revised([10], [5]))

    def test_nothing_was_forecast(self) -> None:
        self.assertEqual([10], waves.revised([0, 10], [5]))


class BusyTest(unittest.TestCase):

    def test_busy(self) -> None:
        """Overlaps count once, and pauses not at all."""
        self.assertEqual(7, waves.busy([(10, 12), (0, 3), (1, 5)]))
        self.assertEqual(5, waves.busy([(0, 5), (1, 2)]))
        self.assertEqual(0, waves.busy([]))
