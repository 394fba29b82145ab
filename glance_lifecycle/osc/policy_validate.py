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


"""``openstack image lifecycle policy validate``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import sys
from typing import Any

from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import shown

_COLUMNS = ('Severity', 'Line', 'Column', 'Where', 'Problem')


class ValidatePolicy(shown.Judging):
    """List what is wrong with a lifecycle policy, before it is in force.

    The exit code is 1 if it would be refused; with --strict, also if there
    are warnings, such as of rules that can never match.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('file', metavar='<file>',
                            help='Policy document, in YAML.')
        parser.add_argument('--strict', action='store_true',
                            help='Let warnings fail, too.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.policy import document
        from glance_lifecycle.policy import shadow
        from glance_lifecycle.policy import yaml_tree
        problems: Sequence[document.Problem]
        try:
            found = document.load(input_file.read(
                parsed_args.file, yaml_tree.MAX_BYTES))
        except document.DocumentError as error:
            problems = error.problems
        else:
            problems = shadow.warnings(found)
            if not problems:
                # The table is for problems; stdout is the formatter's.
                print('%s is good: %d rules, SHA-256 %s.' % (
                    parsed_args.file, len(found.rules), found.digest),
                    file=sys.stderr)
        self.failed = any(parsed_args.strict or not problem.warning
                          for problem in problems)
        return _COLUMNS, [
            ('warning' if problem.warning else 'error', problem.line,
             problem.column, problem.where, problem.message)
            for problem in problems]
