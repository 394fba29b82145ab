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

"""What is to be taken back, as a document: made once, and never changed."""

import dataclasses
from typing import Any

from glance_lifecycle.planning import document
from glance_lifecycle.transfer.backends import inventory

FORMAT = 'glance-lifecycle hygiene plan'
VERSION = 1

#: Of a plan in a file.
MAX_BYTES = 64 * 2 ** 20

#: Of one plan; what is more is for the next.
MOST_STEPS = document.MOST

_KIND = document.Kind(FORMAT, VERSION, 'hygiene plan', MAX_BYTES)


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One thing, and what it was when the plan was made.

    :ivar code: of the finding that it is
    :ivar deleted: its image was
    :ivar why: the evidence
    """

    store: str
    code: str
    kind: inventory.Kind
    place: str
    name: str
    image_id: str
    deleted: bool
    size: int | None
    allocated: int | None
    changed: float
    identity: str
    where: str
    why: str

    @classmethod
    def of(cls, store: str, code: str, entry: inventory.Entry,
           deleted: bool, why: str) -> 'Step':
        return cls(store, code, entry.kind, entry.place, entry.name,
                   entry.image_id, deleted, entry.size, entry.allocated,
                   entry.changed or 0.0, entry.identity, entry.where, why)

    @property
    def entry(self) -> inventory.Entry:
        """To be looked at."""
        return inventory.Entry(
            self.name, self.kind, self.place, self.image_id, self.size,
            self.allocated, self.changed, self.identity, where=self.where)

    @property
    def held(self) -> int:
        return self.entry.held


@dataclasses.dataclass(frozen=True, slots=True)
class Store:
    """One that was looked at.

    :ivar held: bytes that all of it takes
    :ivar refused: why nothing of it is taken; empty for not
    """

    name: str
    objects: int
    held: int
    refused: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Export:
    """Of another Glance, that the plan was made with; see ``exports``.

    :ivar time: in seconds since the epoch
    """

    glance: str
    time: float
    digest: str


@dataclasses.dataclass(frozen=True)
class Plan(document.Document):
    """All of it.

    :ivar made: when, ISO 8601
    :ivar grace: seconds since the last change, below which nothing is taken
    :ivar keep: seconds in quarantine, before which nothing is purged
    :ivar most: objects that one run may take or purge
    :ivar percent: of the bytes of a store, likewise
    :ivar alone: stores of which the operator says that no other uses them
    :ivar exports: of others that use the stores, too
    """

    KIND = _KIND

    made: str
    grace: float
    keep: float
    most: int
    percent: float
    alone: tuple[str, ...]
    stores: tuple[Store, ...]
    steps: tuple[Step, ...]
    exports: tuple[Export, ...] = ()

    @property
    def held(self) -> int:
        return sum(step.held for step in self.steps)


def load(data: bytes) -> Plan:
    """What ``to_json`` made; of hostile bytes, as well.

    :param data: at most ``MAX_BYTES``, and one more to tell
    :raises ConfigurationError: it is no plan, or not as it was made
    """
    plan = Plan(**_KIND.load(data, _PLAN))
    names = [store.name for store in plan.stores]
    if len(set(names)) < len(names):
        raise _KIND.refused('it has a store twice')
    if any(step.store not in names for step in plan.steps):
        raise _KIND.refused('a step is of a store that was not looked at')
    return plan


def _kind(value: Any, name: str) -> inventory.Kind:
    try:
        return inventory.Kind(document.text(value, name))
    except ValueError:
        raise document.Malformed('"%s" is nothing that a store can hold'
                                 % name) from None


_STORE: dict[str, document.Check] = {
    'name': document.text, 'objects': document.count, 'held': document.count,
    'refused': document.text}

_EXPORT: dict[str, document.Check] = {
    'glance': document.text, 'time': document.number,
    'digest': document.text}

_STEP: dict[str, document.Check] = {
    'store': document.text, 'code': document.text, 'kind': _kind,
    'place': document.text, 'name': document.text, 'image_id': document.text,
    'deleted': document.truth, 'size': document.perhaps(document.count),
    'allocated': document.perhaps(document.count),
    'changed': document.number, 'identity': document.text,
    'where': document.text, 'why': document.text}

_PLAN: dict[str, document.Check] = {
    'made': document.text, 'grace': document.number, 'keep': document.number,
    'most': document.count, 'percent': document.percent,
    'alone': document.every(document.text),
    'stores': document.every(lambda one, name: Store(
        **document.fields(one, _STORE, name))),
    'steps': document.every(lambda one, name: Step(
        **document.fields(one, _STEP, name))),
    'exports': document.every(lambda one, name: Export(
        **document.fields(one, _EXPORT, name)))}
