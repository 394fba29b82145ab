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

"""A plan of a migration, as a document: made once, and never changed."""

import dataclasses
from typing import Any

from glance_lifecycle.planning import document
from glance_lifecycle.planning import waves as waving
from glance_lifecycle.planning import windows

FORMAT = 'glance-lifecycle migration plan'
VERSION = 1

#: Of a plan in a file.
MAX_BYTES = 64 * 2 ** 20
#: Images of one plan; what is more is for the next.
MOST = document.MOST

_KIND = document.Kind(FORMAT, VERSION, 'migrate plan', MAX_BYTES)


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How it is done.

    :ivar keep: whether the copies in the source stay
    :ivar read_back: whether each new copy is read, and compared
    :ivar soak: seconds between a wave's last copy and its first deletion
    :ivar parallel: images at once
    :ivar max_errors: images that may fail before it stops
    :ivar windows: in which images may begin, such as ``22:00-06:00``
    """

    keep: bool
    read_back: bool
    soak: float
    parallel: int
    max_errors: int
    windows: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """What the times are computed with.

    :ivar rate: bytes a second, all together
    :ivar each: seconds of an image, whatever its size
    :ivar source: where the rate is from: measured, given or assumed
    :ivar room: bytes that the target may take; None for not known
    """

    rate: float
    each: float
    source: str
    room: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """An image that does not move, and why."""

    id: str
    name: str
    why: str


@dataclasses.dataclass(frozen=True)
class Plan(document.Document):
    """All of it.

    :ivar made: when, ISO 8601
    :ivar source: a store, as ``target``
    :ivar where: which images were meant, as the operator said
    """

    KIND = _KIND

    made: str
    source: str
    target: str
    where: str
    settings: Settings
    forecast: Forecast
    waves: tuple[waving.Wave, ...]
    left: tuple[Left, ...] = ()

    @property
    def images(self) -> int:
        return sum(len(wave.images) for wave in self.waves)


def load(data: bytes) -> Plan:
    """What ``to_json`` made; of hostile bytes, as well.

    :param data: at most ``MAX_BYTES``, and one more to tell
    :raises ConfigurationError: it is no plan, or not as it was made
    """
    plan = Plan(**_KIND.load(data, _PLAN))
    if plan.source == plan.target:
        raise _KIND.refused('it moves from a store to the same')
    ids = [image.id for wave in plan.waves for image in wave.images]
    if len(set(ids)) < len(ids):
        raise _KIND.refused('it has an image twice')
    if len(ids) > MOST:
        raise _KIND.refused('it has more than %d images' % MOST)
    return plan


def _image_id(value: Any, name: str) -> str:
    """It goes into a URL, and into a column of the database."""
    found = document.text(value, name)
    if not 32 <= len(found) <= 36 or not set(found) <= set(
            '0123456789abcdefABCDEF-'):
        raise document.Malformed('"%s" is no id of an image' % name)
    return found


def _positive(value: Any, name: str) -> float:
    if document.number(value, name) <= 0:
        raise document.Malformed('"%s" is not more than 0' % name)
    return value  # type: ignore[no-any-return]


def _several(value: Any, name: str) -> int:
    if not 1 <= document.count(value, name) <= 1000:
        raise document.Malformed('"%s" is not from 1 to 1000' % name)
    return value  # type: ignore[no-any-return]


def _windows(value: Any, name: str) -> tuple[str, ...]:
    found: tuple[str, ...] = document.every(document.text)(value, name)
    try:
        windows.parse(found)
    except ValueError as error:
        raise document.Malformed('"%s" has %s' % (name, error)) from None
    return found


def _store(value: Any, name: str) -> str:
    found = document.text(value, name)
    if not 0 < len(found) <= 200 or not found.isprintable():
        raise document.Malformed('"%s" is no name of a store' % name)
    return found


_SETTINGS: dict[str, document.Check] = {
    'keep': document.truth, 'read_back': document.truth,
    'soak': document.number, 'parallel': _several,
    'max_errors': document.count, 'windows': _windows}

_FORECAST: dict[str, document.Check] = {
    'rate': _positive, 'each': document.number, 'source': document.text,
    'room': document.perhaps(document.count)}

_IMAGE: dict[str, document.Check] = {
    'id': _image_id, 'name': document.text, 'project': document.text,
    'size': document.count, 'there': document.truth,
    'golden': document.truth, 'dependents': document.count}

_WAVE: dict[str, document.Check] = {
    'images': document.every(lambda one, name: waving.Candidate(
        **document.fields(one, _IMAGE, name))),
    'seconds': document.number, 'canary': document.truth}

_LEFT: dict[str, document.Check] = {
    'id': document.text, 'name': document.text, 'why': document.text}

_PLAN: dict[str, document.Check] = {
    'made': document.text, 'source': _store, 'target': _store,
    'where': document.text,
    'settings': lambda one, name: Settings(
        **document.fields(one, _SETTINGS, name)),
    'forecast': lambda one, name: Forecast(
        **document.fields(one, _FORECAST, name)),
    'waves': document.every(lambda one, name: waving.Wave(
        **document.fields(one, _WAVE, name))),
    'left': document.every(lambda one, name: Left(
        **document.fields(one, _LEFT, name)))}
