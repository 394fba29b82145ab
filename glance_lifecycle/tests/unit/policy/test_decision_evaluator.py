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


"""The evaluator: order, defaults, and what is not known."""

import dataclasses
from typing import Any
import unittest

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from glance_lifecycle.policy import decision
from glance_lifecycle.policy import explain
from glance_lifecycle.policy import shadow
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.unit.policy import strategies

Data = dict[str, Any]
EXAMPLES = 25
DEFAULTS = decision.Defaults(convert=False, formats=('iso',),
                             max_virtual_size=5, signature='never')


def first(data: Data, section: str, facts: decision.Facts) -> str:
    """The name of the rule that decides, by reading the document."""
    for rule in data['rules']:
        if section in rule and strategies.holds(rule['match'], facts):
            return str(rule['name'])
    return 'defaults'


class EvaluatorTest(unittest.TestCase):

    @settings(max_examples=EXAMPLES)
    @given(strategies.DOCUMENTS, strategies.FACTS)
    def test_first_match(self, data: Data, facts: decision.Facts) -> None:
        decided = strategies.decide(facts, DEFAULTS, strategies.load(data))
        self.assertEqual(
            {section: first(data, section, facts)
             for section in wants.SECTIONS}, decided.rules)
        self.assertEqual({}, decided.unsure)

    @settings(max_examples=EXAMPLES)
    @given(strategies.DOCUMENTS, strategies.FACTS)
    def test_each_field(self, data: Data, facts: decision.Facts) -> None:
        """Rule, then defaults, then options; and so it is said."""
        decided = strategies.decide(facts, DEFAULTS, strategies.load(data))
        said = {rule['name']: rule for rule in data['rules']}
        for section, kind in wants.SECTIONS.items():
            rule = said.get(decided.rules[section], {}).get(section, {})
            defaults = data['defaults'].get(section, {})
            for field in dataclasses.fields(kind):
                value = getattr(getattr(decided, section), field.name)
                by = decided.decided_by(section, field.name)
                if field.name in rule:
                    self.assertEqual(decided.rules[section], by)
                    expected = rule[field.name]
                elif field.name in defaults:
                    self.assertEqual('defaults', by)
                    expected = defaults[field.name]
                else:
                    self.assertTrue(by == 'built-in' or by[0] == '[', by)
                    continue
                self.assertEqual(wants.parsed(section, {
                    field.name: expected})[field.name], value)

    def test_options(self) -> None:
        decided = strategies.decide(decision.Facts('vmdk', 'bare', 1, 1),
                                  DEFAULTS, strategies.load({'version': 1}))
        self.assertEqual(
            (('iso',), 5, 'never', 'never'),
            (decided.require.formats, decided.require.max_virtual_size,
             decided.require.signature, decided.convert.to_raw))
        self.assertEqual('[lifecycle] formats',
                         decided.decided_by('require', 'formats'))

    @settings(max_examples=EXAMPLES)
    @given(strategies.DOCUMENTS, strategies.SOME_FACTS, strategies.FACTS)
    def test_unknown(self, data: Data, known: decision.Facts,
                     others: decision.Facts) -> None:
        """What is not known is left open, whatever it turns out to be."""
        names = [field.name for field in dataclasses.fields(known)]
        full = dataclasses.replace(known, **{
            name: getattr(others, name) for name in names
            if getattr(known, name) is None})
        loaded = strategies.load(data)
        half = strategies.decide(known, DEFAULTS, loaded)
        whole = strategies.decide(full, DEFAULTS, loaded)
        for section in wants.SECTIONS:
            self.assertIn(whole.rules[section],
                          (half.rules[section],
                           *half.unsure.get(section, ())))

    @settings(max_examples=EXAMPLES)
    @given(strategies.DOCUMENTS, st.lists(strategies.FACTS, min_size=1,
                                          max_size=5))
    def test_no_rule_shadows_silently(
            self, data: Data, many: list[decision.Facts]) -> None:
        """Whatever never() and shadow() report is true."""
        loaded = strategies.load(data)
        dead: set[tuple[str, str]] = set()
        for problem in shadow.warnings(loaded):
            name = problem.where[len('rules['):-1]
            rule = loaded.rules[int(name[1:])]
            if problem.message.startswith('the rule can never'):
                dead |= {(section, name) for section in rule.wants}
            elif 'can never decide:' in problem.message:
                dead.add((problem.message.split()[1], name))
        for facts in many:
            for item in strategies.decide(
                    facts, DEFAULTS, loaded).rules.items():
                self.assertNotIn(item, dead)

    @settings(max_examples=EXAMPLES)
    @given(strategies.MATCHES, strategies.MATCHES, st.lists(
        strategies.FACTS, min_size=1, max_size=5))
    def test_implies(self, one: Data, other: Data,
                     many: list[decision.Facts]) -> None:
        loaded = strategies.load({'version': 1, 'rules': [
            {'name': name, 'match': match, 'cache': {'keep': True}}
            for name, match in (('a', one), ('b', other))]})
        a, b = (rule.match for rule in loaded.rules)
        for facts in many:
            if shadow.implies(b, a) and b.holds(facts):
                self.assertTrue(a.holds(facts))
            if shadow.excludes(b, a) and b.holds(facts):
                self.assertFalse(a.holds(facts))
            if shadow.never(a):
                self.assertFalse(a.holds(facts))

    @settings(max_examples=EXAMPLES)
    @given(strategies.DOCUMENTS, strategies.SOME_FACTS, st.booleans())
    def test_explained(self, data: Data, facts: decision.Facts,
                       existing: bool) -> None:
        """Each rule that was read, until one decides; each field once."""
        policy = decision.Policy(strategies.load(data), DEFAULTS)
        decided = policy.decide(facts)
        lines = list(explain.explain(policy, facts, existing=existing))
        for section, kind in wants.SECTIONS.items():
            here = [line for line in lines if line.section == section]
            rules = [line.rule for line in here if line.result in (
                'does not match', 'cannot be told')]
            above = [rule['name'] for rule in data['rules']
                     if section in rule]
            if decided.rules[section] in above:
                above = above[:above.index(decided.rules[section])]
            self.assertEqual(above, rules)
            self.assertEqual(
                [*decided.unsure.get(section, ())],
                [line.rule for line in here
                 if line.result == 'cannot be told'])
            self.assertTrue(all(line.detail for line in here))
            text = '; '.join(line.detail for line in here
                             if line.result == 'decides')
            for field in dataclasses.fields(kind):
                if field.name not in wants.TRUST:
                    self.assertIn(field.name + ': ', text)
