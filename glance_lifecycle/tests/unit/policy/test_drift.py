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


"""Where an image is not as the policy wants it."""

from typing import Any
import unittest

from glance_lifecycle.policy import drift
from glance_lifecycle.tests.unit.policy import test_checks

WANTED = {
    'require': {'signature': 'always', 'formats': ['raw', 'qcow2'],
                'container_formats': ['bare', 'ova'],
                'max_virtual_size': '8 GiB', 'properties': {'os': 'linux'}},
    'convert': {'to_raw': 'always'},
    'place': {'stores': ['fast'], 'later': ['far'], 'copies': 'exact',
              'combine': 'policy-only'},
    'protect': {'protected': True},
    'visibility': {'allowed': ['public', 'private'], 'publishers': ['p'],
                   'hidden': False},
    'metadata': {'set_properties': {'class': 'golden'},
                 'set_tags': ['golden'], 'forbid_properties': ['x_*'],
                 'forbid_tags': ['old*']}}
RIGHT: dict[str, Any] = {
    'disk_format': 'raw', 'signed': True, 'stores': ('fast', 'far'),
    'protected': True, 'visibility': 'public', 'hidden': False,
    'properties': {'os': 'linux', 'class': 'golden'},
    'tags': frozenset(('golden', 'mine'))}


class DriftTest(unittest.TestCase):

    def drift(self, wanted: dict[str, Any] = WANTED, **changes: Any
              ) -> list[tuple[str, str, str]]:
        facts = test_checks.facts(**RIGHT | changes)
        found = drift.compare(facts, test_checks.policy(**wanted).decide(
            facts))
        for item in found:
            self.assertEqual('the-rule', item.rule)
        return [(item.field, item.wanted, item.found) for item in found]

    def test_as_wanted(self) -> None:
        self.assertEqual([], self.drift())
        self.assertEqual([], self.drift({'cache': {'keep': True}},
                                        visibility='shared'))

    def test_service_signature(self) -> None:
        """What the service has signed is to stay signed, unless never."""
        for option, *expected in (
                ('signed-only',
                 ('img_signature', 'the signature of the service', 'none')),
                ('never',)):
            self.assertEqual(expected, self.drift(
                {'require': {'signature': option}}, signed=False,
                properties={'lifecycle_attestation': 'x'}))

    def test_each(self) -> None:
        for changes, *expected in (
                ({'signed': False}, ('img_signature', 'a signature', 'none')),
                ({'signed': False, 'properties': {
                    **RIGHT['properties'], 'lifecycle_attestation': 'x'}},
                 ('img_signature', 'a signature', 'none')),
                ({'container_format': 'ovf'},
                 ('container_format', 'bare, ova', 'ovf')),
                ({'disk_format': 'qcow2', 'signed': False},
                 ('img_signature', 'a signature', 'none'),
                 ('disk_format', 'raw', 'qcow2')),
                # Its signature is of the qcow2.
                ({'disk_format': 'qcow2'},),
                ({'disk_format': 'iso'},
                 ('disk_format', 'raw, qcow2', 'iso')),
                ({'virtual_size': 2 ** 34},
                 ('virtual_size', 'at most 8 GiB', '16 GiB')),
                ({'stores': ('far',)}, ('stores', 'fast', 'far')),
                ({'stores': ('fast',)}, ('stores', 'far (later)', 'fast')),
                ({'stores': ('fast', 'far', 'bulk')},
                 ('stores', 'only far, fast', 'also bulk')),
                ({'stores': ()},),
                ({'protected': False}, ('protected', 'true', 'false')),
                ({'visibility': 'shared'},
                 ('visibility', 'public or private', 'shared')),
                ({'project': 'q'}, ('visibility', 'private', 'public')),
                ({'hidden': True}, ('os_hidden', 'false', 'true')),
                ({'tags': frozenset(('older',))},
                 ('tag golden', 'set', 'not set'),
                 ('tag older', 'not set', 'set')),
                ({'properties': {'os': 'linux', 'x_y': 'z'}},
                 ('property class', 'golden', 'not set'),
                 ('property x_y', 'not set', 'set')),
                ({'properties': {'class': 'golden'}},
                 ('properties', 'property os is linux',
                  'property os is not set'))):
            self.assertEqual(expected, self.drift(**changes), changes)

    def test_at_least(self) -> None:
        wanted = {'place': {'stores': ['fast']}}
        self.assertEqual([], self.drift(wanted, stores=('fast', 'bulk')))
        self.assertEqual([('stores', 'fast', 'bulk')],
                         self.drift(wanted, stores=('bulk',)))

    def test_not_known(self) -> None:
        nothing: dict[str, Any] = dict.fromkeys((
            'signed', 'disk_format', 'virtual_size', 'protected', 'hidden',
            'visibility', 'tags', 'properties'))
        self.assertEqual([], self.drift(**nothing))
        # A rule that may match says nothing.
        self.assertEqual([], self.drift(
            {'match': {'importer_roles': 'x'}, 'protect': {
                'protected': True}}, protected=False))
