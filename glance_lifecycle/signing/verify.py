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

"""Does this signature, by this certificate's key, cover these bytes?

The digest comes from whoever read the bytes: they are not read again. What is
accepted is exactly what cursive accepts, hence Nova and Cinder, less what is
certainly a mistake: a key on another curve than the key type says.
"""

from collections.abc import Mapping

from cryptography import x509

from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import diagnosis
from glance_lifecycle.signing import properties as signature_properties


def verify_digest(given: signature_properties.SignatureProperties,
                  certificate: x509.Certificate, digest: bytes, *,
                  others: Mapping[str, bytes] | None = None) -> None:
    """Return if the signature is good, else raise.

    The certificate's own worth is not looked at: see ``trust``.

    :param digest: of the signed bytes, by ``given.hash_method``
    :param others: digests by other hash methods, by name, if they are known:
        they make a better message
    :raises ImageRefused: ``signature-key-type``, ``signature-length``,
        ``signature-padding``, ``signature-hash-method`` or
        ``signature-mismatch``
    """
    key = _public_key(given, certificate)
    algorithm = algorithms.HASH_METHODS[given.hash_method]
    if len(digest) != algorithm.digest_size:
        raise exceptions.InternalError(
            detail='a digest of %d bytes is no %s'
            % (len(digest), given.hash_method))
    if algorithms.verifies(key, given.signature, given.hash_method, digest):
        return
    raise _refused(diagnosis.explain(given, key, digest, others or {}),
                   given, certificate)


def verify_form(given: signature_properties.SignatureProperties,
                certificate: x509.Certificate) -> None:
    """Raise if it is no signature of the certificate's key on anything.

    For who has no digest of the bytes: that it returns does not say that the
    signature is good.

    :raises ImageRefused: as ``verify_digest()``
    """
    found = diagnosis.of_no_bytes(given, _public_key(given, certificate))
    if found is not None:
        raise _refused(found, given, certificate)


def _refused(found: diagnosis.Diagnosis,
             given: signature_properties.SignatureProperties,
             certificate: x509.Certificate) -> exceptions.ImageRefused:
    return exceptions.ImageRefused(reason=found.reason, detail=(
        'its signature is not valid: %s. Certificate %s: %s.' % (
            found.detail, given.certificate_id,
            certificates.summary(certificate))))


def _public_key(given: signature_properties.SignatureProperties,
                certificate: x509.Certificate) -> algorithms.PublicKey:
    key = certificate.public_key()
    wanted = algorithms.KEY_TYPES[given.key_type]
    actual = algorithms.key_type_of(key)
    if actual == wanted.name and isinstance(key, algorithms.PublicKey):
        return key
    if actual:
        advice = ('Set img_signature_key_type to %s, or '
                  'img_signature_certificate_uuid to the certificate of the '
                  'key that signed' % actual)
    else:
        advice = ('Nova and Cinder have no key type for it: sign with one '
                  'of %s' % ', '.join(algorithms.KEY_TYPES))
    raise exceptions.ImageRefused(reason='signature-key-type', detail=(
        'its img_signature_key_type is %s, but certificate %s holds %s '
        '(%s). %s.' % (given.key_type, given.certificate_id,
                       algorithms.describe(key),
                       certificates.summary(certificate), advice)))
