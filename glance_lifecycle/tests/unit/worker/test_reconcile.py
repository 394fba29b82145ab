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

"""What an image needs, by the words of a document; and that it converges."""

from collections.abc import Mapping
import datetime
from typing import Any
import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import drift as policy_drift
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.unit.policy import strategies
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import test_action
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import caching
from glance_lifecycle.worker import reconcile
from glance_lifecycle.worker import resigning

NOW = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)
KINDS = {'fast': 'rbd', 'bulk': 'file', 'far': 's3'}
IMAGE = {
    'id': test_action.IMAGE, 'name': 'golden', 'status': 'active',
    'owner': 'p',
    'visibility': 'shared', 'protected': False, 'os_hidden': False,
    'tags': ['mine'], 'disk_format': 'raw', 'container_format': 'bare',
    'size': 1000, 'virtual_size': 1000, 'stores': 'fast,bulk',
    'created_at': '2026-11-16T00:00:00Z'}


def needs(image: Mapping[str, Any], policy: decision.Policy
          ) -> reconcile.Needs:
    facts = drift.facts(image, NOW, KINDS)
    return reconcile.reconcile(image, facts, policy.decide(facts))


def carried_out(image: Mapping[str, Any], action: actions.Action
                ) -> dict[str, Any]:
    """The image after an action, as the Image API would show it."""
    done, said = dict(image), action.arguments
    stores = str(image.get('stores') or '').split(',')
    if action.kind == actions.UPDATE:
        done.update(said.get('attributes', {}))
        done.update(said.get('set_properties', {}))
        for name in said.get('remove_properties', ()):
            del done[name]
        done['tags'] = sorted(
            {*done['tags'], *said.get('add_tags', ())}
            - {*said.get('remove_tags', ())})
    elif action.kind == actions.COPY:
        done['stores'] = ','.join([*stores, *said['stores']])
    elif action.kind == actions.DROP:
        done['stores'] = ','.join(s for s in stores
                                  if s not in said['stores'])
    elif action.kind == actions.HIDE:
        done['os_hidden'] = True
    elif action.kind == actions.DEACTIVATE:
        done['status'] = 'deactivated'
    else:
        done['status'] = 'deleted'
    return done


