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

"""What an export is: the ids of all images that a Glance needs, as a file.

Lines of ASCII. The first one is JSON: what this is, of which Glance, from
when, and how many ids follow. Then one id a line, all of one length, each once
and in their order. The last line is JSON again: the digest of all before it,
and the signature over that digest, if there is one.

Each line of JSON has one spelling, so that no byte can be changed without
being noticed.
"""

import base64
import binascii
import dataclasses
import datetime
import re
from typing import Any

from glance_lifecycle.signing import detached
from glance_lifecycle.signing import envelope
from glance_lifecycle.signing import properties
from glance_lifecycle.transfer.backends import inventory

FORMAT = 'glance-lifecycle-export'
VERSION = 1

#: Bytes of a line with an id, and of the longest line with JSON.
LINE = 37
LONGEST = 8 * 1024

#: Ids of one export; as many as a store may have objects.
MOST = inventory.MOST

#: Characters of a Glance's name.
NAME = 200

Malformed = envelope.Malformed

_TIME = '%Y-%m-%dT%H:%M:%SZ'
_DIGEST = re.compile(detached.HASH + r':[0-9a-f]{128}')
_FINGERPRINT = re.compile(r'[0-9a-f]{64}')


@dataclasses.dataclass(frozen=True)
class Header:
    """:ivar glance: its name, by which people know it
    :ivar time: when its database began to be read, in whole seconds since
        the epoch: what is made later may be missing
    :ivar ids: how many follow
    """

    glance: str
    time: int
    ids: int

    def dump(self) -> bytes:
        return _line({
            'format': FORMAT, 'version': VERSION, 'glance': self.glance,
            'time': moment(self.time), 'ids': self.ids})


@dataclasses.dataclass(frozen=True)
class Signature:
    """:ivar certificate_id: in the key manager of that Glance; a hint only
    :ivar fingerprint: SHA-256 of the certificate, hexadecimal
    """

    certificate_id: str
    fingerprint: str
    value: bytes


@dataclasses.dataclass(frozen=True)
class Trailer:
    """:ivar digest: of all before it, see ``digest``
    :ivar signature: None for what nobody has signed
    """

    digest: str
    signature: Signature | None

    def dump(self) -> bytes:
        signed = self.signature
        return _line({
            'digest': self.digest,
            'signature': signed and {
                'certificate': signed.certificate_id,
                'fingerprint': signed.fingerprint,
                'value': base64.b64encode(signed.value).decode('ascii')}})


def digest(value: bytes) -> str:
    """As the trailer has it, and a plan that was made with the export."""
    return '%s:%s' % (detached.HASH, value.hex())


def moment(time: float) -> str:
    return datetime.datetime.fromtimestamp(time, datetime.UTC).strftime(_TIME)


def header(line: bytes) -> Header:
    """:raises Malformed: it is something else"""
    found = _fields('it is no export', line, 'format', 'version', 'glance',
                    'time', 'ids')
    if found['format'] != FORMAT:
        raise Malformed('it is no export')
    if found['version'] != VERSION:
        raise Malformed('it is of a version that is not known here')
    made = Header(_name(found['glance']), _time(found['time']),
                  _number(found['ids']))
    if made.dump() != line:
        raise Malformed('its first line is not as it is written')
    return made


def trailer(line: bytes) -> Trailer:
    """:raises Malformed: it is something else"""
    found = _fields('it is cut off, or has more ids than it says', line,
                    'digest', 'signature')
    if not _matches(_DIGEST, found['digest']):
        raise Malformed('it has no digest at its end')
    made = Trailer(found['digest'], None if found['signature'] is None
                   else _signature(found['signature']))
    if made.dump() != line:
        raise Malformed('its last line is not as it is written')
    return made


def _line(value: dict[str, Any]) -> bytes:
    return envelope.dump(value).encode('ascii') + b'\n'


def _fields(otherwise: str, line: bytes, *names: str) -> dict[str, Any]:
    """:param otherwise: what the file is then"""
    if len(line) > LONGEST:
        raise Malformed(otherwise)
    try:
        return envelope.fields(envelope.load(line), *names)
    except Malformed:
        raise Malformed(otherwise) from None


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _name(value: object) -> str:
    # It is shown on a terminal.
    if (not isinstance(value, str) or not value.isprintable()
            or not 0 < len(value) <= NAME):
        raise Malformed('it has no short printable name of a Glance')
    return value


def _time(value: object) -> int:
    try:
        found = datetime.datetime.strptime(str(value), _TIME)
    except ValueError:
        raise Malformed('it has something else where a time should be'
                        ) from None
    return int(found.replace(tzinfo=datetime.UTC).timestamp())


def _number(value: object) -> int:
    # True is an int in Python.
    if type(value) is not int or not 0 < value <= MOST:
        raise Malformed('it does not say how many ids it has, 1 to %d' % MOST)
    return value


def _signature(value: object) -> Signature:
    found = envelope.fields(value, 'certificate', 'fingerprint', 'value')
    if not isinstance(found['certificate'], str) or (
            not properties.is_object_id(found['certificate'])):
        raise Malformed('it names no certificate')
    if not _matches(_FINGERPRINT, found['fingerprint']):
        raise Malformed('it has no fingerprint of a certificate')
    try:
        signed = base64.b64decode(found['value'], validate=True)
    except (binascii.Error, ValueError, TypeError):
        signed = b''
    if not 0 < len(signed) <= properties.MAX_SIGNATURE:
        raise Malformed('it has something else where a signature should be')
    return Signature(found['certificate'], found['fingerprint'], signed)
