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

"""A rule is judged as oslo.policy judges it."""

import logging
import unittest

from oslo_policy import _checks
from oslo_policy import _parser

from glance_lifecycle.audit.doctor import expression

GOOD = (
    '', '@', '!', 'role:admin', 'role:a and role:b', 'not role:a',
    'not (role:a or rule:b) and project_id:%(project_id)s',
    'role:a AND role:b', '((role:a))', 'role:a or (not role:b and @)',
    '(role:admin and system_scope:all) or True:%(is_public)s',
    "role:a and ('public':%(visibility)s or 'community':%(visibility)s)",
    'role:a or role:b or role:c')
BAD = (
    'admin', 'role:admin or', 'or role:a', 'and', 'role:a role:b',
    '(role:a', 'role:a)', '()', 'role:a and or role:b', 'not', 'role:a not',
    'role:a and (role:b or)', 'role:a, role:b', '(role:a or role:b')


def _refused(parsed: object) -> bool:
    """Of a word alone, such as "and", oslo.policy 4.6 makes no check."""
    return isinstance(parsed, _checks.FalseCheck) or not isinstance(
        parsed, _checks.BaseCheck)


class ProblemTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        # oslo.policy logs what it does not understand.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_as_oslo_policy(self) -> None:
        for bad, rules in ((False, GOOD), (True, BAD)):
            for rule in rules:
                with self.subTest(rule=rule):
                    self.assertEqual(
                        bad, bool(expression.problem(rule)))
                    # "!" is a rule that refuses everybody, and is meant to.
                    self.assertEqual(bad, rule != '!' and _refused(
                        _parser.parse_rule(rule)))

    def test_nothing_of_it_is_told(self) -> None:
        for rule in ('s3cr3t', 'role:a s3cr3t', '(s3cr3t'):
            self.assertNotIn('s3cr3t', expression.problem(rule))

    def test_long(self) -> None:
        self.assertEqual('', expression.problem('(' * 100_000))
