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

"""What the command says before it asks anybody anything."""

import io
import sys
import types
from typing import Any
import unittest
from unittest import mock

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc import report


class ReportTest(unittest.TestCase):

    def refused(self, *argv: str) -> str:
        app: Any = types.SimpleNamespace(stdout=io.StringIO())
        made = report.Report(app, None)
        parsed = made.get_parser('x').parse_args(argv)
        with self.assertRaises(osc_exceptions.CommandError) as caught:
            made.run(parsed)
        return str(caught.exception)

    def test_where(self) -> None:
        for argv in ((), ('--html', 'x', '--json', 'x')):
            self.assertIn('Say where to write', self.refused(*argv))

    def test_without_jinja2(self) -> None:
        module = 'glance_lifecycle.reporting'
        with mock.patch.dict(sys.modules, {'jinja2': None}):
            sys.modules.pop(module + '.html', None)
            package = sys.modules.get(module)
            if package is not None:
                vars(package).pop('html', None)
            self.assertEqual(
                'The Python module jinja2 is not installed, which --html '
                'needs. Install glance-lifecycle[report], or use --json.',
                self.refused('--html', 'x'))
