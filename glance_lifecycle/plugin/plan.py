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

"""The plan of one import: all that Admit decided, and nothing else.

Tasks hand it on as plain data, as ``to_dict()`` makes it, so that TaskFlow
could keep it. It holds no secret and nothing that lives: those are the
session's.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.signing import properties


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How one image comes in.

    :ivar facts: the image as it was admitted; ``size`` is the staged file's,
        ``stores`` are those that were asked for
    :ivar signature: the user's, if the image has one that counts
    :ivar trust: what the policy says of the signer's certificate, by the
        options' names
    :ivar policy_rule: the rule that decided what it takes to come in
    :ivar policy_digest: ``sha256:...`` of the document, None without one
    :ivar policy_format: the disk format that the policy wants stored
    :ivar stores: those to write
    :ivar all_must_succeed: or one of them is enough
    :ivar reader: the format to decode; ``raw`` takes the bytes as they are
    :ivar convert: the stored bytes differ from the staged ones
    :ivar resign: the service signs them
    :ivar disk_format: to be set on the image
    :ivar virtual_size: to expect, in bytes; 0 if unknown
    :ivar max_virtual_size: bytes; 0 for no limit
    :ivar staging_dir: where the staged file is
    """

    facts: policy_facts.Facts
    signature: properties.SignatureProperties | None
    trust: Mapping[str, Any]
    policy_rule: str
    policy_digest: str | None
    policy_format: str
    stores: tuple[str, ...]
    all_must_succeed: bool
    reader: str
    convert: bool
    resign: bool
    disk_format: str
    virtual_size: int
    max_virtual_size: int
    staging_dir: str

    @property
    def staged_size(self) -> int:
        """Bytes of the staged file."""
        return self.facts.size or 0

    @property
    def source_format(self) -> str:
        """The disk format of the staged file."""
        return self.facts.disk_format or ''

    @property
    def container_format(self) -> str:
        return self.facts.container_format or ''

    def to_dict(self) -> dict[str, Any]:
        """As plain data, which JSON can hold."""
        found = {field.name: getattr(self, field.name)
                 for field in dataclasses.fields(self)}
        return found | {
            'facts': self.facts.to_dict(),
            'signature': self.signature and self.signature.to_properties(),
            'trust': {name: list(value) if isinstance(value, tuple) else value
                      for name, value in self.trust.items()},
            'stores': list(self.stores)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> 'Plan':
        given = value['signature']
        return cls(**{
            **value, 'facts': policy_facts.Facts.from_dict(value['facts']),
            'signature': properties.parse(given) if given else None,
            'trust': {name: tuple(each) if isinstance(each, list) else each
                      for name, each in value['trust'].items()},
            'stores': tuple(value['stores'])})


def rule(decided: decisions.Decision) -> str:
    return decided.rules['require']


def digest(decided: decisions.Decision) -> str | None:
    return 'sha256:' + decided.digest if decided.digest else None


def difference(plan: Plan, facts: policy_facts.Facts,
               signature: properties.SignatureProperties | None,
               decided: decisions.Decision) -> str | None:
    """Why an image that was changed meanwhile no longer fits its plan.

    What the policy forbids is not told here: see ``Decision.violations``.

    :param facts: the image as it is now; the rest as of ``Plan``
    :param signature: the one that it has now
    :param decided: on these facts
    :returns: a clause for a sentence; None if all that was done still holds
    """
    if (facts.disk_format, facts.container_format) != (
            plan.facts.disk_format, plan.facts.container_format):
        return ('it was inspected as %s in %s, and its disk_format and '
                'container_format are now %s and %s' % (
                    plan.source_format, plan.container_format,
                    facts.disk_format, facts.container_format))
    if decided.require.signature != 'never':
        if signature != plan.signature:
            return 'its signature is not the one that was verified'
        if signature is not None and decided.require.trust() != plan.trust:
            return ('the lifecycle policy now asks for other signers (rule '
                    '%s)' % rule(decided))
    if decided.disk_format != plan.policy_format:
        return ('the lifecycle policy now wants it stored as %s (rule %s)'
                % (decided.disk_format, decided.rules['convert']))
    if missing := [s for s in decided.place.stores or ()
                   if s not in plan.stores]:
        return ('the lifecycle policy now wants it in store %s too (rule %s)'
                % (', '.join(missing), decided.rules['place']))
    if decided.place.stores and decided.place.combine == 'policy-only' and (
            surplus := set(plan.stores) - set(decided.stores)):
        return ('the lifecycle policy now does not want it in store %s (rule '
                '%s)' % (', '.join(sorted(surplus)),
                         decided.rules['place']))
    return None
