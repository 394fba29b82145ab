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

"""A file that cannot be written is refused before the work."""

import pathlib
import tempfile
from typing import Any
import unittest
from unittest import mock

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc import cloud_show
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc import duplicates_plan
from glance_lifecycle.osc import hygiene_plan
from glance_lifecycle.osc import migrate_format_plan
from glance_lifecycle.osc import migrate_plan
from glance_lifecycle.osc import plan

_COMMANDS: tuple[tuple[Any, str], ...] = (
    (cloud_show.ShowCloud, '--output'),
    (duplicates_plan.PlanDuplicates, '--remedy hide --out'),
    (hygiene_plan.PlanHygiene, '--out'),
    (migrate_format_plan.PlanFormat, '--out'),
    (migrate_plan.PlanMigration, '--from a --to b --out'),
    (plan.PlanImages, '--out'))


class CheckNewTest(unittest.TestCase):

    def setUp(self) -> None:
        self.work = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory()))

    def test_check(self) -> None:
        there = self.work / 'there'
        there.symlink_to('nowhere')
        for path, why in ((there, 'File exists'),
                          (self.work / 'no' / 'x', 'No such file')):
            self.assertRaisesRegex(
                osc_exceptions.CommandError, 'cannot be written: ' + why,
                plan_file.check_new, str(path))
        for good in (None, '', str(self.work / 'new')):
            plan_file.check_new(good)
        self.assertFalse((self.work / 'new').exists())

    def test_commands(self) -> None:
        """Nothing is asked before."""
        path = self.work / 'there'
        path.touch()
        for command, argv in _COMMANDS:
            app = mock.Mock(spec=['stdout'])
            made = command(app, None)
            parsed = made.get_parser('x').parse_args(
                [*argv.split(), str(path)])
            with self.subTest(command):
                self.assertRaisesRegex(
                    osc_exceptions.CommandError,
                    'there cannot be written: File exists.',
                    made.take_action, parsed)
