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


"""A large cloud on paper in JSON, looked at quickly.

The schema takes a millisecond an image, and places of YAML as much again. What
is here says of most images that they are right, in microseconds; of any other
it says nothing: the schema and ``cloud_checks`` then say what is wrong.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import functools
import json
import math
import re
from typing import Any

from glance_lifecycle.planning import cloud_schema
from glance_lifecycle.planning import known
from glance_lifecycle.policy import units

#: Bytes: 100,000 images.
MOST = 64 * 1024 ** 2
# Commas, and what is opened: memory is bounded before it is taken.
_MOST_PARTS = 6_000_000
_OPENED = (b',', b'{', b'[')

# Halves of a character that JSON escapes as two cannot be written again.
_ESCAPED = re.compile(
    rb'\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>\\u[dD][89a-fA-F]..)')
_NAME = re.compile(r'[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}')
_SOURCES = frozenset(one.value for one in known.Source)
_FACT = frozenset(('value', 'from'))
_MOST_NUMBER = 10 ** 12
_KEYS = frozenset(cloud_schema.IMAGE['properties'])
_NEEDED = frozenset(cloud_schema.IMAGE['required'])
_DISK_FORMATS = frozenset(cloud_schema.DISK_FORMATS)
_SAME_SIZE = ('raw', 'iso', 'ami', 'aki', 'ari')


class NotRead(Exception):
    """It is no JSON, or has what no cloud on paper has; with a sentence."""


def looks_like(data: bytes) -> bool:
    """Whether it starts as a mapping of JSON does."""
    return data[:64].lstrip()[:1] == b'{'


def read(data: bytes) -> Any:
    """What it says.

    :raises NotRead: it cannot be read
    """
    if sum(map(data.count, _OPENED)) > _MOST_PARTS:
        raise NotRead('there are too many parts')
    try:
        return json.loads(data, object_pairs_hook=_once,
                          parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise NotRead('line %d, column %d: this is not JSON: %s' % (
            error.lineno, error.colno, error.msg)) from None
    except (ValueError, RecursionError) as error:
        raise NotRead('this is not JSON: %s' % error) from None


def half(data: bytes) -> tuple[int, int] | None:
    """Line and column of half a character; None: there is none."""
    if b'\\ud' not in data and b'\\uD' not in data:
        return None
    for one in _ESCAPED.finditer(data):
        if one.group('half'):
            before = data[:one.start()]
            return before.count(b'\n') + 1, len(
                before[before.rfind(b'\n') + 1:].decode(
                    errors='replace')) + 1
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotRead('a key is here twice')
    return found


def _no_number(name: str) -> Any:
    raise NotRead('%s is not a number' % name)


def doubtful(images: Iterable[Any], stores: frozenset[str],
             weekly: Mapping[str, frozenset[str]]) -> list[Any]:
    """Those that have to be looked at closely.

    :param weekly: key of an image -> who can be named there
    """
    found = []
    seen: dict[str, Any] = {}
    for image in images:
        if not _right(image, stores, weekly):
            found.append(image)
        elif image['name'] in seen:
            found += [seen[image['name']], image]
        else:
            seen[image['name']] = image
    return found


def _right(image: Any, stores: frozenset[str],
           weekly: Mapping[str, frozenset[str]]) -> bool:
    try:
        return (type(image) is dict and _KEYS.issuperset(image)
                and _NEEDED.issubset(image)
                and _NAME.fullmatch(image['name']) is not None
                and image['disk_format'] in _DISK_FORMATS
                and _sized(image) and _copied(image['copies'], stores)
                and all(_used(image[key], names)
                        for key, names in weekly.items() if key in image)
                and _optional(image))
    except (TypeError, ValueError):
        # Of a type that no check above expects.
        return False


def _sized(image: dict[str, Any]) -> bool:
    size = _bytes(image['size'])
    kind = image['disk_format']
    virtual = size
    if 'virtual_size' in image:
        virtual = _bytes(image['virtual_size'])
        if kind == 'raw' and virtual != size:
            return False
    elif kind not in _SAME_SIZE:
        return False
    if 'data_size' in image and _bytes(image['data_size']) > virtual:
        return False
    return 'compressed' not in image or (
        kind == 'qcow2' and type(image['compressed']) is bool)


def _copied(copies: Any, stores: frozenset[str]) -> bool:
    """Only of names: the rest is rare."""
    return (type(copies) is list and 0 < len(copies) <= len(stores)
            # What is no string is none of them, or cannot be hashed.
            and stores.issuperset(copies)
            and len(set(copies)) == len(copies))


def _used(table: Any, names: frozenset[str]) -> bool:
    return type(table) is dict and names.issuperset(table) and all(
        0 <= _number(one) <= _MOST_NUMBER for one in table.values())


def _optional(image: dict[str, Any]) -> bool:
    return (('compression' not in image
             or 0 <= _number(image['compression']) <= 1)
            and type(image.get('golden', False)) is bool
            and all(_NAME.fullmatch(image[key]) is not None
                    for key in ('project', 'class') if key in image)
            and (not image.get('glance_name')
                 or _NAME.fullmatch(image['glance_name']) is not None)
            and type(image.get('glance_name', '')) is str
            and ('last_boot' not in image
                 or last_boot(image['last_boot']) >= 0)
            # Few have it.
            and 'copies_at_least' not in image)


def _plain(value: Any) -> Any:
    if type(value) is not dict:
        return value
    if value.keys() != _FACT or value['from'] not in _SOURCES:
        raise ValueError
    return value['value']


def _number(value: Any) -> float:
    value = _plain(value)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError
    return value  # type: ignore[no-any-return]


def _bytes(value: Any) -> int:
    value = _plain(value)
    if type(value) is str:
        return size(value)
    if type(value) is not int or not 0 <= value <= cloud_schema.MOST_BYTES:
        raise ValueError
    return value


#: Of a catalogue, many are alike.
size = functools.lru_cache(maxsize=4096)(units.size)
duration = functools.lru_cache(maxsize=4096)(units.duration)


def last_boot(text: str) -> int:
    """Seconds; 0 if nobody knows."""
    return 0 if text == cloud_schema.NOT_KNOWN else duration(text)