class ReconcileTest(unittest.TestCase):

    def needs(self, wanted: dict[str, Any], **changes: Any
              ) -> reconcile.Needs:
        return needs(IMAGE | changes, test_checks.policy(**wanted))

    def done(self, wanted: dict[str, Any], **changes: Any) -> list[Any]:
        """Kind and arguments of each action."""
        found = self.needs(wanted, **changes)
        return [(a.kind, a.arguments) for a in found.actions]

    def left(self, wanted: dict[str, Any], **changes: Any) -> str:
        """Why nothing is done."""
        found = self.needs(wanted, **changes)
        self.assertEqual((), found.actions)
        return ' '.join(left.why for left in found.left)

    def test_one_request(self) -> None:
        """What the record needs is changed in one, all or nothing."""
        (kind, arguments), = self.done(
            {'protect': {'protected': True},
             'visibility': {'allowed': ['private'], 'hidden': True},
             'metadata': {'set_properties': {'b': '1', 'a': '2'},
                          'set_tags': ['golden'], 'forbid_tags': ['old*'],
                          'forbid_properties': ['x_*']}},
            tags=['mine', 'older'], x_y='z', x_z='z', b='0')
        self.assertEqual('update', kind)
        self.assertEqual({
            'attributes': {'protected': True, 'visibility': 'private',
                           'os_hidden': True},
            'set_properties': {'b': '1', 'a': '2'},
            'remove_properties': ['x_y', 'x_z'],
            'add_tags': ['golden'], 'remove_tags': ['older']}, arguments)

    def test_visibility(self) -> None:
        """An image is never made visible to more."""
        for found, allowed, result in (
                ('public', ['community', 'private'], 'community'),
                ('community', ['public', 'private'], 'private'),
                ('public', ['shared'], 'shared'),
                ('shared', ['public', 'community'], None),
                ('private', ['public'], None)):
            wanted = {'visibility': {'allowed': allowed}}
            if result is None:
                self.assertIn('Only its owner or an operator',
                              self.left(wanted, visibility=found))
            else:
                self.assertEqual([('update', {
                    'attributes': {'visibility': result}})],
                    self.done(wanted, visibility=found))

    def test_prefetch(self) -> None:
        wanted = test_checks.policy(cache={'prefetch': ['glance'],
                                           'keep': True})
        missing = caching.Missing(nodes=('b', 'a'), full=('c',),
                                  absent=('d',))

        def found(policy: decision.Policy, **changes: Any
                  ) -> reconcile.Needs:
            image = IMAGE | changes
            facts = drift.facts(image, NOW, KINDS)
            decided = policy.decide(facts)
            if not reconcile.wants_caches(image, decided):
                return reconcile.Needs()
            return reconcile.reconcile(image, facts, decided,
                                       reconcile.Around(missing=missing))

        needs = found(wanted)
        action, = needs.actions
        self.assertEqual(
            ('prefetch', {'caches': ['a', 'b'], 'keep': True}, 2000),
            (action.kind, action.arguments, action.size))
        full, absent = needs.left
        self.assertIn('no room', full.why)
        self.assertIn('no such aggregate', absent.why)
        for changes in ({'os_hidden': True}, {'status': 'deactivated'},
                        {'os_glance_import_task': 't'}):
            self.assertEqual(reconcile.Needs(), found(wanted, **changes))
        self.assertEqual(reconcile.Needs(), found(
            test_checks.policy(cache={'keep': True})))
        retired = found(test_checks.policy(
            cache={'prefetch': ['glance']}, retain={'hide_after': '1 day'}))
        self.assertEqual(['hide'], [a.kind for a in retired.actions])

    def signed(self, wanted: dict[str, Any], found: resigning.Found,
               **changes: Any) -> tuple[list[str], list[str]]:
        """What is found of the signature it wants again, and why not."""
        image = IMAGE | changes
        facts = drift.facts(image, NOW, KINDS)
        policy = test_checks.policy(**wanted)
        needs = reconcile.reconcile(image, facts, policy.decide(facts),
                                    reconcile.Around(signature=found))
        for action in needs.actions:
            self.assertEqual((actions.SIGN, {}),
                             (action.kind, action.arguments))
        return ([action.reasons[0].found for action in needs.actions],
                [left.why for left in needs.left])

    def test_sign(self) -> None:
        """What the service has signed, where that is proven."""
        wanted = {'require': {'signature': 'signed-only'}}
        attested = {'lifecycle_attestation': 'x'}
        whole = {name: 'x' for name in policy_facts.SIGNATURE}
        good, bad = resigning.Found('', ''), resigning.Found('', 'Forged.')
        broken = resigning.Found('one that is not good', '')
        self.assertEqual((['none'], []),
                         self.signed(wanted, good, **attested))
        self.assertEqual(([], ['Forged.']),
                         self.signed(wanted, bad, **attested))
        self.assertEqual(([broken.wrong], []),
                         self.signed(wanted, broken, **attested, **whole))
        # Not twice, of a part of one.
        self.assertEqual((['none'], []), self.signed(
            wanted, broken, **attested, img_signature='x'))
        # Nobody wants it, or knows whether it was there.
        for image, option in ((attested, 'never'), ({}, 'signed-only')):
            self.assertEqual(([], []), self.signed(
                {'require': {'signature': option}}, good, **image))
        self.assertEqual(([], []), self.signed(
            {'require': {'signature': 'never'}}, broken, **attested,
            **whole))

    def test_never_signed(self) -> None:
        """What nobody has attested is left, whatever the policy wants."""
        self.assertIn('Nothing here proves',
                      self.left({'require': {'signature': 'always'}}))

    def test_publishers(self) -> None:
        self.assertEqual(
            [('update', {'attributes': {'visibility': 'shared'}})],
            self.done({'visibility': {'publishers': ['q']}},
                      visibility='public'))

    def test_of_the_service(self) -> None:
        """A pattern too wide does not take the signature away."""
        for name in ('img_signature', 'lifecycle_attestation',
                     'os_glance_x'):
            self.assertIn('belongs to the service', self.left(
                {'metadata': {'forbid_properties': ['*']}}, **{name: 'x'}))

    def test_copies(self) -> None:
        """First those that are missing; then those that are too many."""
        wanted = {'place': {'stores': ['bulk'], 'later': ['far'],
                            'copies': 'exact', 'combine': 'policy-only'}}
        found = self.needs(wanted)
        self.assertEqual([('copy', {'stores': ['far']}, 1000)], [
            (a.kind, a.arguments, a.size) for a in found.actions])
        self.assertEqual(['First the copies that are missing are made.'],
                         [left.why for left in found.left])
        self.assertEqual([('drop', {'stores': ['fast']})],
                         self.done(wanted, stores='fast,bulk,far'))
        self.assertEqual([], self.done(wanted, stores='bulk,far'))
        self.assertEqual([], self.done(wanted, stores=None))

    def test_one_read_for_all(self) -> None:
        self.assertEqual([('copy', {'stores': ['bulk', 'far']})], self.done(
            {'place': {'stores': ['bulk', 'fast'], 'later': ['far']}},
            stores='fast'))

    def test_no_such_store(self) -> None:
        found = self.needs({'place': {'stores': ['fast', 'gone'],
                                      'later': ['far']}})
        self.assertEqual([('far',)], [a.stores for a in found.actions])
        self.assertIn('There is no such store', found.left[0].why)

    def test_not_active(self) -> None:
        wanted = {'place': {'stores': ['far']}}
        self.assertIn('Reactivate it first', self.left(
            wanted, status='deactivated'))
        self.assertIn('Reactivate it first', self.left(
            {'place': {'stores': ['fast'], 'copies': 'exact',
                       'combine': 'policy-only'}},
            status='deactivated', stores='fast,bulk'))
        for status in ('queued', 'importing', 'deleted', 'killed'):
            self.assertEqual(reconcile.Needs(), self.needs(
                wanted, status=status))

    def test_busy(self) -> None:
        self.assertIn('copied now, by task t1', self.left(
            {'protect': {'protected': True},
             'place': {'stores': ['far']}}, os_glance_import_task='t1'))

    def test_not_mended(self) -> None:
        self.assertIn('imported again', self.left(
            {'require': {'signature': 'always'}}))

    def test_retired(self) -> None:
        """Each when it is due, and deletion alone."""
        wanted = {'retain': {'hide_after': '5 days',
                             'deactivate_after': '10 days',
                             'delete_after': '20 days'}}
        for day, expected in ((15, []), (22, ['hide']),
                              (26, ['hide', 'deactivate']),
                              (28, ['hide', 'deactivate'])):
            with self.subTest(day):
                created = NOW - datetime.timedelta(days=day - 16)
                self.assertEqual(expected, [kind for kind, _ in self.done(
                    wanted, created_at=created.isoformat())])
        old = '2026-01-01T00:00:00Z'
        action, = self.needs(wanted, created_at=old, stores='far').actions
        self.assertEqual(('delete', True, True, 1000), (
            action.kind, action.destructive, action.unused, action.size))
        self.assertEqual([], self.done(
            {'retain': {'hide_after': '1 day'}}, os_hidden=True))

    def test_protected_is_not_deleted(self) -> None:
        wanted = {'retain': {'delete_after': '1 day'}}
        self.assertIn('It is protected', self.left(wanted, protected=True))
        found = self.needs(wanted | {'protect': {'protected': True}})
        self.assertEqual(['update'], [a.kind for a in found.actions])

    def test_may_be_protected(self) -> None:
        """A rule that may match is not overlooked for a deletion."""
        policy = decision.Policy(strategies.load({
            'version': 1, 'rules': [
                {'name': 'a', 'match': {'domain': 'x'},
                 'protect': {'protected': True}},
                {'name': 'b', 'retain': {'delete_after': '1 day'}}]}))
        self.assertEqual((), needs(IMAGE, policy).actions)
        policy = decision.Policy(strategies.load({
            'version': 1, 'rules': [
                {'name': 'a', 'match': {'domain': 'x'},
                 'retain': {'delete_after': '9 years'}},
                {'name': 'b', 'retain': {'delete_after': '1 day'}}]}))
        self.assertEqual((), needs(IMAGE, policy).actions)

    def test_in_use(self) -> None:
        for retain, protect, unused in (
                ({'only_unused': False}, {}, False), ({}, {}, True),
                ({'only_unused': False}, {'keep_while_in_use': True}, True)):
            action, = self.needs({
                'retain': {'delete_after': '1 day'} | retain,
                **({'protect': protect} if protect else {})}).actions
            self.assertIs(unused, action.unused)

    def test_shown_or_hidden(self) -> None:
        wanted = {'retain': {'hide_after': '1 day'},
                  'visibility': {'hidden': False}}
        self.assertIn('Correct one of the two', self.left(wanted))


