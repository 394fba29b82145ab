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


"""Each condition: when it holds, and what is said when not."""

from typing import Any
import unittest

from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import match
from glance_lifecycle.tests import waiting

KIB = 1024
IMAGE = policy_facts.Facts(
    'qcow2', 'bare', 5 * KIB, 10 * KIB, name='ubuntu-24.04', project='p1',
    domain='d1', visibility='private', tags=frozenset(('golden', 'x')),
    properties={'os': 'linux', 'empty': ''}, import_method='web-download',
    signed=True, age=3 * 86400, importer_roles=frozenset(('member',)))
NOTHING = policy_facts.Facts(None, None, None, None)

# Condition, whether it holds, what why_not() says.
CASES: tuple[tuple[dict[str, Any], bool, str], ...] = (
    ({}, True, ''),
    ({'project': 'p1'}, True, ''),
    ({'project': ['p0', 'p1']}, True, ''),
    ({'project': 'p2'}, False, 'project is p1, not p2'),
    ({'domain': 'd1', 'visibility': 'private'}, True, ''),
    ({'domain': 'd1', 'visibility': 'public'}, False,
     'visibility is private, not public'),
    ({'tags': ['golden', 'other']}, True, ''),
    ({'tags': 'gold'}, False, 'tags has none of gold'),
    ({'name': 'ubuntu-*'}, True, ''),
    ({'name': ['debian-*', '*.04']}, True, ''),
    ({'name': 'ubuntu-24?04'}, True, ''),
    ({'name': 'Ubuntu-*'}, False,
     'name is ubuntu-24.04, which is not like Ubuntu-*'),
    ({'name': 'ubuntu'}, False, 'not like ubuntu'),
    ({'name': 'ubuntu-24.0'}, False, 'not like'),
    ({'disk_format': ['raw', 'qcow2'], 'container_format': 'bare'}, True, ''),
    ({'size': {'min': '5 KiB', 'max': '5 KiB'}}, True, ''),
    ({'size': {'min': '6 KiB'}}, False, 'size is 5 KiB, less than 6 KiB'),
    ({'virtual_size': {'max': '9 KiB'}}, False,
     'virtual_size is 10 KiB, more than 9 KiB'),
    ({'age': {'min': '3 days'}}, True, ''),
    ({'age': {'min': '4 days'}}, False, 'age is 3 days, less than 4 days'),
    ({'properties': {'os': 'linux'}}, True, ''),
    ({'properties': {'os': ['windows', 'linux']}}, True, ''),
    ({'properties': {'os': 'bsd'}}, False, 'property os is linux, not bsd'),
    ({'properties': {'os': {'pattern': 'lin*'}}}, True, ''),
    ({'properties': {'os': {'pattern': ['win*', 'b*']}}}, False,
     'property os is linux, which is not like b\\*, win\\*'),
    ({'properties': {'empty': ''}}, True, ''),
    ({'properties': {'none': ''}}, False, 'property none is not set'),
    ({'properties': {'none': {'pattern': '*'}}}, False, 'is not set'),
    ({'properties': {'os': {'present': True}}}, True, ''),
    ({'properties': {'none': {'present': False}}}, True, ''),
    ({'properties': {'none': {'present': True}}}, False, 'is not set'),
    ({'properties': {'os': {'present': False}}}, False, 'may not be set'),
    ({'import_method': 'web-download', 'signed': True}, True, ''),
    ({'signed': False}, False, 'signed is true, not false'),
    ({'importer_roles': ['admin', 'member']}, True, ''),
    ({'importer_roles': 'admin'}, False, 'importer_roles has none of admin'),
    ({'any': [{'project': 'p2'}, {'project': 'p1'}]}, True, ''),
    ({'any': [{'project': 'p2'}, {'signed': False}]}, False,
     'project is p1, not p2, and signed is true, not false'),
    ({'all': [{'project': 'p1'}, {'signed': False}]}, False, 'signed is'),
    ({'not': {'project': 'p2'}}, True, ''),
    ({'not': {'project': 'p1'}}, False, 'excluded by: not .project is p1'),
    ({'not': {'project': 'p1', 'signed': False}}, True, ''))


class MatchTest(unittest.TestCase):

    def test_each(self) -> None:
        for said, expected, why in CASES:
            found = match.compiled(said)
            with self.subTest(said):
                self.assertIs(expected, found.holds(IMAGE))
                if not expected:
                    self.assertRegex(found.why_not(IMAGE), why)
                self.assertTrue(str(found))

    def test_nothing_known(self) -> None:
        for said, _, _ in CASES[1:]:
            found = match.compiled(said)
            with self.subTest(said):
                self.assertIsNone(found.holds(NOTHING))
                self.assertIn('is not known here', found.why_not(NOTHING))

    def test_partly_known(self) -> None:
        yes, no, open_ = ({'project': 'p1'}, {'project': 'p2'},
                          {'import_method': 'copy-image'})
        known = policy_facts.Facts('raw', 'bare', 1, 1, project='p1')
        for said, expected in (
                ({'all': [yes, open_]}, None), ({'all': [no, open_]}, False),
                ({'any': [yes, open_]}, True), ({'any': [no, open_]}, None),
                ({'not': open_}, None)):
            self.assertIs(expected, match.compiled(said).holds(known))

    def test_text(self) -> None:
        self.assertEqual(
            'size is at least 1 KiB and size is at most 2 KiB and '
            '(project is a or not (tags has b))', str(match.compiled({
                'size': {'min': '1 KiB', 'max': '2 KiB'}, 'any': [
                    {'project': 'a'}, {'not': {'tags': 'b'}}]})))
        self.assertEqual('every image', str(match.compiled({})))
        self.assertEqual('\\x1b[1m', match.text('\x1b[1m'))
        self.assertEqual(83, len(match.text('x' * 1000)))
        self.assertTrue(match.text(tuple(map(str, range(99)))).endswith(
            ', and 91 more'))

    def test_no_backtracking(self) -> None:
        """Stars that would take a naive regular expression for ever."""
        found = match.globs(('*a*a*a*a*a*a*a*b',))
        with waiting.bounded():
            self.assertIsNone(found.match('a' * 60000))
