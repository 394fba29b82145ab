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

import pathlib
import tempfile
import unittest

from hypothesis import given
from hypothesis import strategies
from oslo_config import cfg

from glance_lifecycle.audit.doctor import ini

TEXT = """\
# a comment
[DEFAULT]
debug = true
list = a,
  b
quoted = "x"
colon: y

[Other]
debug=false
"""


class IniTest(unittest.TestCase):

    def test_lines(self) -> None:
        found = ini.parse(TEXT, 'f')
        self.assertEqual([
            ('DEFAULT', 'debug', 'true', 3), ('DEFAULT', 'list', 'a,\nb', 4),
            ('DEFAULT', 'quoted', 'x', 6), ('DEFAULT', 'colon', 'y', 7),
            ('Other', 'debug', 'false', 10)],
            [(one.section, one.name, one.value, one.line)
             for one in found.settings])
        self.assertEqual({'DEFAULT': 2, 'Other': 9}, found.sections)
        self.assertEqual([], found.problems)

    def test_goes_on(self) -> None:
        found = ini.parse('a = b\n[x\nno sign\n= v\n[]\n[ok]\n\n  c\nd = e\n',
                          'f')
        self.assertEqual([1, 2, 3, 4, 5, 8],
                         sorted(one.line for one in found.problems))
        self.assertEqual(['d'], [one.name for one in found.settings])
        self.assertNotIn('no sign', str(found.problems))

    def test_many(self) -> None:
        found = ini.parse('[a]\n' + 'b=\n' * (ini.MOST_SETTINGS + 5), 'f')
        self.assertEqual(ini.MOST_SETTINGS, len(found.settings))
        self.assertIn('more than', found.problems[0].message)
        self.assertLess(len(ini.parse('x\n' * 1000, 'f').problems), 50)

    def test_what_follows_is_read(self) -> None:
        """One thing is wrong, and not each line behind it."""
        for text in ('\ufeff[a]\nb = c\n', '[a\nb = c\n'):
            found = ini.parse(text, 'f')
            self.assertEqual([('a', 'b', 'c')], [
                (one.section, one.name, one.value) for one in found.settings])
            self.assertEqual([1], [one.line for one in found.problems])
            self.assertTrue(found.problems[0].remedy)
        # It may be anything, a secret also: no section of it is ever named.
        self.assertEqual({}, ini.parse('[a password = x\n', 'f').sections)

    def test_comments(self) -> None:
        for value, before in (
                ('5 # a', '5'), ('5   #a', '5'), ('a;b', None), ('#a', None),
                ('a ; b', 'a'), ('5  ## a', '5'), ('a #;#', 'a'),
                ('a ##!', None), (' ' + '#' * 1_000_000 + '!', None),
                ('a#b', None), (' ' * 1_000_000, None)):
            self.assertEqual(before, ini.without_comment(value), value)

    @given(strategies.text('[]=:#;ab \t\n"\'', max_size=60))
    def test_as_oslo_config(self, text: str) -> None:
        """What it reads is read alike, and what it refuses is a problem."""
        sections: dict[str, dict[str, list[str]]] = {}
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, 'c.conf')
            path.write_text(text)
            parser = cfg.ConfigParser(str(path), sections)
            parser._add_normalized({})
            try:
                parser.parse()
            except Exception:
                self.assertTrue(ini.parse(text, 'f').problems)
                return
        found = ini.parse(text, 'f')
        self.assertEqual([], found.problems)
        made: dict[str, dict[str, list[str]]] = {
            name: {} for name in found.sections}
        for one in found.settings:
            made[one.section].setdefault(one.name, []).append(one.value)
        self.assertEqual(sections, made)
