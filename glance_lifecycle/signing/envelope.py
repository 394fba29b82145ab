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

"""Strict JSON, and the DSSE envelope in it.

https://github.com/secure-systems-lab/dsse. Parsers that take more than they
understand are how something unsigned comes to be believed: a field beside
those that are known, a second ``payload`` that another reader sees, base64
with bits that decode to nothing. Only the one spelling that this service
writes is an envelope here.
"""

import base64
import binascii
import dataclasses
import json
from typing import Any
from typing import NoReturn

from glance_lifecycle.signing import properties

PAYLOAD_TYPE = 'application/vnd.in-toto+json'

# A property's value is a TEXT column; a whole image record travels often.
MAX_SIZE = 8 * 1024


class Malformed(ValueError):
    """The text says what is wrong, in words that end without a full stop."""


@dataclasses.dataclass(frozen=True)
class Envelope:
    """Well-formed; says nothing of its truth.

    :ivar payload: JSON, as it was signed
    :ivar key_id: of the certificate that claims to have signed. It is not
        signed itself: a hint, never to be shown as a fact
    :ivar signature: over the DSSE pre-authentication encoding
    """

    payload: bytes
    key_id: str
    signature: bytes

    def dump(self) -> str:
        """The one text of it; ASCII."""
        return dump({
            'payload': _encode(self.payload), 'payloadType': PAYLOAD_TYPE,
            'signatures': [{'keyid': self.key_id,
                            'sig': _encode(self.signature)}]})


def parse(text: object) -> Envelope:
    """The envelope of a property's value, whoever wrote that.

    :raises Malformed: whatever else it is
    """
    if not isinstance(text, str):
        raise Malformed('it is no text')
    if len(text) > MAX_SIZE:
        raise Malformed('it has %d characters, and %d are the most'
                        % (len(text), MAX_SIZE))
    outer = fields(load(text), 'payload', 'payloadType', 'signatures')
    if outer['payloadType'] != PAYLOAD_TYPE:
        raise Malformed('it is no envelope of an in-toto statement')
    signatures = outer['signatures']
    # One service, one key. Another signature would be one that nobody here
    # can verify, and what cannot be verified is not carried along.
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise Malformed('it is not an envelope with one signature')
    inner = fields(signatures[0], 'keyid', 'sig')
    key_id = inner['keyid']
    if not isinstance(key_id, str) or not properties.is_object_id(key_id):
        raise Malformed('it names its signer by something that is no id of '
                        'a certificate')
    found = Envelope(_decode(outer['payload']), key_id,
                     _decode(inner['sig'], properties.MAX_SIGNATURE))
    # JSON has many spellings of one value. Only ours will do, so that no
    # byte can be changed without being noticed.
    if found.dump() != text:
        raise Malformed('it was not written by this service, or changed')
    return found


def load(text: str | bytes) -> Any:
    """Any JSON value; no name twice in an object, no NaN, no Infinity.

    No half of a surrogate pair either, which JSON can spell and UTF-8 cannot:
    what is given such a text later raises what nobody expects, and protobuf
    a SystemError.

    :raises Malformed: no such JSON
    """
    try:
        # json itself takes UTF-16, and surrogates encoded as UTF-8.
        found = json.loads(text if isinstance(text, str)
                           else text.decode('utf-8'),
                           object_pairs_hook=_unique,
                           parse_constant=_no_constant)
        # Names and values, at any depth. 1e999 is an infinity too.
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode('utf-8')
    # RecursionError: 8 KiB hold 8000 brackets. ValueError: no JSON, no UTF-8,
    # or an integer of more than 4300 digits.
    except (ValueError, RecursionError):
        raise Malformed('it is no JSON') from None
    return found


def dump(value: object) -> str:
    """JSON in one spelling; ASCII."""
    return json.dumps(value, sort_keys=True, separators=(',', ':'),
                      allow_nan=False)


def fields(value: object, *names: str) -> dict[str, Any]:
    """The JSON object, if it has exactly these fields.

    :raises Malformed: it is something else, or has others
    """
    if not isinstance(value, dict) or set(value) != set(names):
        raise Malformed('it has not exactly the fields %s where it should'
                        % ', '.join(names))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed('it names a field twice')
    return found


def _no_constant(name: str) -> NoReturn:
    raise Malformed('it has a number that is none')


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode('ascii')


def _decode(value: object, most: int = MAX_SIZE) -> bytes:
    if not isinstance(value, str):
        raise Malformed('it has something else where base64 should be')
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed('it has no base64 where it should') from None
    if not 0 < len(data) <= most:
        raise Malformed('it has %d bytes where 1 to %d should be'
                        % (len(data), most))
    return data
