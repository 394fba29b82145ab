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

import argparse
import io
import json
import pathlib
import re
import tempfile
import types
from typing import Any
import unittest

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc import cache_plan
from glance_lifecycle.tests.unit.planning import paper


class CachePlanTest(unittest.TestCase):

    def run_it(self, *argv: object, cloud: str = 'local') -> str:
        out = io.StringIO()
        app: Any = types.SimpleNamespace(stdout=out)
        command = cache_plan.PlanCache(app, None)
        parsed: argparse.Namespace = command.get_parser('x').parse_args([
            '--cloud', str(paper.CLOUDS / (cloud + '.yaml')),
            *map(str, argv)])
        self.assertEqual(0, command.run(parsed))
        return out.getvalue()

    def test_text(self) -> None:
        said = self.run_it()
        self.assertIn('Base images of local: Set '
                      'remove_unused_original_minimum_age_seconds = ', said)
        self.assertRegex(said, r'\nlocal +86400 s +9\d\.\d %.* today\n')
        self.assertRegex(said, r'\nGlance +10 GiB .*today')
        self.assertEqual(said, self.run_it('--seed', 1))
        self.assertLess(max(map(len, said.split('\n'))), 90)

    def test_nothing(self) -> None:
        self.assertEqual('Nothing is downloaded: no cache is needed.\n',
                         self.run_it(cloud='ceph'))

    def test_others(self) -> None:
        self.assertFalse(json.loads(self.run_it('-f', 'json'))['given'])
        self.assertIn('"Cache","Setting"', self.run_it('-f', 'csv'))

    def test_boots(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name, 'boots.csv')
            path.write_text('time,consumer,host,image\n0,local,h,debian\n')
            self.assertTrue(json.loads(self.run_it(
                '--boots', path, '-f', 'json'))['given'])
            path.write_text('time,consumer,host,image\n0,local,h,other\n')
            with self.assertRaisesRegex(
                    osc_exceptions.CommandError, re.escape(str(path)) + ' '
                    'cannot be used: line 2: the cloud has no image other'):
                self.run_it('--boots', path)
