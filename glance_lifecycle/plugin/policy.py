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

"""What the lifecycle policy wants of one import, before and after the work.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.plugin import signatures
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle import policy_file
from glance_lifecycle.signing import properties

CONF = cfg.CONF

# A section that is in doubt decides nothing about an import.
_ADVISORY = ('cache', 'retain')


def decide(facts: policy_facts.Facts) -> tuple[
        decision.Decision, properties.SignatureProperties | None]:
    """The Decision for this import, and the signature that counts.

    :param facts: with what is known of an import only
    :raises ConfigurationError: there is no good policy, or it asks for what
        cannot be known of this import
    :raises ImageRefused: with all that the policy forbids
    """
    decided = policy_file.in_force(CONF).decide(facts)
    for section, rules in decided.unsure.items():
        if section not in _ADVISORY:
            raise exceptions.ConfigurationError(detail=(
                'the lifecycle policy cannot decide "%s": rule %s asks for '
                'what is not known of this import' % (section, rules[0])))
    signature = None
    if decided.require.signature != 'never':
        # Before "only signed images": a part of one is not none.
        signature = properties.parse(facts.properties or {})
    if decided.violations:
        # All reasons at once, so that the user need not try many times.
        raise exceptions.ImageRefused(
            reason=decided.violations[0].reason,
            detail='; '.join(v.detail for v in decided.violations))
    return decided, signature


def place(session: sessions.Session, decided: decision.Decision
          ) -> tuple[str, ...]:
    """The stores of this import, in place of those that were asked for.

    :raises ConfigurationError: in staged mode, where Glance uploads to the
        latter
    """
    if decided.place.all_must_succeed is not None:
        session.glance.all_must_succeed = decided.place.all_must_succeed
    stores = list(decided.stores)
    if not stores or set(stores) == set(session.stores):
        return tuple(session.stores)
    if not session.direct:
        raise exceptions.ConfigurationError(detail=(
            'rule %s of the lifecycle policy places the image in %s, but the '
            'import is staged (%s), and so goes to the stores that were '
            'asked for. Ask for exactly these stores' % (
                decided.decided_by('place', 'stores'), ', '.join(stores),
                session.staged_reason)))
    session.glance.list_stores((), no_more=session.stores)
    session.stores = stores
    session.note(stores=stores)
    return tuple(stores)


def decide_again(plan: plans.Plan, now: policy_facts.Facts
                 ) -> decision.Decision:
    """The Decision on the image as it is when it becomes active.

    The work took a while, in which its owner may have changed it. What the
    policy wants of it now is then applied; what it forbids is refused.

    :param now: the image as it is
    :raises ImageChanged: what was done is not what had to be done
    :raises ConfigurationError: as ``decide()``
    :raises ImageRefused: as ``decide()``
    """
    # Of the bytes, that which was found out about them.
    facts = dataclasses.replace(
        now, size=plan.facts.size, virtual_size=plan.facts.virtual_size,
        stores=plan.facts.stores, store_kinds=plan.facts.store_kinds)
    decided, signature = decide(facts)
    why = plans.difference(plan, facts, signature, decided)
    if why is not None:
        raise exceptions.ImageChanged(detail=why)
    return decided


def wanted(decided: decision.Decision, attested: Mapping[str, Any]
           ) -> glance_host.Wanted:
    """What the policy and Attest want written on the image.

    :param attested: what Attest provides
    """
    return glance_host.Wanted(
        {**decided.metadata.set_properties, **attested['set']},
        attested['remove'], tags=decided.metadata.set_tags,
        protected=decided.protect.protected,
        hidden=decided.visibility.hidden)


def make(session: sessions.Session, facts: policy_facts.Facts,
         reader: str, virtual_size: int, staging_dir: str) -> plans.Plan:
    """Decide how the image comes in, before any work.

    :param facts: with the size of the staged file
    :param reader: the format to decode, if it is converted
    :param virtual_size: bytes, as inspected; 0 if unknown
    """
    facts = dataclasses.replace(
        facts, virtual_size=virtual_size or facts.size,
        stores=tuple(session.stores))
    decided, signature = decide(facts)
    stores = place(session, decided)
    convert, resign = signatures.conversion(
        session, signature is not None,
        decided.disk_format != facts.disk_format)
    return plans.Plan(
        facts=facts, signature=signature, trust=decided.require.trust(),
        policy_rule=plans.rule(decided), policy_digest=plans.digest(decided),
        policy_format=decided.disk_format, stores=stores,
        all_must_succeed=session.glance.all_must_succeed,
        reader=reader if convert else 'raw', convert=convert, resign=resign,
        disk_format=decided.disk_format if convert
        else facts.disk_format or '',
        virtual_size=virtual_size,
        max_virtual_size=decided.require.max_virtual_size,
        staging_dir=staging_dir)
