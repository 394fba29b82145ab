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

"""What is to be taken back, as a document: made once, and never changed.

JSON, so that it can be read. A digest over all of it says that it is what was
made; it is no signature: whoever can write to the file can make a new one. So
what a plan names is judged again before it is touched.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import functools
import hashlib
import json
import math
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory

FORMAT = 'glance-lifecycle hygiene plan'
VERSION = 1

#: Of a plan in a file.
MAX_BYTES = 64 * 2 ** 20

#: Of one plan; what is more is for the next. Each takes about 1 KB.
MOST_STEPS = 50_000

_ID_DIGITS = 16
_LONGEST = 8192
_MOST = 2 ** 63


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
class Plan:
    """All of it.

    :ivar made: when, ISO 8601
    :ivar grace: seconds since the last change, below which nothing is taken
    :ivar keep: seconds in quarantine, before which nothing is purged
    :ivar most: objects that one run may take or purge
    :ivar percent: of the bytes of a store, likewise
    :ivar alone: stores of which the operator says that no other uses them
    :ivar exports: of others that use the stores, too
    """

    made: str
    grace: float
    keep: float
    most: int
    percent: float
    alone: tuple[str, ...]
    stores: tuple[Store, ...]
    steps: tuple[Step, ...]
    exports: tuple[Export, ...] = ()

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 over all of it, in hexadecimal digits."""
        return _digest(self._document())

    @property
    def id(self) -> str:
        """What it is called in the stores."""
        return self.digest[:_ID_DIGITS]

    @property
    def held(self) -> int:
        return sum(step.held for step in self.steps)

    def _document(self) -> dict[str, Any]:
        return {'format': FORMAT, 'version': VERSION,
                **dataclasses.asdict(self)}

    def to_json(self) -> str:
        return json.dumps({**self._document(), 'digest': self.digest},
                          indent=1)


def load(data: bytes) -> Plan:
    """What ``to_json`` made; of hostile bytes, as well.

    :param data: at most ``MAX_BYTES``, and one more to tell
    :raises ConfigurationError: it is no plan, or not as it was made
    """
    if len(data) > MAX_BYTES:
        raise _bad('it is larger than %d MiB' % (MAX_BYTES // 2 ** 20))
    try:
        found = json.loads(data, object_pairs_hook=_once,
                           parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _bad('it is not JSON, or has a key twice') from None
    if not isinstance(found, dict) or found.get('format') != FORMAT:
        raise _bad('it does not say that it is one')
    if found.get('version') != VERSION:
        raise _bad('it is not of version %d, which this release writes'
                   % VERSION)
    digest = found.pop('digest', None)
    try:
        made = _digest(found)
    except RecursionError:
        made = ''
    if not isinstance(digest, str) or digest != made:
        raise _bad('it is not as it was made: its digest is another. Make a '
                   'new plan')
    del found['format'], found['version']
    plan = Plan(**_fields(found, _PLAN, 'the plan'))
    names = [store.name for store in plan.stores]
    if len(set(names)) < len(names):
        raise _bad('it has a store twice')
    if any(step.store not in names for step in plan.steps):
        raise _bad('a step is of a store that was not looked at')
    return plan


def _bad(why: str) -> exceptions.ConfigurationError:
    return exceptions.ConfigurationError(
        detail='This is no plan of "hygiene plan": %s.' % why)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError('a key twice')
    return found


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(
        document, sort_keys=True, separators=(',', ':')).encode()).hexdigest()


# What each field has to be; each makes of the value what the class has.

_Check = Callable[[Any, str], Any]


def _fields(found: Any, checks: dict[str, _Check], what: str
            ) -> dict[str, Any]:
    if not isinstance(found, dict) or set(found) != set(checks):
        raise _bad('%s has not the fields that it should have' % what)
    return {name: check(found[name], name)
            for name, check in checks.items()}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _bad('"%s" is no text, or too long' % name)
    return value


def _number(value: Any, name: str) -> float:
    if (isinstance(value, bool) or not isinstance(value, int | float)
            or not 0 <= value < _MOST or not math.isfinite(value)):
        raise _bad('"%s" is no number from 0 on' % name)
    return value


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int):
        raise _bad('"%s" is no whole number' % name)
    return int(_number(value, name))


def _perhaps(value: Any, name: str) -> int | None:
    return None if value is None else _count(value, name)


def _percent(value: Any, name: str) -> float:
    if _number(value, name) > 100:
        raise _bad('"%s" is more than 100' % name)
    # As it is: the digest is over it.
    return value  # type: ignore[no-any-return]


def _truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise _bad('"%s" is neither true nor false' % name)
    return value


def _kind(value: Any, name: str) -> inventory.Kind:
    try:
        return inventory.Kind(_text(value, name))
    except ValueError:
        raise _bad('"%s" is nothing that a store can hold' % name) from None


def _all(check: _Check) -> _Check:
    def checked(value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MOST_STEPS:
            raise _bad('"%s" is no list, or too long' % name)
        return tuple(check(one, name) for one in value)
    return checked


_STORE: dict[str, _Check] = {
    'name': _text, 'objects': _count, 'held': _count, 'refused': _text}

_EXPORT: dict[str, _Check] = {
    'glance': _text, 'time': _number, 'digest': _text}

_STEP: dict[str, _Check] = {
    'store': _text, 'code': _text, 'kind': _kind, 'place': _text,
    'name': _text, 'image_id': _text, 'deleted': _truth,
    'size': _perhaps, 'allocated': _perhaps, 'changed': _number,
    'identity': _text, 'where': _text, 'why': _text}

_PLAN: dict[str, _Check] = {
    'made': _text, 'grace': _number, 'keep': _number, 'most': _count,
    'percent': _percent, 'alone': _all(_text),
    'stores': _all(lambda one, name: Store(**_fields(one, _STORE, name))),
    'steps': _all(lambda one, name: Step(**_fields(one, _STEP, name))),
    'exports': _all(lambda one, name: Export(
        **_fields(one, _EXPORT, name)))}
