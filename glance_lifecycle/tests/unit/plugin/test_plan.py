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

"""The plan of an import: plain data, and what makes it void."""

import dataclasses
import json
from typing import Any
import unittest

from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import document
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.signing import properties

SIGNATURE = properties.SignatureProperties(
    b'signature', 'SHA-512', 'RSA-PSS', 'certificate')
OTHER = dataclasses.replace(SIGNATURE, certificate_id='another')

FACTS = policy_facts.Facts(
    'qcow2', 'bare', 10, 20, name='x', project='p', domain='d',
    visibility='private', tags=frozenset('ab'), properties={'a': 'b'},
    import_method='glance-direct', signed=True, age=1,
    importer_roles=frozenset(['member']), stores=('s1', 's2'),
    store_kinds={'s1': 'file', 's2': 'rbd'}, protected=False, hidden=False)

PLAN = plans.Plan(
    facts=FACTS, signature=SIGNATURE,
    trust={'allowed_certificates': ('c',), 'min_rsa_bits': 2048},
    policy_rule='r', policy_digest=None, policy_format='raw',
    stores=('s1', 's2'), all_must_succeed=True, reader='qcow2', convert=True,
    resign=True, disk_format='raw', virtual_size=20, max_virtual_size=0,
    staging_dir='/staging')


def decide(facts: policy_facts.Facts = FACTS,
           **sections: Any) -> decisions.Decision:
    require = {'allowed_certificates': ['c'], 'min_rsa_bits': 2048}
    rule = {'name': 'r', 'require': require} | sections
    return decisions.Policy(document.load(json.dumps(
        {'version': 1, 'rules': [rule]}).encode())).decide(facts)


class PlanTest(unittest.TestCase):

    def test_plain_data(self) -> None:
        for plan in (PLAN, dataclasses.replace(
                PLAN, signature=None, trust={},
                facts=policy_facts.Facts('raw', 'bare', 1, 1))):
            text = json.dumps(plan.to_dict())
            self.assertEqual(plan, plans.Plan.from_dict(json.loads(text)))

    def test_frozen(self) -> None:
        with self.assertRaises(dataclasses.FrozenInstanceError):
            PLAN.convert = False  # type: ignore[misc]

    def test_still_fits(self) -> None:
        for facts, signature, decided in (
                (FACTS, SIGNATURE, decide()),
                (dataclasses.replace(FACTS, tags=frozenset(), name='y'),
                 SIGNATURE, decide()),
                # What nobody asks for need not be what it was.
                (FACTS, None, decide(require={'signature': 'never'})),
                (FACTS, SIGNATURE, decide(place={'stores': ['s2']})),
                (FACTS, SIGNATURE, decide(place={
                    'stores': ['s1', 's2'], 'combine': 'policy-only'})),
                (FACTS, SIGNATURE, decide(protect={'protected': True}))):
            self.assertIsNone(plans.difference(PLAN, facts, signature,
                                               decided))

    def test_void(self) -> None:
        for why, facts, signature, decided in (
                ('it was inspected as qcow2 in bare', dataclasses.replace(
                    FACTS, disk_format='raw'), SIGNATURE, decide()),
                ('are now qcow2 and ovf', dataclasses.replace(
                    FACTS, container_format='ovf'), SIGNATURE, decide()),
                ('its signature is not', FACTS, None, decide()),
                ('its signature is not', FACTS, OTHER, decide()),
                ('other signers (rule r)', FACTS, SIGNATURE,
                 decide(require={'min_rsa_bits': 4096,
                                 'allowed_certificates': ['c']})),
                ('stored as qcow2 (rule r)', FACTS, SIGNATURE,
                 decide(convert={'to_raw': 'never'})),
                ('in store s3 too (rule r)', FACTS, SIGNATURE,
                 decide(place={'stores': ['s1', 's3']})),
                ('does not want it in store s1 (rule r)', FACTS, SIGNATURE,
                 decide(place={'stores': ['s2'],
                               'combine': 'policy-only'}))):
            found = plans.difference(PLAN, facts, signature, decided)
            self.assertIn(why, found or '')
