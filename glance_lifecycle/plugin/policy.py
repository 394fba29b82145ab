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

"""What the lifecycle policy wants of one import."""

from typing import Any

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle.plugin import glance_image
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import wants
from glance_lifecycle import policy_file

CONF = cfg.CONF

# A section that is in doubt decides nothing about an import.
_ADVISORY = ('cache', 'retain')


def decide(session: sessions.Session, image: glance_image.ImageFacts,
           size: int, virtual_size: int | None,
           signed: bool) -> decision.Decision:
    """The Decision for this import.

    :param size: bytes of the staged file
    :param signed: it has a signature, good or bad
    :raises ConfigurationError: there is no good policy, or it asks for what
        cannot be known of this import
    :raises ImageRefused: with all that the policy forbids
    """
    decided = policy_file.in_force(CONF).decide(policy_facts.Facts(
        disk_format=image.disk_format,
        container_format=image.container_format, size=size,
        virtual_size=virtual_size or size, name=image.name or '',
        project=image.owner or '', domain=image.domain,
        visibility=image.visibility, tags=image.tags,
        properties={name: str(value)
                    for name, value in image.properties.items()},
        import_method=session.glance.method, signed=signed, age=image.age,
        importer_roles=image.roles, stores=tuple(session.stores),
        store_kinds=glance_image.store_kinds(), protected=image.protected,
        hidden=image.hidden))
    for section, rules in decided.unsure.items():
        if section not in _ADVISORY:
            raise exceptions.ConfigurationError(detail=(
                'the lifecycle policy cannot decide "%s": rule %s asks for '
                'what is not known of this import' % (section, rules[0])))
    if decided.violations:
        # All reasons at once, so that the user need not try many times.
        raise exceptions.ImageRefused(
            reason=decided.violations[0].reason,
            detail='; '.join(v.detail for v in decided.violations))
    return decided


def place(session: sessions.Session, decided: decision.Decision) -> None:
    """The stores of this import, in place of those that were asked for.

    :raises ConfigurationError: in staged mode, where Glance uploads to the
        latter
    """
    if decided.place.all_must_succeed is not None:
        session.glance.all_must_succeed = decided.place.all_must_succeed
    stores = list(decided.stores)
    if not stores or set(stores) == set(session.stores):
        return
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


def written(decided: decision.Decision,
            image: glance_image.ImageFacts) -> dict[str, Any]:
    """What the policy wants on the image's record, for the plan."""
    return {
        'policy_rule': decided.rules['require'],
        'policy_digest': 'sha256:' + decided.digest if decided.digest
        else None,
        'set_properties': dict(decided.metadata.set_properties),
        'set_tags': list(decided.metadata.set_tags),
        'protected': decided.protect.protected,
        'hidden': decided.visibility.hidden,
        'visibilities': [v for v in wants.ALL_VISIBILITIES
                         if decided.visibility.permits(v, image.owner or '')],
    }
