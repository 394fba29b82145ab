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

"""The document of a cloud, as what was read is put into it.

It is that of ``planning.cloud_file``: what advises on a cloud on paper advises
on a live one.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from glance_lifecycle.planning import cloud_schema
from glance_lifecycle.planning import known

VERSION = 1

Document = dict[str, Any]
Item = dict[str, Any]

#: Called with a sentence on what could not be told.
Note = Callable[[str], None]

#: Of each: see ``planning.cloud_schema``.
MOST_STORES = 50
MOST_GROUPS = 5000
MOST_BACKENDS = 500
MOST_IMAGES = 100_000

_LONGEST = 255
_VISIBLE = {code: '\\x%02x' % code
            for code in (*range(32), *range(127, 160))}


def read(value: float | bool) -> Item:
    """As a service, a file or a store says."""
    return {'value': value, 'from': known.Source.READ.value}


def measured(value: float) -> Item:
    return {'value': value, 'from': known.Source.MEASURED.value}


def assumed(value: float | bool) -> Item:
    """Where the document needs one, and nobody says."""
    return {'value': value, 'from': known.Source.ASSUMED.value}


def number(found: object) -> int | None:
    """Bytes as a service tells them; None for what are none."""
    if isinstance(found, bool) or not isinstance(found, int) or not (
            0 <= found <= cloud_schema.MOST_BYTES):
        return None
    return found


def total(*found: int) -> int:
    """Of bytes; at most what the document takes."""
    return min(sum(found), cloud_schema.MOST_BYTES)


def weekly(count: int, weeks: float) -> Item:
    """In one week, of so many."""
    each = round(count / weeks, 3)
    return read(int(each) if each == int(each) else each)


def name(text: object) -> str:
    """As the document takes it: of a stranger, and shown on terminals."""
    return visible(str(text).encode('utf-8', 'replace').decode())[:_LONGEST]


def visible(text: str) -> str:
    """Without what a terminal would obey."""
    return text.translate(_VISIBLE)


def plain(value: Any) -> Any:
    """A fact without where it is from."""
    return value['value'] if isinstance(value, Mapping) else value
