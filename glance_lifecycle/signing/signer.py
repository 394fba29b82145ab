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

"""The service's own signature, over bytes that it has just stored.

No byte is read for it: the digest of the one pass is signed. Nova and Cinder
verify it as they would a user's, with the certificate that the key manager
has under ``certificate_id``.
"""

import datetime

from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives import hashes
from cryptography import x509
from securesystemslib import signer as sslib

from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import detached
from glance_lifecycle.signing import keys
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import trust
from glance_lifecycle.signing import verify

# DSA is no longer approved for new signatures (FIPS 186-5), and the binary
# curves are gone from the libraries that would verify.
KEY_TYPES = (algorithms.RSA_PSS, 'ECC_SECP384R1', 'ECC_SECP521R1')

_STRENGTH = trust.TrustPolicy(min_rsa_bits=2048)

# By key type; what an attestation is signed with.
_SCHEMES = {
    algorithms.RSA_PSS: 'rsassa-pss-sha512',
    'ECC_SECP384R1': 'ecdsa-sha2-nistp384',
    'ECC_SECP521R1': 'ecdsa-sha2-nistp521',
}


class ServiceSigner:
    """A private key and the certificate by which others know it.

    :param certificate: of this key
    :param certificate_id: under which Nova finds it in the key manager
    :param now: with a time zone; by default, now
    :raises ConfigurationError: they do not belong together, the key is weak
        or of a kind that Nova cannot verify, or the certificate is not valid
    """

    def __init__(self, private_key: keys.PrivateKey,
                 certificate: x509.Certificate, certificate_id: str,
                 now: datetime.datetime | None = None) -> None:
        self._key = private_key
        self.certificate = certificate
        self.certificate_id = certificate_id
        self._check(now or datetime.datetime.now(datetime.UTC))
        self.key_type = algorithms.key_type_of(certificate.public_key()) or ''

    def __repr__(self) -> str:
        return '<ServiceSigner %s, certificate %s>' % (
            self.key_type, self.certificate_id)

    def __getstate__(self) -> dict[str, object]:
        # Never into a child process, a TaskFlow store or a job.
        raise TypeError('a signer stays in the process that loaded it')

    def sign_digest(self, digest: bytes, hash_method: str
                    ) -> properties.SignatureProperties:
        """Sign bytes by their digest.

        :param digest: of the stored bytes, by ``hash_method``
        :param hash_method: such as ``SHA-512``
        :returns: verified once: a faulty signature is never handed out
        """
        algorithm = algorithms.HASH_METHODS[hash_method]
        if len(digest) != algorithm.digest_size:
            raise exceptions.InternalError(
                detail='a digest of %d bytes is no %s'
                % (len(digest), hash_method))
        made = properties.SignatureProperties(
            signature=self._signed(digest, algorithm),
            hash_method=hash_method, key_type=self.key_type,
            certificate_id=self.certificate_id)
        verify.verify_digest(made, self.certificate, digest)
        return made

    def sign_file(self, digest: bytes) -> bytes:
        """Sign a file of the service's own by its digest.

        :param digest: by ``detached.ALGORITHM``
        :returns: verified once, as all signatures
        """
        signature = self._signed(digest, detached.ALGORITHM)
        if not detached.verifies(self.certificate, signature, digest):
            raise exceptions.InternalError(
                detail='a signature was made that does not verify')
        return signature

    def _signed(self, digest: bytes, algorithm: hashes.HashAlgorithm
                ) -> bytes:
        prehashed = utils.Prehashed(algorithm)
        if isinstance(self._key, rsa.RSAPrivateKey):
            pss = padding.PSS(mgf=padding.MGF1(algorithm),
                              salt_length=padding.PSS.MAX_LENGTH)
            return self._key.sign(digest, pss, prehashed)
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(digest, ec.ECDSA(prehashed))
        raise exceptions.InternalError(detail='a DSA key was loaded')

    def envelope_signer(self) -> sslib.Signer:
        """For ``attestation``: the same key, as securesystemslib takes it."""
        return sslib.CryptoSigner(self._key, public_key(
            self.certificate, self.certificate_id))

    def _check(self, now: datetime.datetime) -> None:
        if isinstance(self._key, dsa.DSAPrivateKey):
            raise _unusable('it is a DSA key. Use RSA, secp384r1 or secp521r1')
        actual = self._key.public_key()
        if actual != self.certificate.public_key():
            raise _unusable(
                'it is not the key of certificate %s (%s). Set signing_key '
                'and signing_certificate_id to a pair' % (
                    self.certificate_id,
                    certificates.summary(self.certificate)))
        if algorithms.key_type_of(actual) not in KEY_TYPES:
            raise _unusable(
                'Nova cannot verify signatures of %s. Use RSA, secp384r1 or '
                'secp521r1' % algorithms.describe(actual))
        if weakness := _STRENGTH.weakness(actual):
            raise _unusable(weakness)
        for problem in _STRENGTH.problems(
                self.certificate, self.certificate_id, now):
            raise exceptions.ConfigurationError(detail=(
                'images cannot be signed: %s Renew it and set '
                '[lifecycle_signing] signing_certificate_id.'
                % problem.fields['detail']))


def public_key(certificate: x509.Certificate, certificate_id: str
               ) -> sslib.SSlibKey:
    """The certificate's key, as securesystemslib takes it.

    :raises ImageRefused: ``attestation-certificate``: no such key of ours
    """
    key = certificate.public_key()
    scheme = _SCHEMES.get(algorithms.key_type_of(key) or '')
    if scheme is None or not isinstance(
            key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise exceptions.ImageRefused(
            reason='attestation-certificate',
            detail='certificate %s holds %s, with which no attestation is '
            'signed.' % (properties.shown(certificate_id),
                         algorithms.describe(key)))
    return sslib.SSlibKey.from_crypto(
        key, keyid=certificate_id, scheme=scheme)


def _unusable(detail: str) -> exceptions.ConfigurationError:
    return exceptions.ConfigurationError(
        detail='the private key [lifecycle_signing] signing_key cannot sign '
        'images: %s.' % detail)
