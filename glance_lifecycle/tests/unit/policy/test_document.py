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


"""Documents that are wrong, and documents that are hostile."""

import hashlib
import json
import textwrap
import unittest

from hypothesis import given
from hypothesis import strategies as st

from glance_lifecycle import exceptions
from glance_lifecycle.policy import document
from glance_lifecycle.policy import schema
from glance_lifecycle.policy import wants
from glance_lifecycle.policy import yaml_tree
from glance_lifecycle.tests import waiting

GOOD = b"""\
version: 1
description: what it is
defaults:
  require: {max_virtual_size: 10 GiB}
rules:
  - name: golden
    description: why it is
    match:
      project: [a, b]
      size: {min: 1 GiB}
    require: {formats: [raw], max_expansion_ratio: unlimited}
    protect: {protected: true, cool_down: 7 days}
  - name: rest
    convert: {to_raw: {if_store_is: rbd}}
"""


class DocumentTest(unittest.TestCase):

    def problems(self, text: str | bytes) -> list[str]:
        data = text if isinstance(text, bytes) else (
            'version: 1\n' + textwrap.dedent(text)).encode()
        with self.assertRaises(document.DocumentError) as caught:
            document.load(data)
        self.assertTrue(caught.exception.problems)
        return [str(p) for p in caught.exception.problems]

    def one(self, text: str | bytes, line: int, column: int, said: str
            ) -> None:
        found = self.problems(text)
        self.assertEqual(1, len(found), found)
        self.assertTrue(found[0].startswith(
            'line %d, column %d: ' % (line, column)), found)
        self.assertRegex(found[0], said)

    def test_good(self) -> None:
        found = document.load(GOOD)
        self.assertEqual(['golden', 'rest'], [r.name for r in found.rules])
        self.assertEqual([0, 1], [r.position for r in found.rules])
        self.assertEqual({
            'require': {'formats': ('raw',), 'max_expansion_ratio': 0},
            'protect': {'protected': True, 'cool_down': 604800}},
            found.rules[0].wants)
        self.assertEqual({'convert': {'to_raw': ('rbd',)}},
                         found.rules[1].wants)
        self.assertEqual({'require': {'max_virtual_size': 10 * 2 ** 30}},
                         found.defaults)
        self.assertEqual(hashlib.sha256(GOOD).hexdigest(), found.digest)
        self.assertEqual(('what it is', 'why it is'), (
            found.description, found.rules[0].description))

    def test_least(self) -> None:
        self.assertEqual((), document.load(b'version: 1').rules)
        self.assertEqual((), document.load(b'\xef\xbb\xbfversion: 1').rules)

    def test_not_yaml(self) -> None:
        # Where exactly is up to the parser: libyaml, or PyYAML's own.
        for text in ('a: [', 'a: {b: "x', 'a\n b: c'):
            self.assertRegex(self.problems(text)[0],
                             'line [23], column .*: this is not YAML: ')
        self.one(b'version: 1\n---\nversion: 1\n', 2, 1, 'another document')
        self.one(b'', 1, 1, 'the document is empty')
        self.one(b'# only\n', 1, 1, 'the document is empty')
        self.one(b'just text', 1, 1, 'is not a mapping')
        self.one(b'- version: 1', 1, 1, 'a list is not a mapping')

    def test_not_text(self) -> None:
        self.one(b'version: 1\n# caf\xe9\n', 2, 6, 'not UTF-8')
        self.one(b'version: 1\nx: \x00\n', 2, 4, 'is not allowed')
        self.one('version: 1'.encode('utf-16'), 1, 1, 'not UTF-8')

    def test_huge(self) -> None:
        self.one(b'version: 1\n' + b'#' * yaml_tree.MAX_BYTES, 1, 1,
                 'at most 262144 are read')

    def test_alias_bomb(self) -> None:
        lines = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]']
        lines += ['a%d: &a%d [%s]' % (n, n, ', '.join(['*a%d' % (n - 1)] * 9))
                  for n in range(1, 10)]
        self.one('\n'.join(lines), 2, 5, 'anchors .* are not supported')
        self.one('rules: *r', 2, 8, 'anchors .* are not supported')
        self.one('a: &a [*a]', 2, 4, 'anchors .* are not supported')
        self.one('defaults: {<<: {a: 1}}', 2, 12, 'merge keys')

    def test_tags(self) -> None:
        for tag in ('!!python/object/apply:os.system [id]', '!x y', '! x',
                    '!!str 1', '!!binary aGk='):
            self.one('description: ' + tag, 2, 14, 'tags .* not supported')

    def test_deep(self) -> None:
        self.one('rules: ' + '[' * 900, 2, 39, 'nested deeper than 32')
        # PyYAML has a limit of its own since 6.0.4.
        self.assertRegex(' '.join(self.problems('rules: ' + '[' * 100000)),
                         'nested deeper than 32|maximum nesting depth')
        self.one('rules:\n' + ''.join(
            ' ' * n + '-\n' for n in range(40)), 34, 32, 'nested deeper')
        # What the schema allows, and a little less of it.
        match = '{project: a}'
        for _ in range(12):
            match = '{any: [%s]}' % match
        document.load(b'version: 1\nrules: [{name: a, match: %s, cache: '
                      b'{keep: true}}]' % match.encode())

    def test_many(self) -> None:
        self.one('rules: [' + 'a,' * 60000 + ']', 2, 99995,
                 'more than 50000 parts')

    def test_keys(self) -> None:
        self.one('description: a\ndescription: b', 3, 1,
                 'description is here twice, first in line 2')
        self.assertRegex('\n'.join(self.problems('on: a\n? [x]\n: b\n1: 2')), (
            r'(?s)key on as text.*must be a word.*key 1 as text'))

    def test_surprises(self) -> None:
        """What YAML reads otherwise than people do."""
        for value, said in (
                ('no', 'reads no as false: write that, or "no"'),
                ('on', 'reads on as true'), ('Yes', 'reads Yes as true'),
                ('True', 'reads True as true'), ('~', 'there is no value'),
                ('', 'there is no value'), ('010', 'not a plain decimal'),
                ('0x1f', 'not a plain decimal'), ('12:30', 'not a plain'),
                ('1_000', 'not a plain decimal'), ('1.5', 'as a float'),
                ('2026-01-01', 'as a timestamp'), ('=', 'as a value')):
            self.one('description: %s' % value, 2, 14 - (not value), said)
        self.one('description: true', 2, 14, 'put it in quotes')
        self.one('rules: [{name: a, match: {project: 12345}, cache: {keep: '
                 'true}}]', 2, 36, 'rules.a..match.project: 12345 .* quotes')

    def test_unknown_keys(self) -> None:
        self.one('rule: []', 2, 1, 'did you mean rules')
        self.one('rules: [{name: a, protect: {protekted: true}}]', 2, 29,
                 r'rules\[a\].protect: .*did you mean protected')
        self.one('defaults: {zzz: 1}', 2, 12, 'known are require, convert')
        self.one('rules: [{name: a, match: {visibility: publc}, cache: '
                 '{keep: true}}]', 2, 39, 'did you mean public')

    def test_version(self) -> None:
        self.one(b'rules: []', 1, 1, 'there must be version')
        self.one(b'version: 2', 1, 10, '2 is not 1, the only version')
        self.one(b'version: "1"', 1, 10, '1 is not 1, the only version')

    def test_all_at_once(self) -> None:
        found = self.problems("""\
            defaults:
              require: {signature: sometimes, max_virtual_size: 10 GB}
            rules:
              - name: bad name
                match: {size: {min: 5}, age: {max: 3 moons}, tags: []}
                place: {stores: [a, a]}
              - {convert: {to_raw: perhaps}, retain: {}}
            """)
        for part, said in zip(found, (
                r'3, column 24: .*sometimes is not one of never',
                r'3, column 53: .*GB is not a unit',
                r'5, column 11: .*bad name is not a name',
                r'6, column 25: .*5 is not a size',
                r'6, column 40: .*moons is not a unit',
                r'6, column 56: .*it is empty',
                r'7, column 21: .*the same thing twice',
                r'8, column 5: .*there must be name',
                r'8, column 24: .*always, never, or',
                r'8, column 42: .*it is empty')):
            self.assertRegex(part, said)
        self.assertEqual(10, len(found))

    def test_no_certificate_is_not_all(self) -> None:
        """An empty list would lift the one of the configuration."""
        self.one('defaults: {require: {allowed_certificates: []}}',
                 2, 44, 'it is empty')
        self.one("""
            rules:
              - name: a
                require: {allowed_certificates: []}
            """, 5, 37, 'it is empty')

    def test_families(self) -> None:
        for said, problem in (
                ('family: {}', 'it is empty'),
                ('family: {property: a, name: b}', 'more than 1'),
                ('family: {name: "(a)(b)"}', 'round brackets mark one part'),
                ('family: {name: [a, "*********"]}', 'more than 8 stars'),
                ('family: ubuntu', 'is not a mapping'),
                ('family: {name: a}, keep_last: 0', '1 or more'),
                ('family: {name: a}, keep_last: "2"', '1 or more'),
                ('family: {name: a}, deprecate: {}', 'must be hidden'),
                ('family: {name: a}, deprecate: "yes"', 'true, false, or')):
            self.assertRegex(self.problems(
                'rules: [{name: a, retain: {%s}}]' % said)[0], problem)

    def test_contradictions(self) -> None:
        for rule, said in (
                ('place: {stores: [a], later: [a]}', 'store a is among'),
                ('place: {stores: [a], copies: exact}', 'policy-only'),
                ('place: {copies: exact}', 'no stores are named'),
                ('metadata: {set_tags: [ab], forbid_tags: ["a*"]}',
                 'tag ab is set and forbidden'),
                ('metadata: {set_properties: {lifecycle_x: y}}',
                 'belongs to the service'),
                ('retain: {hide_after: 2 days, delete_after: 1 day}',
                 'hide_after .2 days. is later than delete_after'),
                ('retain: {keep_last: 1}', 'keep_last is of a family'),
                ('retain: {deprecate: true}', 'deprecate is of a family'),
                ('retain: {unused_for: 1 day, only_unused: false}',
                 'unused_for asks what only_unused: false'),
                ('retain: {unused_for: 6 years}', 'longer than 5 years'),
                ('description: x', 'wants nothing'),
                ('name: defaults, cache: {keep: true}', 'here twice')):
            self.assertRegex(self.problems(
                'rules: [{name: a, %s}]' % rule)[0], said)
        self.assertRegex(self.problems(
            'rules: [{name: defaults, cache: {keep: true}}]')[0],
            'no rule can have the name')
        self.assertRegex(self.problems(
            'rules:\n- {name: a, cache: {keep: true}}\n'
            '- {name: a, cache: {keep: true}}')[0],
            'another rule with this name, in line 3')

    def test_contradicts_defaults(self) -> None:
        self.one('defaults: {place: {copies: exact, stores: [a], combine: '
                 'policy-only}}\nrules:\n- {name: a, place: {combine: '
                 'union}}', 4, 20, 'policy-only')

    def test_error(self) -> None:
        """It crosses processes as any other, and is not endless."""
        with self.assertRaises(document.DocumentError) as caught:
            document.load(b'version: 1\nrules: [%s]' % b', '.join(
                [b'{nam: x}'] * 100))
        text = str(caught.exception)
        self.assertIn('and 195 more', text)
        self.assertLess(len(text), 1000)
        self.assertEqual(text, str(exceptions.from_dict(
            caught.exception.to_dict())))

    def test_values_are_escaped_and_short(self) -> None:
        found = self.problems('defaults: {require: {signature: "%s"}}' % (
            '\\e[31m\\n' * 5000))
        self.assertNotIn('\x1b', found[0])
        self.assertLess(len(found[0]), 400)

    def test_hostile_time(self) -> None:
        deep = '{any: [' * 9 + '{tags: [%s]}' % ','.join(
            't%d' % n for n in range(200)) + ']}' * 9
        rules = ', '.join('{name: a%d, match: %s, nope: 1}' % (n, deep)
                          for n in range(100))
        with waiting.bounded():
            self.problems('rules: [%s]' % rules)

    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        try:
            document.load(data)
        except document.DocumentError as error:
            self.assertTrue(error.problems)

    @given(st.recursive(
        st.text(max_size=5) | st.booleans() | st.integers(-3, 3)
        | st.sampled_from(['10 GiB', 'always', '1 day', 'raw']),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from(['version', 'rules', 'defaults', 'name', 'match',
                             *schema.SECTIONS, 'any', 'not', 'tags', 'size',
                             'min', 'formats', 'stores']),
            inner, max_size=4), max_leaves=12))
    def test_any_shape(self, value: object) -> None:
        """A document is refused by us, never by an exception in us."""
        try:
            document.load(json.dumps(
                {'version': 1, 'rules': [value], 'defaults': value}).encode())
        except document.DocumentError as error:
            self.assertTrue(error.problems)

    def test_schema_and_fields_agree(self) -> None:
        self.assertEqual(tuple(wants.SECTIONS), schema.SECTIONS)
        said = schema.SCHEMA['properties']['defaults']['properties']
        for section, kind in wants.SECTIONS.items():
            self.assertEqual(list(kind.__dataclass_fields__),
                             list(said[section]['properties']), section)
