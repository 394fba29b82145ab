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

"""Why a signature that did not verify did not: only ever for the message.

Nothing here accepts anything. An RSA signature can be opened with the public
key alone, and its padding then tells how it was made and by which key.
"""

from collections.abc import Mapping
import dataclasses
import hashlib

from cryptography import exceptions as crypto_exceptions
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives import hashes

from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import properties as signature_properties

# Keys beyond these cost seconds of Python arithmetic; OpenSSL has the same
# bound on the exponent.
_MAX_BITS = 16384
_MAX_EXPONENT_BITS = 64

# Octets of padding that random ones look like once in 2**64.
_NO_ACCIDENT = 8

OTHER_BYTES = (
    'the signature is well made, with this key, but over other bytes: the '
    'image was changed after it was signed, damaged on its way, or the '
    'signature belongs to another file. Compare "openssl dgst -%s" of your '
    'file with %s, the digest of what was received')
OTHER_KEY = (
    'the signature was not made with the private key of this certificate, or '
    'it is damaged. Check that img_signature_certificate_uuid names the '
    'certificate of the key that signed')


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """:ivar reason: of the ImageRefused; :ivar detail: a sentence"""

    reason: str
    detail: str


def explain(given: signature_properties.SignatureProperties,
            public_key: algorithms.PublicKey, digest: bytes,
            others: Mapping[str, bytes]) -> Diagnosis:
    """The most likely cause that this signature is refused.

    :param others: digests of the same bytes by other hash methods, if known:
        with them, another hash method is certain and not likely
    """
    for method, other in others.items():
        if (method != given.hash_method
                and algorithms.verifies(
                    public_key, given.signature, method, other)):
            return _other_hash(method, given.hash_method)
    if isinstance(public_key, rsa.RSAPublicKey):
        return _explain_rsa(given, public_key, digest)
    return _explain_dss(given, public_key, digest)


def of_no_bytes(given: signature_properties.SignatureProperties,
                public_key: algorithms.PublicKey) -> Diagnosis | None:
    """Why it cannot be a signature with this key, whatever was signed.

    :returns: None where only the digest of the bytes could tell
    """
    if isinstance(public_key, rsa.RSAPublicKey):
        size = (public_key.key_size + 7) // 8
        if len(given.signature) != size:
            return _length(len(given.signature), size, public_key)
        if _opens(public_key) and given.hash_method not in _pss_hashes(
                public_key, given.signature):
            return Diagnosis('signature-mismatch', OTHER_KEY)
        return None
    try:
        utils.decode_dss_signature(given.signature)
    except ValueError:
        return _not_der(given.signature, _dss_size(public_key), public_key)
    return None


def _explain_rsa(given: signature_properties.SignatureProperties,
                 key: rsa.RSAPublicKey, digest: bytes) -> Diagnosis:
    size = (key.key_size + 7) // 8
    if len(given.signature) != size:
        return _length(len(given.signature), size, key)
    name = algorithms.hashlib_name(given.hash_method)
    pkcs1 = _pkcs1_hash(key, given.signature)
    if pkcs1 is not None:
        return _padding(pkcs1, name)
    made_with = _pss_hashes(key, given.signature)
    if not made_with:
        return Diagnosis('signature-mismatch', OTHER_KEY)
    if len(made_with) == 1 and made_with[0] != given.hash_method:
        return _other_hash(made_with[0], given.hash_method)
    if len(made_with) == 1:
        return Diagnosis('signature-mismatch',
                         OTHER_BYTES % (name, digest.hex()))
    return _unclear(given.hash_method, digest)


def _explain_dss(given: signature_properties.SignatureProperties,
                 key: dsa.DSAPublicKey | ec.EllipticCurvePublicKey,
                 digest: bytes) -> Diagnosis:
    try:
        utils.decode_dss_signature(given.signature)
    except ValueError:
        return _not_der(given.signature, _dss_size(key), key)
    # Unlike RSA, the key cannot be told from the bytes here.
    return _unclear(given.hash_method, digest)


def _dss_size(key: dsa.DSAPublicKey | ec.EllipticCurvePublicKey) -> int:
    """Octets of each of the two numbers."""
    order = (key.key_size if isinstance(key, ec.EllipticCurvePublicKey)
             else key.parameters().parameter_numbers().q.bit_length())
    return (order + 7) // 8


def _unclear(hash_method: str, digest: bytes) -> Diagnosis:
    return Diagnosis('signature-mismatch', (
        'the signature does not match: the image was changed after it was '
        'signed, or the key is not that of this certificate, or another '
        'hash method than %s was used. Compare "openssl dgst -%s" of your '
        'file with %s, the digest of what was received' % (
            hash_method, algorithms.hashlib_name(hash_method),
            digest.hex())))


