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


"""What makes an image inadmissible, by the words of a document."""

from typing import Any
import unittest

from glance_lifecycle.policy import decision
from glance_lifecycle.tests.unit.policy import strategies

GIB = decision.GIB
KINDS = {'fast': 'rbd', 'bulk': 'file', 'far': 's3'}


def policy(defaults: decision.Defaults = decision.Defaults(),
           **wants: Any) -> decision.Policy:
    return decision.Policy(strategies.load({'version': 1, 'rules': [
        {'name': 'the-rule', **wants}]}), defaults)


def facts(**changes: Any) -> decision.Facts:
    return decision.Facts(**{
        'disk_format': 'qcow2', 'container_format': 'bare', 'size': GIB,
        'virtual_size': 4 * GIB, 'project': 'p', 'visibility': 'private',
        'tags': frozenset(), 'properties': {}, 'signed': False,
        'stores': ('bulk',), 'store_kinds': KINDS, **changes})


class ViolationsTest(unittest.TestCase):

    def violations(self, wants: dict[str, Any], **changes: Any
                   ) -> list[tuple[str, str]]:
        found = policy(**wants).decide(facts(**changes)).violations
        for violation in found:
            self.assertIn('rule the-rule of the lifecycle policy',
                          violation.detail)
            self.assertEqual('the-rule', violation.rule)
        return [(v.reason, v.detail) for v in found]

    def reasons(self, *args: Any, **changes: Any) -> list[str]:
        return [reason for reason, _ in self.violations(*args, **changes)]

    def test_all_at_once(self) -> None:
        self.assertEqual(
            ['format-not-allowed', 'container-not-allowed', 'size-limit',
             'expansion-ratio',
             'signature-required', 'property-required', 'property-required',
             'store-unknown', 'store-unknown', 'visibility-not-allowed',
             'property-forbidden', 'tag-forbidden'],
            self.reasons({
                'require': {'formats': ['raw'],
                            'container_formats': ['ova', 'docker'],
                            'max_virtual_size': '1 GiB',
                            'max_expansion_ratio': 2, 'signature': 'always',
                            'properties': {'a': 'x', 'b': {'present': True}}},
                'place': {'stores': ['gone'], 'later': ['lost']},
                'visibility': {'allowed': ['shared']},
                'metadata': {'forbid_properties': ['z*'],
                             'forbid_tags': ['t']}},
                virtual_size=11 * GIB, properties={'zz': 'x'},
                tags=frozenset(('t',))))

    def test_policy_over_options(self) -> None:
        """It refines the options, in both directions."""
        options = decision.Defaults(formats=('raw',), max_virtual_size=GIB,
                                    container_formats=('ova',),
                                    signature='always', convert=True)
        refused = policy(options, cache={'keep': True}).decide(facts())
        self.assertEqual(
            [('format-not-allowed', '[lifecycle] formats'),
             ('container-not-allowed', '[lifecycle] container_formats'),
             ('size-limit', '[lifecycle] max_virtual_size'),
             ('signature-required', '[lifecycle_signing] required')],
            [(v.reason, v.rule) for v in refused.violations])
        self.assertEqual((), policy(options, require={
            'formats': ['qcow2'], 'container_formats': ['bare'],
            'max_virtual_size': 'unlimited',
            'signature': 'never'}).decide(facts()).violations)

    def test_properties(self) -> None:
        required = {'require': {'properties': {
            'os': ['linux', 'bsd'], 'bus': {'pattern': 'virtio*'}}}}
        self.assertEqual([], self.reasons(required, properties={
            'os': 'bsd', 'bus': 'virtio-scsi'}))
        found = self.violations(required, properties={'os': 'dos'})
        self.assertIn('property os is dos, not bsd, linux, but must be so '
                      'that property os is bsd, linux', found[0][1])
        self.assertIn('property bus is not set', found[1][1])

    def test_publishers(self) -> None:
        wanted = {'visibility': {'publishers': ['p', 'q']}}
        for visibility, project, expected in (
                ('public', 'p', []), ('private', 'x', []),
                ('shared', 'x', []),
                ('public', 'x', ['publisher-not-allowed']),
                ('community', 'x', ['publisher-not-allowed']),
                # An image without an owner, and a project not known.
                ('public', '', ['publisher-not-allowed']),
                ('public', None, ['publisher-not-allowed'])):
            self.assertEqual(expected, self.reasons(
                wanted, visibility=visibility, project=project))

    def test_stores_not_known(self) -> None:
        self.assertEqual([], self.reasons(
            {'place': {'stores': ['gone']}}, store_kinds=None))

    def test_nothing_known(self) -> None:
        """Of what is not known, nothing is held against the image."""
        wanted = policy(require={'signature': 'always', 'properties': {
            'a': 'b'}, 'max_virtual_size': '1 B'}, visibility={
                'allowed': ['public']}, metadata={'forbid_tags': ['*']})
        self.assertEqual((), wanted.decide(decision.Facts(
            None, None, None, None)).violations)


