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

"""The four image properties that make a signature.

https://docs.openstack.org/glance/latest/user/signature.html. Glance itself
ignores a set that is not whole, and the image then looks signed and is not
verified by anybody; here such a set is refused.
"""

import base64
import binascii
from collections.abc import Mapping
import dataclasses
import re

from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms

SIGNATURE = 'img_signature'
HASH_METHOD = 'img_signature_hash_method'
KEY_TYPE = 'img_signature_key_type'
CERTIFICATE_ID = 'img_signature_certificate_uuid'
NAMES = (SIGNATURE, HASH_METHOD, KEY_TYPE, CERTIFICATE_ID)

# Where the user's own signature goes when the service signs the image anew.
SOURCE_PREFIX = 'lifecycle_source_'
ATTESTATION = 'lifecycle_attestation'

# 16384 bit RSA, the most that OpenSSL handles.
MAX_SIGNATURE = 2048

# It becomes part of a URL or of a file's name in the key manager, which is
# asked with the service's rights: never a slash, a dot or a percent sign.
_ID = re.compile(r'[A-Za-z0-9][A-Za-z0-9_-]{0,127}')


@dataclasses.dataclass(frozen=True)
class SignatureProperties:
    """A whole and well-formed set; says nothing of its truth.

    :ivar signature: as bytes, not as base64
    :ivar hash_method: a key of ``algorithms.HASH_METHODS``
    :ivar key_type: a key of ``algorithms.KEY_TYPES``
    :ivar certificate_id: of the certificate in the key manager
    """

    signature: bytes
    hash_method: str
    key_type: str
    certificate_id: str

    def to_properties(self) -> dict[str, str]:
        """The image properties that Glance, Nova and cursive read."""
        return {
            SIGNATURE: base64.b64encode(self.signature).decode('ascii'),
            HASH_METHOD: self.hash_method,
            KEY_TYPE: self.key_type,
            CERTIFICATE_ID: self.certificate_id,
        }

    def to_source_properties(self) -> dict[str, str]:
        """The same, named as what the user signed: ``lifecycle_source_*``."""
        return {source_name(name): value
                for name, value in self.to_properties().items()}


def source_name(name: str) -> str:
    """``img_signature_key_type`` -> ``lifecycle_source_signature_key_type``.
    """
    return SOURCE_PREFIX + name.removeprefix('img_')


def parse(properties: Mapping[str, object]) -> SignatureProperties | None:
    """The signature among an image's properties; None if it has none.

    :raises ImageRefused: ``signature-incomplete`` or ``signature-malformed``
    """
    present = {name: value for name, value in properties.items()
               if is_of_signature(name)}
    if not present:
        return None
    values = {name: _text(name, value) for name, value in present.items()}
    _check_whole(values)
    return SignatureProperties(
        signature=_signature(values[SIGNATURE]),
        hash_method=_hash_method(values[HASH_METHOD]),
        key_type=_key_type(values[KEY_TYPE]),
        certificate_id=_certificate_id(values[CERTIFICATE_ID]))


def is_of_signature(name: str) -> bool:
    """Whether it makes a signature, or spoils one."""
    return name == SIGNATURE or name.startswith(SIGNATURE + '_')


def parse_source(properties: Mapping[str, object]
                 ) -> SignatureProperties | None:
    """What the user signed, from an image that the service signed anew.

    :raises ImageRefused: as ``parse()``
    """
    return parse({name: properties[source_name(name)] for name in NAMES
                  if source_name(name) in properties})


def _check_whole(values: dict[str, str]) -> None:
    unknown = sorted(set(values) - set(NAMES))
    missing = [name for name in NAMES if not values.get(name, '').strip()]
    if not unknown and not missing:
        return
    said = []
    if missing:
        said.append('%s %s missing or empty' % (
            ', '.join(missing), 'is' if len(missing) == 1 else 'are'))
    if unknown:
        said.append('%s %s no meaning (misspelled?)' % (
            ', '.join(shown(name) for name in unknown[:4]),
            'has' if len(unknown) == 1 else 'have'))
    raise _refused('signature-incomplete', (
        'the signature cannot be verified: %s. Set exactly %s, or remove all '
        'of them.' % ('; '.join(said), ', '.join(NAMES))))


def _text(name: str, value: object) -> str:
    if value is None:
        return ''
    # The Image API has texts alone; whatever made something else of one may
    # have made it of another text than Nova reads.
    if not isinstance(value, str):
        raise _malformed(shown(name), 'is no text')
    # As it is: Nova does not take 'SHA-256 ', and an image that is good here
    # would not boot.
    return value


def _signature(value: str) -> bytes:
    # As cursive does, take base64 in lines; other foreign characters, which
    # it drops silently, mean that this is not base64. It takes no other spaces
    # than those of ASCII.
    compact = ''.join(value.split()) if value.isascii() else value
    try:
        signature = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        raise _malformed(SIGNATURE, (
            'is not base64. Set it to the output of "base64 -w 0 FILE", '
            'where FILE is the signature')) from None
    if not signature:
        raise _malformed(SIGNATURE, 'is empty')
    if len(signature) > MAX_SIGNATURE:
        raise _malformed(SIGNATURE, (
            'is %d bytes, which is no signature of a supported key'
            % len(signature)))
    return signature


def _hash_method(value: str) -> str:
    if value not in algorithms.HASH_METHODS:
        raise _malformed(HASH_METHOD, 'is %s. Set one of %s' % (
            shown(value), ', '.join(algorithms.HASH_METHODS)))
    return value


def _key_type(value: str) -> str:
    key_type = algorithms.KEY_TYPES.get(value)
    usable = ', '.join(known.name for known in algorithms.KEY_TYPES.values()
                       if known.available)
    if key_type is None:
        raise _malformed(KEY_TYPE, 'is %s. Set one of %s' % (
            shown(value), usable))
    if not key_type.available:
        raise _malformed(KEY_TYPE, (
            'is %s, a curve that the cryptography library of this service no '
            'longer has. Sign with one of %s' % (value, usable)))
    return value


def _certificate_id(value: str) -> str:
    if not is_object_id(value):
        raise _malformed(CERTIFICATE_ID, (
            'is %s. Set only the id of the certificate in the key manager, '
            'not its URL' % shown(value)))
    return value


def is_object_id(value: str) -> bool:
    """Whether it may be given to a key manager as an object's id."""
    return _ID.fullmatch(value) is not None


def shown(value: object) -> str:
    """A stranger's value, fit for a message: quoted, escaped and short."""
    text = ascii(str(value)[:64])
    return text if len(str(value)) <= 64 else text + '...'


def _malformed(name: str, detail: str) -> exceptions.ImageRefused:
    return _refused('signature-malformed', '%s %s.' % (name, detail))


def _refused(reason: str, detail: str) -> exceptions.ImageRefused:
    return exceptions.ImageRefused(reason=reason, detail=detail)
