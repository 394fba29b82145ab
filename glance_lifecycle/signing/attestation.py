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

"""The link from the stored bytes back to what the user signed.

A DSSE envelope (https://github.com/secure-systems-lab/dsse) over an in-toto
Statement v1 (https://in-toto.io/Statement/v1), so that other tools read it.
securesystemslib signs and verifies the envelope, in-toto-attestation says
what a statement is. The text becomes an image property: anybody may have
written it, so nothing in it is believed before its signature is verified.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import json
from typing import Any

from cryptography import x509
from google.protobuf import json_format
from in_toto_attestation.v1 import statement as in_toto
from in_toto_attestation.v1 import statement_pb2
from securesystemslib import dsse
from securesystemslib import exceptions as sslib_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer as service_signer

PAYLOAD_TYPE = 'application/vnd.in-toto+json'
PREDICATE_TYPE = ('https://docs.openstack.org/glance-lifecycle/attestation/'
                  'import/v1')

# A property's value is a TEXT column; a whole image record travels often.
MAX_SIZE = 8 * 1024


@dataclasses.dataclass(frozen=True)
class SourceSignature:
    """Who signed the source image, and what came of verifying it."""

    certificate_id: str
    subject: str
    serial: str
    fingerprint: str
    key_type: str
    hash_method: str
    result: str

    @classmethod
    def of(cls, given: properties.SignatureProperties,
           certificate: x509.Certificate, result: str = 'verified'
           ) -> 'SourceSignature':
        summary = certificates.summary(certificate)
        return cls(certificate_id=given.certificate_id,
                   subject=summary.subject, serial=summary.serial,
                   fingerprint=summary.fingerprint, key_type=given.key_type,
                   hash_method=given.hash_method, result=result)


@dataclasses.dataclass(frozen=True)
class Record:
    """What is attested.

    :ivar os_hash_value: of the stored copy, hexadecimal
    :ivar source_digest: by algorithm, such as ``sha256``; hexadecimal
    :ivar source_size: bytes of the source image
    :ivar source_format: as Glance's disk_format
    :ivar signature: None for an image that came unsigned
    :ivar policy_digest: of the policy document, such as ``sha256:...``
    :ivar time: with a time zone; kept to the second
    """

    image_id: str
    os_hash_algo: str
    os_hash_value: str
    source_digest: Mapping[str, str]
    source_size: int
    source_format: str
    signature: SourceSignature | None
    converter: str
    converter_version: str
    time: datetime.datetime
    policy_rule: str | None = None
    policy_digest: str | None = None


def create(record: Record, signer: service_signer.ServiceSigner) -> str:
    """The value of the image property ``lifecycle_attestation``.

    :returns: JSON, ASCII, less than ``MAX_SIZE``
    """
    statement = _statement(record)
    _validate(statement)
    envelope = dsse.Envelope(_dump(statement).encode('ascii'),
                             PAYLOAD_TYPE, {})
    envelope.sign(signer.envelope_signer())
    text = _dump(envelope.to_dict())
    if len(text) > MAX_SIZE:
        raise exceptions.InternalError(
            detail='the attestation has %d bytes' % len(text))
    return text


def key_id(text: str) -> str:
    """The certificate that claims to have signed: a hint, not a fact.

    :raises ImageRefused: ``attestation-malformed``
    """
    return str(next(iter(_envelope(text).signatures)))


def verify(text: str, certificate: x509.Certificate, certificate_id: str, *,
           image_id: str, os_hash_algo: str, os_hash_value: str) -> Record:
    """The record, if the service signed it and it is about these bytes.

    :param certificate: of the service; the caller vouches for it
    :param image_id, os_hash_algo, os_hash_value: of the image, as Glance has
        them, or better, as computed from a stored copy
    :raises ImageRefused: ``attestation-malformed``,
        ``attestation-certificate``, ``attestation-signature`` or
        ``attestation-subject``
    """
    envelope = _envelope(text)
    _check_signature(envelope, certificate, certificate_id)
    record = _record(_statement_in(envelope))
    for name, found, wanted in (
            ('image id', record.image_id, image_id),
            ('os_hash_algo', record.os_hash_algo, os_hash_algo),
            ('os_hash_value', record.os_hash_value, os_hash_value.lower())):
        if found != wanted:
            raise _refused('attestation-subject', (
                'it is genuine, but about something else: its %s is %s, and '
                'this image has %s. It was copied from another image, or the '
                'bytes were changed after the import; import the image '
                'again' % (name, properties.shown(found),
                           properties.shown(wanted))))
    return record


def _check_signature(envelope: dsse.Envelope, certificate: x509.Certificate,
                     certificate_id: str) -> None:
    key = service_signer.public_key(certificate, certificate_id)
    if list(envelope.signatures) != [certificate_id]:
        raise _refused('attestation-certificate', (
            'it names %s as the certificate of its signer, and that of the '
            'service is %s. If the service had another one when it was '
            'made, verify with that' % (
                properties.shown(', '.join(envelope.signatures)),
                certificate_id)))
    try:
        envelope.verify([key], 1)
    except (sslib_exceptions.VerificationError, ValueError):
        raise _refused('attestation-signature', (
            'its signature is not that of the service (certificate %s: %s): '
            'it was changed or made by somebody else. Do not trust the '
            'image; import it again' % (
                certificate_id, certificates.summary(certificate)))
        ) from None


def _statement(record: Record) -> dict[str, Any]:
    predicate: dict[str, Any] = {
        'source': {
            'digest': dict(record.source_digest),
            'size': record.source_size,
            'format': record.source_format,
            'signature': (dataclasses.asdict(record.signature)
                          if record.signature else None),
        },
        'converter': {'name': record.converter,
                      'version': record.converter_version},
        'policy': {'rule': record.policy_rule,
                   'digest': record.policy_digest},
        'time': record.time.astimezone(datetime.UTC).strftime(
            '%Y-%m-%dT%H:%M:%SZ'),
    }
    return {
        '_type': in_toto.STATEMENT_TYPE_URI,
        'subject': [{
            'name': record.image_id,
            'digest': {record.os_hash_algo: record.os_hash_value}}],
        'predicateType': PREDICATE_TYPE,
        'predicate': predicate,
    }


def _validate(statement: dict[str, Any]) -> None:
    """:raises ValueError: no in-toto statement"""
    try:
        parsed = json_format.ParseDict(statement, statement_pb2.Statement())
    except json_format.ParseError as e:
        raise ValueError(str(e)) from None
    in_toto.Statement.copy_from_pb(parsed).validate()


def _envelope(text: str) -> dsse.Envelope:
    if len(text) > MAX_SIZE:
        raise _malformed('it has %d characters' % len(text))
    try:
        envelope = dsse.Envelope.from_dict(json.loads(text))
        # Base64 and JSON have many spellings of one value. Only ours will
        # do, so that no byte can be changed without being noticed.
        canonical = _dump(envelope.to_dict())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError,
            sslib_exceptions.Error):
        raise _malformed('it is no DSSE envelope') from None
    if canonical != text:
        raise _malformed('it was not written by this service, or changed')
    if envelope.payload_type != PAYLOAD_TYPE or len(envelope.signatures) != 1:
        raise _malformed('it is no envelope of one signed in-toto statement')
    return envelope


def _statement_in(envelope: dsse.Envelope) -> dict[str, Any]:
    try:
        statement: dict[str, Any] = json.loads(envelope.payload)
        _validate(statement)
    except (ValueError, TypeError, RecursionError):
        raise _malformed('it holds no in-toto statement') from None
    if statement['predicateType'] != PREDICATE_TYPE:
        raise _malformed('its predicate is %s, not %s' % (
            properties.shown(statement['predicateType']), PREDICATE_TYPE))
    return statement


def _record(statement: dict[str, Any]) -> Record:
    try:
        (subject,) = statement['subject']
        ((algorithm, value),) = subject['digest'].items()
        predicate = statement['predicate']
        source = predicate['source']
        signature = source['signature']
        return Record(
            image_id=subject['name'], os_hash_algo=algorithm,
            os_hash_value=value, source_digest=source['digest'],
            source_size=source['size'], source_format=source['format'],
            signature=SourceSignature(**signature) if signature else None,
            converter=predicate['converter']['name'],
            converter_version=predicate['converter']['version'],
            policy_rule=predicate['policy']['rule'],
            policy_digest=predicate['policy']['digest'],
            time=datetime.datetime.fromisoformat(predicate['time']))
    except (KeyError, ValueError, TypeError, AttributeError):
        raise _malformed('its statement is of a version that is not '
                         'known here') from None


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(',', ':'))


def _malformed(detail: str) -> exceptions.ImageRefused:
    return _refused('attestation-malformed', detail + '. Import the image '
                    'again to have a new one made')


def _refused(reason: str, detail: str) -> exceptions.ImageRefused:
    return exceptions.ImageRefused(
        reason=reason, detail='the attestation is not valid: %s.' % detail)