class PlaceAndConvertTest(unittest.TestCase):

    def stores(self, place: dict[str, Any], *asked: str) -> tuple[str, ...]:
        return policy(place=place).decide(facts(stores=asked)).stores

    def test_stores(self) -> None:
        self.assertEqual(('bulk',), self.stores({'later': ['far']}, 'bulk'))
        self.assertEqual(('fast', 'bulk'),
                         self.stores({'stores': ['fast']}, 'bulk', 'fast'))
        self.assertEqual(('fast',), self.stores(
            {'stores': ['fast'], 'combine': 'policy-only'}, 'bulk'))
        self.assertEqual((), self.stores({'later': ['far']}))

    def raw(self, to_raw: Any, place: Any = None, **changes: Any) -> str:
        wants: dict[str, Any] = {'convert': {'to_raw': to_raw}}
        if place:
            wants['place'] = place
        return policy(**wants).decide(facts(**changes)).disk_format

    def test_convert(self) -> None:
        if_rbd = {'if_store_is': ['rbd', 'cinder']}
        self.assertEqual('raw', self.raw('always'))
        self.assertEqual('qcow2', self.raw('never'))
        self.assertEqual('qcow2', self.raw(if_rbd))
        self.assertEqual('raw', self.raw(if_rbd, stores=('bulk', 'fast')))
        # The same bytes are in every store, also in those of later.
        self.assertEqual('raw', self.raw(if_rbd, {'stores': ['fast']}))
        self.assertEqual('raw', self.raw(if_rbd, {'later': ['fast']}))
        self.assertEqual('iso', self.raw('always', disk_format='iso'))
        self.assertEqual('qcow2', self.raw('always', container_format='ova'))

    def test_kinds_not_known(self) -> None:
        wanted = policy(convert={'to_raw': {'if_store_is': 'rbd'}})
        for changes in ({'store_kinds': None}, {'stores': ()},
                        {'stores': ('bulk', 'other')}):
            decided = wanted.decide(facts(**changes))
            self.assertEqual('qcow2', decided.disk_format)
            self.assertEqual({'convert': ('the-rule',)}, decided.unsure)
        self.assertEqual('raw', wanted.decide(facts(
            stores=('fast', 'other'))).disk_format)

    def test_trust(self) -> None:
        decided = policy(require={
            'allowed_certificates': ['a'], 'min_rsa_bits': 3072,
            'allow_dsa': False}).decide(facts())
        self.assertEqual({'allowed_certificates': ('a',), 'min_rsa_bits':
                          3072, 'allow_dsa': False}, decided.require.trust())

    def test_guarded(self) -> None:
        for protect, expected in (
                ({'protected': True}, True), ({'cool_down': '1 day'}, True),
                ({'keep_while_in_use': True}, True),
                ({'protected': False}, False),
                ({'may_delete': ['x']}, False)):
            self.assertIs(expected, policy(protect=protect).decide(
                facts()).protect.guarded)
