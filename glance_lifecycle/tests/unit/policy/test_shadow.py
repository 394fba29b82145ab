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


"""Rules that can never decide are reported, and others are not."""

from typing import Any
import unittest

from glance_lifecycle.policy import shadow
from glance_lifecycle.tests.unit.policy import strategies


class ShadowTest(unittest.TestCase):

    def warnings(self, *matches: Any) -> list[str]:
        loaded = strategies.load({'version': 1, 'rules': [
            {'name': 'r%d' % number, 'convert': {'to_raw': 'never'}, **(
                {} if match is None else {'match': match})}
            for number, match in enumerate(matches)]})
        found = shadow.warnings(loaded)
        self.assertTrue(all(problem.warning for problem in found))
        return [problem.message for problem in found]

    def test_shadowed(self) -> None:
        cases: tuple[tuple[Any, Any], ...] = (
            (None, {'project': 'a'}),
            ({}, None),
            ({'project': 'a'}, {'project': 'a'}),
            ({'project': ['a', 'b']}, {'project': 'a', 'signed': True}),
            ({'tags': ['a', 'b']}, {'tags': 'b'}),
            ({'name': 'a*'}, {'name': ['abc', 'ab*', 'a?']}),
            ({'name': '*'}, {'name': 'x*'}),
            ({'name': 'a*z'}, {'name': 'ab*yz'}),
            ({'size': {'min': '1 KiB'}},
             {'size': {'min': '2 KiB', 'max': '3 KiB'}}),
            ({'properties': {'p': {'present': True}}},
             {'properties': {'p': 'x'}}),
            ({'properties': {'p': {'pattern': 'x*'}}},
             {'properties': {'p': ['x', 'xy']}}),
            ({'any': [{'project': 'a'}, {'tags': 'b'}]}, {'tags': 'b'}),
            ({'tags': ['a', 'b', 'c']},
             {'any': [{'tags': 'a'}, {'tags': ['b', 'c']}]}),
            ({'all': [{'project': ['a', 'b']}, {'tags': 'x'}]},
             {'tags': 'x', 'project': 'b'}),
            ({'not': {'project': 'a'}}, {'project': 'b'}),
            ({'not': {'project': 'a', 'tags': 'x'}},
             {'not': {'project': 'a'}}))
        for earlier, later in cases:
            found = self.warnings(earlier, later)
            self.assertEqual(1, len(found), (earlier, later, found))
            self.assertIn('decided by r0 before', found[0])

    def test_not_shadowed(self) -> None:
        cases: tuple[tuple[Any, Any], ...] = (
            ({'project': 'a'}, None),
            ({'project': 'a'}, {'project': ['a', 'b']}),
            ({'project': 'a'}, {'domain': 'a'}),
            ({'name': 'a*'}, {'name': '*a'}),
            ({'name': 'ab*'}, {'name': 'a*'}),
            ({'name': 'a*a'}, {'name': 'a?'}),
            ({'name': 'a?'}, {'name': 'a*'}),
            ({'size': {'min': '2 KiB'}}, {'size': {'min': '1 KiB'}}),
            ({'properties': {'p': 'x'}}, {'properties': {'q': 'x'}}),
            ({'properties': {'p': 'x'}},
             {'properties': {'p': {'present': True}}}),
            ({'not': {'tags': 'a'}}, {'tags': 'b'}),
            ({'project': 'a', 'tags': 'x'}, {'project': 'a'}),
            ({'any': [{'project': 'a', 'tags': 'x'}]},
             {'project': 'a'}))
        for earlier, later in cases:
            self.assertEqual([], self.warnings(earlier, later),
                             (earlier, later))

    def test_contradicts_itself(self) -> None:
        cases: tuple[Any, ...] = (
            {'size': {'min': '2 KiB', 'max': '1 KiB'}},
            {'project': 'a', 'not': {'project': ['a', 'b']}},
            {'project': 'a', 'all': [{'project': 'b'}]},
            {'name': 'a*', 'all': [{'name': ['b', 'ca']}]},
            {'properties': {'p': 'x'},
             'not': {'properties': {'p': {'present': True}}}},
            {'properties': {'p': {'present': False}},
             'all': [{'properties': {'p': {'pattern': '*'}}}]},
            {'age': {'min': '3 days'}, 'all': [{'age': {
                'max': '2 days'}}]},
            {'any': [{'signed': True, 'not': {'signed': True}}]},
            {'not': {}})
        for match in cases:
            self.assertEqual(['the rule can never match: its conditions '
                              'contradict each other'],
                             self.warnings(match), match)
        cases = ({'tags': 'a', 'all': [{'tags': 'b'}]},
                 {'importer_roles': 'a', 'not': {'importer_roles': 'b'}},
                 {'size': {'min': '1 KiB', 'max': '1 KiB'}})
        for match in cases:
            self.assertEqual([], self.warnings(match))

    def test_by_section(self) -> None:
        loaded = strategies.load({'version': 1, 'rules': [
            {'name': 'a', 'cache': {'keep': True}},
            {'name': 'b', 'match': {'tags': 'x'}, 'cache': {'keep': False},
             'protect': {'protected': True}},
            {'name': 'c', 'protect': {'protected': False}},
            {'name': 'd', 'cache': {'keep': False},
             'protect': {'protected': True}}]})
        found = shadow.warnings(loaded)
        self.assertEqual(['rules[b]', 'rules[d]'], [p.where for p in found])
        self.assertIn('its cache can never decide', found[0].message)
        self.assertIn('decided by a, c before', found[1].message)

    def test_family_by_age(self) -> None:
        for match, warned in (({'age': {'min': '1 day'}}, 1),
                              ({'project': 'p'}, 0)):
            loaded = strategies.load({'version': 1, 'rules': [
                {'name': 'a', 'match': match, 'retain': {
                    'family': {'name': '*'}, 'keep_last': 1}}]})
            self.assertEqual(warned, len(shadow.warnings(loaded)))

    def test_known_only_at_import(self) -> None:
        wants = {'name': 'a', 'match': {'not': {'importer_roles': 'x'}}}
        loaded = strategies.load({'version': 1, 'rules': [
            {**wants, 'protect': {'protected': True}}]})
        self.assertRegex(shadow.warnings(loaded)[0].message,
                         'matches on importer_roles, which nobody knows')
        loaded = strategies.load({'version': 1, 'rules': [
            {**wants, 'require': {'signature': 'always'}}]})
        self.assertEqual([], shadow.warnings(loaded))
