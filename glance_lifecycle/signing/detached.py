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

"""The service's signature over a file of its own, kept beside what it signs.

It is made with the key that signs images, and with another hash. Users choose
the bytes of images, and have the service sign them: what it signs as an image
must never be good as the signature of a file that the service has written.
Images and attestations are signed over SHA-2, as Nova verifies nothing else.
"""

from cryptography import exceptions as crypto_exceptions
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives import hashes
from cryptography import x509

ALGORITHM = hashes.SHA3_512()

#: As hashlib names it.
HASH = 'sha3_512'

#: As ``openssl dgst`` names it.
OPENSSL = 'sha3-512'


def verifies(certificate: x509.Certificate, signature: bytes, digest: bytes
             ) -> bool:
    """Whether the signature is good, and of this certificate's key.

    What the certificate is worth is not looked at: see ``trust``.

    :param digest: of the file, by ALGORITHM
    """
    key = certificate.public_key()
    prehashed = utils.Prehashed(ALGORITHM)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PSS(
                mgf=padding.MGF1(ALGORITHM),
                salt_length=padding.PSS.AUTO), prehashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(prehashed))
        else:
            return False
    # ValueError: a digest of another length, or a key that is too small.
    except (crypto_exceptions.InvalidSignature, ValueError,
            crypto_exceptions.UnsupportedAlgorithm):
        return False
    return True