_WORDS = st.sampled_from(['a', 'b', 'c'])
_STORES = st.lists(st.sampled_from(sorted(KINDS)), unique=True)
_IMAGES = st.fixed_dictionaries({
    'id': st.just(test_action.IMAGE), 'name': _WORDS,
    'owner': st.sampled_from('pq'),
    'status': st.sampled_from(['active', 'deactivated']),
    'visibility': st.sampled_from(wants.ALL_VISIBILITIES),
    'protected': st.booleans(), 'os_hidden': st.booleans(),
    'tags': st.lists(_WORDS, unique=True), 'disk_format': st.just('raw'),
    'container_format': st.just('bare'), 'size': st.just(1000),
    'virtual_size': st.just(1000),
    'stores': _STORES.filter(bool).map(','.join),
    'created_at': st.sampled_from(['2026-11-25T00:00:00Z',
                                   '2026-11-16T00:00:00Z',
                                   '2026-01-01T00:00:00Z'])},
    optional={'x': _WORDS, 'y': _WORDS})
_AGES = st.sampled_from(['1 day', '5 days', '20 days'])


def _sorted_ages(ages: list[str]) -> dict[str, str]:
    return dict(zip(('hide_after', 'deactivate_after', 'delete_after'),
                    sorted(ages, key=lambda age: int(age.split()[0]))))


