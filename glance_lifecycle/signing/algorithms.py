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

"""The hash methods and key types that cursive, hence Nova and Cinder, knows.

Names and values are those of ``cursive.signature_utils``. They are written
down here because what cursive lists depends on the cryptography that is
installed, and a name that is known but not available deserves its own answer.
"""

import dataclasses

from cryptography import exceptions as crypto_exceptions
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives import hashes

PublicKey = dsa.DSAPublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

HASH_METHODS: dict[str, hashes.HashAlgorithm] = {
    'SHA-224': hashes.SHA224(),
    'SHA-256': hashes.SHA256(),
    'SHA-384': hashes.SHA384(),
    'SHA-512': hashes.SHA512(),
}

RSA_PSS = 'RSA-PSS'
DSA = 'DSA'

_CURVES = ('sect571k1', 'sect409k1', 'sect571r1', 'sect409r1', 'secp521r1',
           'secp384r1')
_PREFIX = 'ECC_'


@dataclasses.dataclass(frozen=True)
class KeyType:
    """One ``img_signature_key_type``.

    :ivar curve: cryptography's name of the curve; empty for RSA and DSA
    """

    name: str
    public_key: type
    curve: str = ''

    @property
    def available(self) -> bool:
        """Whether the cryptography that is installed can verify it.

        The binary curves (SECT) were removed in cryptography 47.
        """
        return not self.curve or hasattr(ec, self.curve.upper())


KEY_TYPES: dict[str, KeyType] = {
    RSA_PSS: KeyType(RSA_PSS, rsa.RSAPublicKey),
    DSA: KeyType(DSA, dsa.DSAPublicKey),
    **{_PREFIX + curve.upper(): KeyType(
        _PREFIX + curve.upper(), ec.EllipticCurvePublicKey, curve)
        for curve in _CURVES},
}


def hashlib_name(hash_method: str) -> str:
    """The name that hashlib and Glance's os_hash_algo use."""
    return HASH_METHODS[hash_method].name


def key_type_of(public_key: object) -> str | None:
    """The key type that goes with a public key; None where cursive has none.

    P-256, for one, has none.
    """
    if isinstance(public_key, rsa.RSAPublicKey):
        return RSA_PSS
    if isinstance(public_key, dsa.DSAPublicKey):
        return DSA
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        name = _PREFIX + public_key.curve.name.upper()
        return name if name in KEY_TYPES else None
    return None


def describe(public_key: object) -> str:
    """Words for a public key, for messages: ``a 2048 bit RSA key``."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return 'a %d bit RSA key' % public_key.key_size
    if isinstance(public_key, dsa.DSAPublicKey):
        return 'a %d bit DSA key' % public_key.key_size
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return 'an elliptic curve key on %s' % public_key.curve.name
    return 'a key that is neither RSA, DSA nor on an elliptic curve'


def verifies(key: PublicKey, signature: bytes, hash_method: str,
             digest: bytes) -> bool:
    """Whether the signature is good: exactly what cursive does.

    :param digest: by ``hash_method``
    """
    algorithm = HASH_METHODS[hash_method]
    prehashed = utils.Prehashed(algorithm)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            # cursive's MAX_LENGTH accepts any length when verifying (so run
            # on cryptography 42 to 50): OpenSSL's default differs between
            # its releases, and Nova takes them all.
            pss = padding.PSS(mgf=padding.MGF1(algorithm),
                              salt_length=padding.PSS.MAX_LENGTH)
            key.verify(signature, digest, pss, prehashed)
        elif isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, digest, prehashed)
        else:
            key.verify(signature, digest, ec.ECDSA(prehashed))
    # ValueError: a key too small for the hash, or of unusable parameters.
    except (crypto_exceptions.InvalidSignature, ValueError,
            crypto_exceptions.UnsupportedAlgorithm):
        return False
    return True
