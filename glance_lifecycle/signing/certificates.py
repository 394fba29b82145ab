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

"""Certificates: from the key manager, from bytes, in words.

A certificate is chosen by whoever owns the image. cryptography parses
lazily, so that a field of a hostile one may raise when it is first read:
every read of a field in this package goes through here or through trust.
"""

import dataclasses
import datetime
from typing import Any

from castellan.common import exception as castellan_exceptions
from castellan.key_manager import key_manager as castellan_key_manager
from cryptography import exceptions as crypto_exceptions
from cryptography.hazmat.primitives import hashes
from cryptography import x509

from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import properties

MAX_SIZE = 64 * 1024

# What reading a field of a malformed certificate raises.
FIELD_ERRORS = (ValueError, TypeError, x509.DuplicateExtension,
                x509.InvalidVersion, crypto_exceptions.UnsupportedAlgorithm)


@dataclasses.dataclass(frozen=True)
class Summary:
    """A certificate in words, safe to show and to store.

    :ivar subject: RFC 4514, at most 200 printable characters
    :ivar serial: hexadecimal, as ``openssl x509 -serial`` prints it
    :ivar fingerprint: SHA-256 of the DER, hexadecimal
    :ivar key: such as "a 2048 bit RSA key"
    """

    subject: str
    issuer: str
    serial: str
    not_before: datetime.datetime
    not_after: datetime.datetime
    fingerprint: str
    key: str

    def __str__(self) -> str:
        return '%s, serial %s, valid from %s to %s' % (
            self.subject, self.serial, date(self.not_before),
            date(self.not_after))


def load(data: bytes) -> x509.Certificate:
    """A certificate from DER, or the first one of a PEM file.

    All that later code reads was read once when this returns.

    :raises ImageRefused: ``certificate-malformed``
    """
    if len(data) > MAX_SIZE:
        raise _malformed('it is larger than %d KiB' % (MAX_SIZE // 1024))
    try:
        certificate = (x509.load_pem_x509_certificate(data)
                       if b'-----BEGIN' in data
                       else x509.load_der_x509_certificate(data))
        certificate.public_key()
        summary(certificate)
        list(certificate.extensions)
    # Of a stranger's bytes: whatever it is, it is no reason to go on.
    except Exception as e:
        raise _malformed(
            'it cannot be parsed as X.509 (%s)' % type(e).__name__) from None
    return certificate


def summary(certificate: x509.Certificate) -> Summary:
    return Summary(
        subject=_name(certificate.subject),
        issuer=_name(certificate.issuer),
        serial=serial(certificate.serial_number),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        key=algorithms.describe(certificate.public_key()))


def serial(number: int) -> str:
    text = '%X' % abs(number)
    return ('-' if number < 0 else '') + (
        '0' + text if len(text) % 2 else text)


def date(value: datetime.datetime) -> str:
    return value.strftime('%Y-%m-%d %H:%M UTC')


def fetch(manager: castellan_key_manager.KeyManager, context: Any,
          certificate_id: str) -> x509.Certificate:
    """The certificate that the key manager has under this id.

    :param manager: ``castellan.key_manager.API(conf)``
    :param context: whose rights are used: the user's for what the user
        signed, the service's for the service's own
    :raises ImageRefused: ``certificate-unknown``, or
        ``certificate-malformed`` for an object that is something else
    :raises KeyManagerError: it does not answer; KeyManagerForbidden: it does
        not let this context read the object
    """
    found = fetch_object(manager, context, certificate_id, 'certificate')
    if getattr(found, 'format', None) != 'X.509':
        raise _malformed(
            'the object %s in the key manager is not a certificate. Store it '
            'with "openstack secret store --secret-type certificate" and use '
            'the new id' % properties.shown(certificate_id))
    return load(found.get_encoded() or b'')


def fetch_object(manager: castellan_key_manager.KeyManager, context: Any,
                 object_id: str, kind: str) -> Any:
    """An object of the key manager, and its errors as ours.

    :param kind: ``certificate`` or ``private key``, for the message
    """
    if not properties.is_object_id(object_id):
        raise _unknown(object_id, kind)
    try:
        return manager.get(context, object_id)
    except castellan_exceptions.ManagedObjectNotFoundError:
        raise _unknown(object_id, kind) from None
    # Drivers let their client's errors through, whatever these are.
    except Exception as e:
        failure = _failure(e, object_id, kind)
    # Outside the handler, so that a key in the cause cannot reach a log.
    raise failure


def _failure(error: Exception, object_id: str, kind: str
             ) -> exceptions.LifecycleError:
    root = _root(error)
    status = (getattr(root, 'status_code', None)
              or getattr(root, 'http_status', None))
    if status in (401, 403) or isinstance(
            error, castellan_exceptions.Forbidden):
        return exceptions.KeyManagerForbidden(detail=(
            'the %s %s may not be read with these credentials. Let its owner '
            'grant them access (in Barbican: "openstack acl user add"), or '
            'store it in this project; then try again.' % (kind, object_id)))
    if _is_bad_reference(error):
        return _unknown(object_id, kind)
    if isinstance(error, (*FIELD_ERRORS, AttributeError)):
        return exceptions.ImageRefused(
            reason='certificate-malformed', detail=(
                'the %s %s in the key manager cannot be decoded. Store it '
                'again, as PEM, a private key without passphrase.'
                % (kind, object_id)))
    # Not found is no answer here: so Keystone says of an expired token.
    return exceptions.KeyManagerError(detail=(
        'the %s %s could not be fetched (%s). The image is not at fault: '
        'try again when the key manager answers; its log and that of this '
        'service have the cause.' % (kind, object_id, type(root).__name__)))


def _root(error: BaseException) -> BaseException:
    """What the client said; castellan keeps it in the context."""
    for _ in range(8):
        cause = error.__cause__ or error.__context__
        # Below an answer is only how the client came to it.
        if cause is None or hasattr(error, 'status_code') or hasattr(
                error, 'http_status'):
            break
        error = cause
    return error


def _is_bad_reference(error: Exception) -> bool:
    """Whether barbicanclient took the id for no UUID at all."""
    return (isinstance(error, ValueError)
            and 'incorrectly specified' in str(error))


def _name(name: x509.Name) -> str:
    text = ''.join(char if char.isprintable() else '?'
                   for char in name.rfc4514_string())
    if not text:
        return '(no subject)'
    return text if len(text) <= 200 else text[:197] + '...'


def _unknown(object_id: str, kind: str) -> exceptions.ImageRefused:
    return exceptions.ImageRefused(reason='certificate-unknown', detail=(
        'the key manager has no %s with the id %s. Check '
        'img_signature_certificate_uuid, and that the %s was stored in this '
        'cloud.' % (kind, properties.shown(object_id), kind)))


def _malformed(detail: str) -> exceptions.ImageRefused:
    return exceptions.ImageRefused(
        reason='certificate-malformed',
        detail='the certificate is not usable: %s.' % detail)