def _length(found: int, wanted: int, key: object) -> Diagnosis:
    return Diagnosis('signature-length', (
        'the signature has %d bytes; %s makes %d. It was %s, or made with '
        'another key. Set img_signature to "base64 -w 0" of the whole '
        'signature file' % (found, algorithms.describe(key), wanted,
                            'cut short' if found < wanted else 'extended')))


def _not_der(signature: bytes, size: int, key: object) -> Diagnosis:
    if len(signature) == 2 * size:
        how = ('it looks like the two bare numbers (IEEE P1363), not the DER '
               'that OpenSSL makes')
    elif signature[:1] == b'0':
        how = 'it was cut short or damaged'
    else:
        how = 'it is no DER, as that of another kind of key'
    return Diagnosis('signature-length', (
        'the signature has %d bytes and is none of %s: %s. Set img_signature '
        'to "base64 -w 0" of the whole output of "openssl dgst -sign"'
        % (len(signature), algorithms.describe(key), how)))


def _padding(made_with: str, name: str) -> Diagnosis:
    return Diagnosis('signature-padding', (
        'img_signature_key_type says RSA-PSS, but the signature was made '
        'with PKCS#1 v1.5 padding (and %s). Sign again with PSS: "openssl '
        'dgst -%s -sign KEY -sigopt rsa_padding_mode:pss -out FILE.sig '
        'FILE"' % (made_with, name)))


def _other_hash(made_with: str, said: str) -> Diagnosis:
    return Diagnosis('signature-hash-method', (
        'img_signature_hash_method says %s, but the signature was made with '
        '%s. Set img_signature_hash_method to %s, or sign again with %s'
        % (said, made_with, made_with, said)))


def _pkcs1_hash(key: rsa.RSAPublicKey, signature: bytes) -> str | None:
    """The hash method of a PKCS#1 v1.5 signature by this key, else None."""
    for method, algorithm in algorithms.HASH_METHODS.items():
        try:
            key.recover_data_from_signature(
                signature, padding.PKCS1v15(), algorithm)
        except (crypto_exceptions.InvalidSignature, ValueError):
            continue
        return method
    try:
        key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
    except (crypto_exceptions.InvalidSignature, ValueError):
        return None
    return 'another hash method'


def _pss_hashes(key: rsa.RSAPublicKey, signature: bytes) -> list[str]:
    """The hash methods that may have made a PSS signature by this key.

    RFC 8017, 9.1.2, steps 4 to 10: they need no message. The right one is
    always among them. With the longest salt there is little padding to
    judge by: a wrong one passes once in 128, and 2**15 with a wrong key.
    With a shorter one it is the right one alone that has much of it.
    """
    if not _opens(key):
        return []
    numbers = key.public_numbers()
    bits = key.key_size - 1
    size = (bits + 7) // 8
    opened = pow(int.from_bytes(signature, 'big'), numbers.e, numbers.n)
    try:
        encoded = opened.to_bytes(size, 'big')
    except OverflowError:
        return []
    padded = {method: _pss_padding(encoded, 8 * size - bits, algorithm)
              for method, algorithm in algorithms.HASH_METHODS.items()}
    return ([method for method, zeros in padded.items()
             if zeros >= _NO_ACCIDENT] or
            [method for method, zeros in padded.items() if zeros >= 0])


def _opens(key: rsa.RSAPublicKey) -> bool:
    """Whether its signatures are looked into here."""
    return (key.key_size <= _MAX_BITS and key.public_numbers().e.bit_length()
            <= _MAX_EXPONENT_BITS)


def _pss_padding(encoded: bytes, spare_bits: int,
                 algorithm: hashes.HashAlgorithm) -> int:
    """Octets of zeros before the salt; -1 where it cannot be PSS."""
    length = algorithm.digest_size
    if len(encoded) < length + 2 or encoded[-1] != 0xbc:
        return -1
    masked, seed = encoded[:-length - 1], encoded[-length - 1:-1]
    mask = _mgf1(seed, len(masked), algorithm.name)
    block = int.from_bytes(masked, 'big') ^ int.from_bytes(mask, 'big')
    block &= (1 << (8 * len(masked) - spare_bits)) - 1
    # Zeros, a one, the salt.
    salted = block.to_bytes(len(masked), 'big').lstrip(b'\0')
    return len(masked) - len(salted) if salted[:1] == b'\1' else -1


def _mgf1(seed: bytes, length: int, name: str) -> bytes:
    out = b''
    for counter in range(-(-length // hashlib.new(name).digest_size)):
        out += hashlib.new(name, seed + counter.to_bytes(4, 'big')).digest()
    return out[:length]
