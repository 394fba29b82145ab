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

"""Who may delete, deactivate and publish, by one rule."""

import datetime
import unittest

from glance_lifecycle.enforcement import refusals
from glance_lifecycle.enforcement import use_index
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import facts as policy_facts

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
FREE = use_index.Use(True)
BUSY = use_index.Use(True, ('servers', 'rbd_children'))
UNKNOWN = use_index.Use(False, reason='Nova is down')


def facts(**known: object) -> policy_facts.Facts:
    return policy_facts.Facts('raw', 'bare', 1, 1, **{
        'project': 'p', 'visibility': 'private', 'tags': frozenset(),
        'properties': {}, **known})  # type: ignore[arg-type]


def policy(rule: str) -> decision.Policy:
    return decision.Policy(document.load(rule.encode()))


class RemovalTest(unittest.TestCase):

    def why(self, protect: str, *roles: str, protected: bool = False,
            changed: datetime.timedelta | None = HOUR,
            use: use_index.Use | None = None) -> str:
        """The refusal, empty if there is none.

        :param use: None: it must not be asked
        """
        found = policy('{version: 1, rules: [{name: gold, protect: {%s}}]}'
                       % protect)
        outcome, = refusals.outcomes(found, facts(), 'protect')

        def asked() -> use_index.Use:
            assert use is not None
            return use

        return refusals.removal(
            outcome, refusals.Subject('i', protected,
                                      None if changed is None
                                      else NOW - changed),
            frozenset(roles or ('member',)), asked, what='deleted', now=NOW
        ) or ''

    def test_not_guarded(self) -> None:
        self.assertEqual('', self.why('may_delete: []'))
        self.assertEqual('', self.why('protected: false', protected=True))

    def test_protected(self) -> None:
        for protected in (True, False):
            said = self.why('protected: true, may_delete: [boss], '
                            'may_unprotect: []', protected=protected)
            self.assertIn('Image i cannot be deleted: ', said)
            self.assertIn('rule gold of the lifecycle policy', said)
        self.assertIn('role boss may delete it', said)

    def test_may_delete(self) -> None:
        for rest in ('protected: true', 'cool_down: 9 days',
                     'keep_while_in_use: true'):
            for role in ('boss', 'chief'):
                self.assertEqual('', self.why(
                    rest + ', may_delete: [Boss, chief]', role))

    def test_may_unprotect(self) -> None:
        """Unset by whom, nobody knows: it counts for who may unset it."""
        rule = 'protected: true, may_delete: [], may_unprotect: [keeper]'
        self.assertNotEqual('', self.why(rule, 'member'))
        self.assertEqual('', self.why(rule, 'keeper'))
        self.assertIn('keeper', self.why(rule, 'keeper', protected=True))

    def test_cool_down(self) -> None:
        rule = 'cool_down: 2 hours, may_delete: []'
        self.assertIn('from 2026-03-01 13:00:00 UTC on', self.why(rule))
        self.assertNotEqual('', self.why(rule, changed=2 * HOUR
                                         - datetime.timedelta(seconds=1)))
        self.assertEqual('', self.why(rule, changed=2 * HOUR))
        # A clock that is wrong, a time that is not known.
        self.assertNotEqual('', self.why(rule, changed=-9 * HOUR))
        self.assertNotEqual('', self.why(rule, changed=None))
        self.assertIn('it is protected', self.why(rule, protected=True,
                                                  changed=99 * HOUR))

    def test_in_use(self) -> None:
        rule = 'keep_while_in_use: true, may_delete: [boss]'
        self.assertEqual('', self.why(rule, use=FREE))
        said = self.why(rule, use=BUSY)
        self.assertIn('in use by servers and clones in Ceph', said)
        self.assertIn('rule gold of the lifecycle policy', said)
        said = self.why(rule, use=UNKNOWN)
        self.assertIn('cannot be told now', said)
        self.assertNotIn('Nova', said)

    def test_in_use_is_asked_last(self) -> None:
        self.assertIn('unprotected or changed', self.why(
            'keep_while_in_use: true, cool_down: 1 day'))


class UnsureTest(unittest.TestCase):

    def test_every_rule_that_may_match_binds(self) -> None:
        found = policy("""
version: 1
defaults: {protect: {may_delete: [boss]}}
rules:
  - {name: maybe, match: {domain: d}, protect: {protected: true}}
  - {name: surely, protect: {keep_while_in_use: true}}
  - {name: never, protect: {cool_down: 1 day}}
""")
        bound = [*refusals.outcomes(found, facts(), 'protect')]
        self.assertEqual(['surely', 'maybe'], [one.rule for one in bound])
        self.assertEqual((True, False, ('boss',)), (
            bound[1].wants.protected, bound[1].wants.keep_while_in_use,
            bound[1].wants.may_delete))
        self.assertEqual('rule maybe of the lifecycle policy',
                         bound[1].by('protected'))
        for domain, expected in (('d', 'maybe'), ('e', 'surely')):
            bound = [*refusals.outcomes(found, facts(domain=domain),
                                        'protect')]
            self.assertEqual([expected], [one.rule for one in bound])


class DeactivationTest(unittest.TestCase):

    def test_protected(self) -> None:
        found = policy("""
version: 1
rules:
  - {name: gold, match: {tags: gold}, protect: {protected: true,
     may_delete: [boss], may_unprotect: [keeper]}}
  - {name: rest, protect: {keep_while_in_use: true, cool_down: 1 day}}
""")
        for tag, role, allowed in (('gold', 'member', False),
                                   ('gold', 'boss', True),
                                   ('gold', 'keeper', True),
                                   ('tin', 'member', True)):
            outcome, = refusals.outcomes(
                found, facts(tags=frozenset((tag,))), 'protect')
            why = refusals.deactivation(outcome, 'i', frozenset((role,)))
            self.assertEqual(allowed, why is None)
            if why:
                self.assertIn('rule gold of the lifecycle policy', why)


class PublicationTest(unittest.TestCase):

    def test_allowed(self) -> None:
        found = policy("""
version: 1
rules:
  - {name: own, visibility: {allowed: [private, community],
     publishers: [p]}}
""")
        for visibility, project, said in (
                ('community', 'p', None),
                ('community', 'q', 'project q is not among'),
                ('public', 'p', 'only private or community is allowed')):
            changed = refusals.with_visibility(facts(project=project),
                                               visibility)
            outcome, = refusals.outcomes(found, changed, 'visibility')
            why = refusals.publication(outcome, '', changed)
            if said is None:
                self.assertIsNone(why)
            else:
                self.assertIn('The image cannot be ' + visibility, str(why))
                self.assertIn(said, str(why))
                self.assertIn('rule own of the lifecycle policy', str(why))
