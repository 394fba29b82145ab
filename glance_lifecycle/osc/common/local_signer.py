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

"""Make the four properties of a file: with a key, or from a signature.

The certificate is always looked at. A signature that nobody can verify with
the certificate it names is found here, and not when a server does not boot.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions

if TYPE_CHECKING:
    from cryptography import x509

    from glance_lifecycle.signing import keys
    from glance_lifecycle.signing import properties
    from glance_lifecycle.signing import signer
    from glance_lifecycle.signing import trust


def load(data: bytes, passphrase: str | None, certificate: x509.Certificate,
         certificate_id: str, policy: trust.TrustPolicy
         ) -> signer.ServiceSigner:
    """A signer, if its signatures will be accepted.

    :param data: the private key, PEM or DER
    :raises CommandError: the key is of no use, or another one's
    :raises ImageRefused: the certificate would be refused at import
    """
    from cryptography.hazmat.primitives.asymmetric import dsa
    from glance_lifecycle.signing import algorithms
    from glance_lifecycle.signing import certificates
    from glance_lifecycle.signing import signer
    key = _key(data, passphrase)
    if isinstance(key, dsa.DSAPrivateKey):
        raise osc_exceptions.CommandError(
            'The private key is a DSA key, with which new images should not '
            'be signed (FIPS 186-5). Use RSA, secp384r1 or secp521r1.')
    public = key.public_key()
    if public != certificate.public_key():
        raise osc_exceptions.CommandError(
            'The private key is not that of certificate %s (%s). Use the '
            'pair.' % (certificate_id, certificates.summary(certificate)))
    if algorithms.key_type_of(public) not in signer.KEY_TYPES:
        raise osc_exceptions.CommandError(
            'Nova cannot verify signatures of %s. Use RSA, secp384r1 or '
            'secp521r1.' % algorithms.describe(public))
    check(certificate, certificate_id, policy)
    return signer.ServiceSigner(key, certificate, certificate_id)


def _key(data: bytes, passphrase: str | None) -> keys.PrivateKey:
    from glance_lifecycle.signing import keys
    try:
        return keys.load_private_key(data, passphrase)
    except exceptions.ConfigurationError as error:
        detail = error.detail
    # That text is for the service's configuration.
    raise osc_exceptions.CommandError(detail.replace(
        'none is configured. Set [lifecycle_signing] signing_key_passphrase',
        'none was given. Use --passphrase-file'))


def check(certificate: x509.Certificate, certificate_id: str,
          policy: trust.TrustPolicy) -> None:
    """:raises ImageRefused: the certificate would be refused at import"""
    policy.check(certificate, certificate_id,
                 datetime.datetime.now(datetime.UTC))


def adopt(signature: bytes, hash_method: str, certificate: x509.Certificate,
          certificate_id: str, digest: bytes
          ) -> properties.SignatureProperties:
    """A signature that another tool, such as openssl, has made.

    :raises ImageRefused: it is not good; the text says why, such as PKCS#1
        v1.5 padding where PSS is needed
    """
    from glance_lifecycle.signing import verify
    given = described(signature, hash_method, certificate, certificate_id)
    verify.verify_digest(given, certificate, digest)
    return given


def described(signature: bytes, hash_method: str,
              certificate: x509.Certificate, certificate_id: str
              ) -> properties.SignatureProperties:
    """The properties that such a signature has; says nothing of its truth.

    :raises ImageRefused: there is no key type for the certificate
    """
    from glance_lifecycle.signing import algorithms
    from glance_lifecycle.signing import properties
    key_type = algorithms.key_type_of(certificate.public_key())
    if key_type is None:
        raise exceptions.ImageRefused(
            reason='signature-key-type', detail='Nova has no key type for %s '
            '(certificate %s). Use RSA, secp384r1 or secp521r1.' % (
                algorithms.describe(certificate.public_key()),
                certificate_id))
    # The same rules as for an image's properties.
    made = properties.parse(properties.SignatureProperties(
        signature=signature, hash_method=hash_method, key_type=key_type,
        certificate_id=certificate_id).to_properties())
    assert made is not None
    return made
