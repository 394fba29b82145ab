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

"""``advise``: the text, the JSON, the table, and what is refused."""

import io
import json
import pathlib
import re
import tempfile
import types
from typing import Any
import unittest

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc import advise
from glance_lifecycle.osc.common import report_options
from glance_lifecycle.osc import report
from glance_lifecycle.tests.unit.planning import paper


class AdviseTest(unittest.TestCase):

    def run_it(self, path: pathlib.Path, formatter: str = 'text',
               *argv: str) -> str:
        out = io.StringIO()
        app: Any = types.SimpleNamespace(stdout=out)
        command = advise.Advise(app, None)
        parsed = command.get_parser('x').parse_args([
            '--cloud', str(path), '-f', formatter, *argv])
        self.assertEqual(0, command.run(parsed))
        return out.getvalue()

    def test_text(self) -> None:
        said = self.run_it(paper.CLOUDS / 'edge.yaml')
        for line in ('Default store: Keep central.',
                     'No copy-on-write for far (Nova): Give Glance a store '
                     'in cluster c3, and copy',
                     '    not show_image_direct_url: It names one copy only.',
                     'Of these cloned                  400             420',
                     'Stored                         2 GiB           4 GiB',
                     'No number, halved, doubled or turned round, changes '
                     'the advice.'):
            self.assertIn(line + '\n', said)
        self.assertLess(max(map(len, said.split('\n'))), 90)

    def test_sensitivity(self) -> None:
        said = self.run_it(paper.CLOUDS / 'local.yaml')
        self.assertIn(
            'If read_per_second of stores (assumed) were twice that, imports '
            'would be\nqcow2.\n', said)

    def test_json(self) -> None:
        found = json.loads(self.run_it(paper.EXAMPLE, 'json'))
        self.assertEqual('Make it ceph.', found['advice'][0]['advice'])

    def test_same_sums_as_the_report(self) -> None:
        """Of the same facts: what is searched, and what was saved."""
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name, 'placement.json')
            for argv in ((), ('--keep-boot-time', 'today')):
                said = json.loads(self.run_it(
                    paper.EXAMPLE, 'json', '--save-placement', str(path),
                    '--yes', *argv))
                placed = said['placement']
                # A search of its own is what is advised.
                for more in ((), (path,))[bool(argv):]:
                    rooms, figures = self.reported(*more)
                    self.assertEqual(
                        {one['name']: (one['placed']['stored'],
                                       one['placed']['cost'])
                         for one in said['stores']},
                        {one['store']: (one['stored_after'],
                                        one['cost_after'])
                         for one in rooms})
                    self.assertAlmostEqual(placed['cost'], sum(
                        one['cost_after'] for one in rooms), 4)
                    self.assertEqual(said['before']['cost'], figures['cost'])
                    self.assertEqual(
                        100 * placed['cloned_per_week']
                        / placed['disks_per_week'], figures['cloned_after'])

    def reported(self, *placement: pathlib.Path
                 ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Rooms of "report --json", and all figures."""
        app: Any = types.SimpleNamespace(
            stdout=io.StringIO(), stderr=io.StringIO())
        command = report.Report(app, None)
        parsed = command.get_parser('x').parse_args([
            '--json', '-', '--cloud', str(paper.EXAMPLE),
            *(word for one in report_options.PARTS
              for word in ('--skip', one)),
            *(word for one in placement
              for word in ('--placement', str(one)))])
        command.take_action(parsed)
        found = json.loads(app.stdout.getvalue())
        rooms, = (one['rows'] for section in found['sections']
                  for one in section['tables'] if one['name'] == 'rooms')
        return rooms, {one['name']: one['value']
                       for section in found['sections']
                       for one in section['figures']}

    def test_placement_of_no_file(self) -> None:
        app: Any = types.SimpleNamespace(stdout=io.StringIO())
        command = advise.Advise(app, None)
        with self.assertRaisesRegex(osc_exceptions.CommandError,
                                    'name it with --cloud'):
            command.run(command.get_parser('x').parse_args([
                '--save-placement', 'x']))

    def test_csv(self) -> None:
        said = self.run_it(paper.EXAMPLE, 'csv')
        self.assertIn('"What","Advice","Reason","Rejected"', said)
        self.assertIn('"default store","Make it ceph."', said)

    def test_refused(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name, 'cloud.yaml')
            with self.assertRaisesRegex(osc_exceptions.CommandError,
                                        'cannot be read'):
                self.run_it(path)
            path.write_text('version: 1\nstore: []\n')
            with self.assertRaisesRegex(
                    osc_exceptions.CommandError, re.escape(str(path)) + ' '
                    'cannot be used: .*line 2, column 1: the key store is not '
                    'known here: did you mean stores?'):
                self.run_it(path)
