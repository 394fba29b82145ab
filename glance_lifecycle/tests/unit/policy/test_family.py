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

"""What makes images a family, of names and properties of strangers."""

import fnmatch
import re
from typing import Any
import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.policy import family
from glance_lifecycle.tests.unit.policy import test_checks

_TOKENS = st.sampled_from(['*', '?', 'a', 'b', '-', '[ab]', '[!a]', '.'])


def of(said: dict[str, Any], **facts: Any) -> str | None:
    return family.Family.of(said).value(test_checks.facts(**facts))


class FamilyTest(unittest.TestCase):

    def test_names(self) -> None:
        for pattern, name, expected in (
                ('(ubuntu-*)-????????', 'ubuntu-24.04-20260101',
                 'ubuntu-24.04'),
                # The first star takes as little as it can, the last the rest.
                ('(*)-*', 'ubuntu-24.04-1', 'ubuntu'),
                ('(*-*)-*', 'ubuntu-24.04-1', 'ubuntu-24.04'),
                ('*/(*)/*', 'a/b/c', 'b'),
                ('build of (*)', 'build of x', 'x'),
                ('ubuntu-*', 'ubuntu-24.04', 'ubuntu-*'),
                ('[(]*[)] (*)', '(new) x', 'x'),
                ('(*)-1', '-1', None),
                ('(*)-1', 'x-2', None),
                ('(a*)b', 'axb\n', None),
                ('(a*)b', 'A xb', None)):
            with self.subTest(pattern):
                self.assertEqual(expected, of({'name': pattern}, name=name))
        self.assertEqual('b', of({'name': ['(a)*', '(b)*', '(bc)']},
                                 name='bc'))

    def test_properties(self) -> None:
        said = {'property': 'os_build'}
        self.assertEqual('x', of(said, properties={'os_build': 'x'}))
        for properties in ({}, None, {'os_build': ''},
                           {'os_build': 'x' * 256}, {'OS_BUILD': 'x'}):
            self.assertIsNone(of(said, properties=properties))
        # A property is not the attribute of its name.
        self.assertIsNone(of({'property': 'name'}, name='x'))

    def test_no_patterns(self) -> None:
        for pattern in ('(a)(b)', 'a(', ')a(', '((a))', '*' * 9, 'a)'):
            with self.subTest(pattern):
                self.assertRaises(ValueError, family.check, pattern)
        for pattern in ('a', '(a)', '*' * 8, '[(]', 'a[)](*)', '()'):
            family.check(pattern)

    def test_long(self) -> None:
        """No name takes long, whoever made it up; longer ones are nobody's."""
        pattern = '(*a*a*a*a*a*a*a)*b'
        self.assertIsNone(of({'name': pattern}, name='a' * 255))
        self.assertIsNone(of({'name': '(*)'}, name='a' * 256))

    @hypothesis.given(st.lists(_TOKENS, max_size=8),
                      st.text('ab-.', max_size=9))
    def test_as_others(self, tokens: list[str], name: str) -> None:
        """With brackets it fits the same names as without."""
        pattern = ''.join(tokens)
        fits = fnmatch.fnmatchcase(name, pattern)
        marked = '(' + ''.join(tokens[:2]) + ')' + ''.join(tokens[2:])
        found = of({'name': '(%s)' % pattern}, name=name)
        self.assertEqual(name if fits and name else None, found)
        part = of({'name': marked}, name=name)
        if part is not None:
            self.assertTrue(fits)
            self.assertTrue(name.startswith(part))
            self.assertRegex(part, '(?s)' + fnmatch.translate(
                ''.join(tokens[:2])))
        elif fits:
            # The part is empty.
            self.assertTrue(re.match(fnmatch.translate(
                ''.join(tokens[:2])), ''))

    def test_text(self) -> None:
        self.assertEqual('property x', str(family.Family('x')))
        self.assertEqual('name like (a)*', str(family.Family(
            names=('(a)*',))))
