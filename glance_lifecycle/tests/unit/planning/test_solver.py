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


"""HiGHS solves it; without HiGHS it is said what to install."""

import subprocess
import sys
import unittest
from unittest import mock

from glance_lifecycle.planning import solver

# Two of size 2 and one of size 3; the cheap room holds 3.
PROGRAMME = solver.Programme(
    costs=[1, 5, 2, 9], groups=[0, 0, 1, 1], counts=[2, 1],
    takes=[[(0, 2)], [(1, 2)], [(0, 3)], [(1, 3)]], rooms=[3, 100])


class SolverTest(unittest.TestCase):

    def test_whole(self) -> None:
        """A fraction would be cheaper; the room is worth something."""
        found = solver.solve(PROGRAMME, 10)
        self.assertEqual([0, 2, 1, 0], [round(one) for one in found.chosen])
        self.assertGreater(found.worth[0], 0)
        self.assertEqual(0, found.worth[1])

    def test_no_room(self) -> None:
        with self.assertRaisesRegex(solver.NotSolved, 'found no placement'):
            solver.solve(solver.Programme(
                [1], [0], [1], [[(0, 2)]], [1]), 10)

    def test_quiet(self) -> None:
        """HiGHS writes nothing between what a command says."""
        found = subprocess.run(
            [sys.executable, '-c', 'from glance_lifecycle.tests.unit.planning'
             ' import test_solver as one; one.solver.solve(one.PROGRAMME, 9)'],
            stdout=subprocess.PIPE, check=True)
        self.assertEqual(b'', found.stdout)

    def test_missing(self) -> None:
        with mock.patch.dict(sys.modules, {'highspy': None}):
            with self.assertRaisesRegex(
                    solver.SolverMissing, r'"glance-lifecycle\[planning\]"'):
                solver.solve(PROGRAMME, 10)