_WANTED = st.fixed_dictionaries({}, optional={
    'place': st.builds(
        lambda stores, exact: {
            'stores': stores[:2], 'later': stores[2:],
            **({'copies': 'exact', 'combine': 'policy-only'} if exact
               else {})}, _STORES.filter(bool), st.booleans()),
    'protect': st.fixed_dictionaries({'protected': st.booleans()}),
    'visibility': st.fixed_dictionaries({'allowed': st.lists(
        st.sampled_from(wants.ALL_VISIBILITIES), min_size=1, unique=True)},
        optional={'hidden': st.booleans(), 'publishers': st.just(['p'])}),
    'metadata': st.fixed_dictionaries(
        {'set_properties': st.dictionaries(st.just('x'), _WORDS),
         'set_tags': st.lists(st.just('a'), max_size=1)},
        optional={'forbid_properties': st.just(['y*']),
                  'forbid_tags': st.just(['b'])}),
    'retain': st.lists(_AGES, min_size=1, max_size=3).map(_sorted_ages)})


def _said(wanted: Any) -> Any:
    """Without what is empty, which a document may not say."""
    if not isinstance(wanted, dict):
        return wanted
    found = {key: _said(value) for key, value in wanted.items()}
    return {key: value for key, value in found.items()
            if value not in ({}, [])}


class ConvergenceTest(unittest.TestCase):

    @hypothesis.given(_IMAGES, _WANTED.map(_said).filter(bool))
    @hypothesis.settings(max_examples=300, deadline=None)
    def test_converges(self, image: dict[str, Any], wanted: Any) -> None:
        """From any drift; then nothing is done any more.

        A round may leave what another has to wait for: the copies that are
        too many.
        """
        policy = test_checks.policy(**wanted)
        for _round in range(3):
            for action in needs(image, policy).actions:
                self.assertTrue(
                    actions.Action.from_dict(action.to_dict()).same(action))
                image = carried_out(image, action)
        found = needs(image, policy)
        self.assertEqual((), found.actions)
        if image['status'] == 'active':
            facts = drift.facts(image, NOW, KINDS)
            self.assertLessEqual(
                {d.option for d in policy_drift.compare(
                    facts, policy.decide(facts))},
                {'allowed', 'publishers'}, found.left)
        if image['status'] != 'deleted':
            self.assertTrue(image['stores'])
