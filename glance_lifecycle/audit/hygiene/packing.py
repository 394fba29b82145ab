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


"""Entries and claims as lines that can be sorted, and back again."""

import json
from json import encoder
from typing import Any

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.transfer.backends import inventory

_NONE = inventory.NOTHING_ASKED
_WHOLE = (inventory.Kind.IMAGE, inventory.Kind.MANIFEST)

# With only ASCII, and nothing that ends a line: names are of strangers.
_encode = json.JSONEncoder(separators=(',', ':'),
                           check_circular=False).encode
_quoted = encoder.encode_basestring_ascii

# It looks for no spaces around it, and takes half the time.
_scan = json.JSONDecoder().raw_decode


def key(subject: str) -> bytes:
    """No key is the beginning of another: it ends with a quotation mark."""
    return _quoted(subject).encode()


def entry(one: inventory.Entry) -> bytes:
    hangs = one.hangs
    return _encode((
        one.name, one.kind, one.place, one.image_id, one.size, one.allocated,
        one.changed, one.identity, one.usable, one.where, one.note,
        None if hangs is _NONE else (
            hangs.snapshots, hangs.protected, hangs.children, hangs.some,
            hangs.watchers, hangs.links, hangs.shared))).encode()


def to_entry(line: bytes) -> inventory.Entry:
    (name, kind, place, image_id, size, allocated, changed, identity, usable,
     where, note, hangs) = _decoded(line)
    return inventory.Entry(
        name, inventory.Kind(kind), place, image_id, size, allocated, changed,
        identity, usable, _NONE if hangs is None else inventory.Hangs(
            hangs[0], hangs[1], hangs[2], tuple(hangs[3]), hangs[4],
            hangs[5], hangs[6]), where, note)


def claim(one: claims.Claim) -> bytes:
    return _encode(one).encode()


def to_claim(line: bytes) -> claims.Claim:
    return claims.Claim(*_decoded(line))


def agree(entries: list[bytes], made: list[bytes]) -> bool:
    """Whether there is one whole object, and one image that has it.

    So that ``judging`` has nothing to say but that it is good. It is so of
    nearly all, and costs a third of making them anew and judging them.
    """
    if len(entries) != 1 or len(made) != 1:
        return False
    there, said = _decoded(entries[0]), _decoded(made[0])
    return bool(
        there[1] in _WHOLE and there[8] and said[7] == claims.State.LIVE
        and there[0] == said[9] and there[2] == said[8]
        and there[4] == said[2] and not said[11])


def _decoded(line: bytes) -> Any:
    return _scan(line.decode())[0]
