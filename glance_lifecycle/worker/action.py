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

"""One thing to do to one image, and why."""

from collections.abc import Mapping
import dataclasses
from typing import Any

import jsonschema

from glance_lifecycle import exceptions
from glance_lifecycle.policy import drift
from glance_lifecycle.policy import match

UPDATE, SIGN, COPY, DROP = 'update', 'sign', 'copy', 'drop'
HIDE, DEACTIVATE, DELETE = 'hide', 'deactivate', 'delete'
PREFETCH, SCRUB = 'prefetch', 'scrub'
MIGRATE, MIGRATE_DROP = 'migrate', 'migrate-drop'

#: in the order in which an image's actions are done
KINDS = (UPDATE, SIGN, COPY, DROP, PREFETCH, HIDE, DEACTIVATE, DELETE, SCRUB,
         MIGRATE, MIGRATE_DROP)
#: those of a migration, which an operator asks for
MIGRATING = (MIGRATE, MIGRATE_DROP)
#: those that a policy asks for
WANTED = tuple(kind for kind in KINDS if kind not in (SCRUB, *MIGRATING))
DESTRUCTIVE = frozenset((DROP, DELETE, MIGRATE_DROP))

_NAMES = {'type': 'array', 'items': {'type': 'string'}}
_TEXTS = {'type': 'object', 'additionalProperties': {'type': 'string'}}
_FIELDS: dict[str, Any] = {
    'kind': {'enum': list(KINDS)},
    # It goes into a URL.
    'image_id': {'type': 'string', 'pattern': r'\A[0-9A-Fa-f-]{32,36}\Z'},
    'image_name': {'type': 'string'}, 'project': {'type': 'string'},
    'arguments': {
        'type': 'object', 'additionalProperties': False, 'properties': {
            'attributes': {'type': 'object'}, 'set_properties': _TEXTS,
            'remove_properties': _NAMES, 'add_tags': _NAMES,
            'remove_tags': _NAMES, 'stores': _NAMES,
            'repairing': _NAMES, 'caches': _NAMES,
            'other': {'type': 'string'}, 'made': {'type': 'boolean'},
            'read_back': {'type': 'boolean'},
            'keep': {'type': 'boolean'}}},
    'reasons': {'type': 'array', 'items': {
        **_TEXTS, 'required': ['section', 'field', 'wanted', 'found', 'rule'],
        'propertyNames': {
            'enum': [f.name for f in dataclasses.fields(drift.Drift)]}}},
    'size': {'type': 'integer', 'minimum': 0}, 'unused': {'type': 'boolean'}}
_VALID = jsonschema.Draft202012Validator({
    'type': 'object', 'additionalProperties': False, 'properties': _FIELDS,
    'required': list(_FIELDS)})


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """Something to do.

    :ivar kind: one of ``KINDS``
    :ivar arguments: plain data, which the kind knows: see ``reconcile``
    :ivar reasons: where the image differs from its Decision
    :ivar size: bytes that are written or freed; 0 for none
    :ivar unused: only if nothing needs the image
    """

    kind: str
    image_id: str
    image_name: str
    project: str
    arguments: Mapping[str, Any]
    reasons: tuple[drift.Drift, ...]
    size: int = 0
    unused: bool = False

    @property
    def destructive(self) -> bool:
        """Whether it cannot be undone."""
        return self.kind in DESTRUCTIVE

    @property
    def purpose(self) -> str:
        """What for: an image needs only one action of each purpose."""
        return ':'.join((self.kind, *self.stores)) if (
            self.kind in (DROP, MIGRATE_DROP)) else self.kind

    @property
    def stores(self) -> tuple[str, ...]:
        """Those that it writes to, or deletes from."""
        return tuple(self.arguments.get('stores', ()))

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.rule for r in self.reasons))

    def same(self, other: 'Action') -> bool:
        """Whether it does the same to the same image, whatever for."""
        return all(getattr(self, name) == getattr(other, name)
                   for name in ('kind', 'image_id', 'arguments', 'unused'))

    def text(self) -> str:
        """What is done, for people; without the image."""
        if self.kind == COPY:
            return 'copy to %s' % ', '.join(self.stores)
        if self.kind == SIGN:
            return 'sign it again with the key of the service'
        if self.kind == SCRUB:
            return 'read the copies in %s and compare' % ', '.join(
                self.stores)
        if self.kind == PREFETCH:
            return 'fetch it into the cache of %s' % ', '.join(
                self.arguments['caches'])
        if self.kind == DROP:
            return 'DESTRUCTIVE: delete the copy in %s' % ', '.join(
                self.stores)
        if self.kind == MIGRATE:
            return 'copy from %s to %s, and verify it there' % (
                self.arguments.get('other', ''), ', '.join(self.stores))
        if self.kind == MIGRATE_DROP:
            return ('DESTRUCTIVE: delete the copy in %s, after the move to %s'
                    % (', '.join(self.stores),
                       self.arguments.get('other', '')))
        if self.kind == DELETE:
            return 'DESTRUCTIVE: delete the image'
        if self.kind in (HIDE, DEACTIVATE):
            return self.kind
        return '; '.join(_changes(self.arguments))

    def why(self) -> str:
        """The reasons, for people."""
        return '; '.join('%s: wanted %s, found %s' % (
            reason.field, reason.wanted, reason.found)
            for reason in self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, which JSON can hold."""
        return {
            'kind': self.kind, 'image_id': self.image_id,
            'image_name': self.image_name, 'project': self.project,
            'arguments': dict(self.arguments), 'size': self.size,
            'unused': self.unused,
            'reasons': [dataclasses.asdict(r) for r in self.reasons]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> 'Action':
        """Of plain data.

        :raises ConfigurationError: it is none that ``to_dict`` made
        """
        if not _VALID.is_valid(value):
            raise exceptions.InputRefused(
                detail='This is no action of a plan: %.200r.' % (value,))
        return cls(**{**value, 'reasons': tuple(
            drift.Drift(**reason) for reason in value['reasons'])})


def _changes(arguments: Mapping[str, Any]) -> list[str]:
    """Names and values may be strangers'."""
    found = ['%s = %s' % (name, match.text(value))
             for name, value in arguments.get('attributes', {}).items()]
    found += ['property %s = %s' % (match.text(name), match.text(value))
              for name, value in arguments.get('set_properties', {}).items()]
    for key, text in (('remove_properties', 'remove property %s'),
                      ('add_tags', 'add tag %s'),
                      ('remove_tags', 'remove tag %s')):
        found += [text % match.text(name) for name in arguments.get(key, ())]
    return found
