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

"""Plans of a worker as files: whole, few, and never one that is needed."""

import os
import pathlib
import stat
from typing import Any
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.reclaim import plan_files
from glance_lifecycle.tests.unit.transfer.backends import helpers


class PlanFilesTest(helpers.TempDirTestCase):

    def plan(self, number: int = 0, **other: Any) -> plans.Plan:
        return plans.Plan(**{
            'made': f'2026-11-28T14:00:{number:02}+00:00', 'grace': 0.0,
            'keep': 0.0, 'most': 1, 'percent': 1.0, 'alone': (),
            'stores': (plans.Store('s1', 1, 1),), 'steps': (), **other})

    def write(self, *numbers: int) -> list[plans.Plan]:
        found = [self.plan(number) for number in numbers]
        for one in found:
            plan_files.write(self.path, one)
        return found

    def kept(self) -> list[str]:
        return sorted(name[-21:-5] for name in os.listdir(
            pathlib.Path(self.path, 'hygiene')))

    def needed(self) -> frozenset[str]:
        raise AssertionError('nobody is to be asked')

    def test_written(self) -> None:
        made = self.plan()
        path = plan_files.write(self.path, made)
        self.assertEqual(f'plan-20261128T140000-{made.id}.json', path.name)
        self.assertEqual([path.name], os.listdir(path.parent))
        self.assertEqual((0o700, 0o600), (
            stat.S_IMODE(path.parent.stat().st_mode),
            stat.S_IMODE(path.stat().st_mode)))
        self.assertEqual(made, plans.load(path.read_bytes()))
        self.assertEqual([made], list(plan_files.of(self.path, {made.id})))

    def test_not_written(self) -> None:
        pathlib.Path(self.path, 'hygiene').touch()
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'state_dir'):
            plan_files.write(self.path, self.plan())

    def test_too_large(self) -> None:
        made = self.plan()
        with mock.patch.object(plans, 'MAX_BYTES', 2 ** 20), \
                self.assertRaisesRegex(exceptions.ConfigurationError,
                                       'larger than 1 MiB'):
            plan_files.write(self.path, self.plan(alone=('x' * 2 ** 20,)))
        self.assertEqual([], list(plan_files.of(self.path, {made.id})))

    def test_found(self) -> None:
        """The oldest first; neither others nor what is damaged."""
        second, first, third = self.write(2, 1, 3)
        self.assertEqual([first, second], list(plan_files.of(
            self.path, {first.id, second.id})))
        for path in pathlib.Path(self.path, 'hygiene').glob(
                f'*{first.id}*'):
            path.write_text(path.read_text().replace('"most": 1',
                                                     '"most": 2'))
        self.assertEqual([second, third], list(plan_files.of(
            self.path, {first.id, second.id, third.id})))
        self.assertEqual([], list(plan_files.of(self.path + '/no', {'x'})))

    def test_pruned(self) -> None:
        made = self.write(*range(5))
        plan_files.prune(self.path, self.needed, most=5)
        self.assertEqual(5, len(self.kept()))
        plan_files.prune(self.path, lambda: {made[0].id}, most=3)
        self.assertEqual(sorted(
            made[number].id for number in (0, 2, 3, 4)), self.kept())

    def test_nobody_knows(self) -> None:
        """Then none is removed."""
        self.write(*range(3))

        def away() -> frozenset[str]:
            raise exceptions.StoreError(store='s1', detail='it is away')
        self.assertRaises(exceptions.StoreError, plan_files.prune, self.path,
                          away, most=1)
        self.assertEqual(3, len(self.kept()))

    def test_leftovers(self) -> None:
        """Of a worker that was killed; other files stay."""
        self.write(1)
        directory = pathlib.Path(self.path, 'hygiene')
        for name in ('.new-abc', 'mine.json'):
            (directory / name).touch()
        plan_files.prune(self.path, self.needed)
        self.assertEqual(2, len(self.kept()))
        self.assertTrue((directory / 'mine.json').exists())
