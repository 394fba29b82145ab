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
written it, so nothing in it is believed, or shown, before its signature is
verified; and a signature says nothing before somebody vouches for the
certificate: see ``audit.verification``.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import re
from typing import Any
from typing import TypeVar

from cryptography import x509
from google.protobuf import json_format
from in_toto_attestation.v1 import statement as in_toto
from in_toto_attestation.v1 import statement_pb2
from securesystemslib import dsse
from securesystemslib import exceptions as sslib_exceptions
from securesystemslib import signer as sslib

from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import envelope as envelopes
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer as service_signer

PREDICATE_TYPE = ('https://docs.openstack.org/glance-lifecycle/attestation/'
                  'import/v1')

# What the service does before it attests a user's signature.
VERIFIED = 'verified'

_Value = TypeVar('_Value')

_TIME = '%Y-%m-%dT%H:%M:%SZ'
_SOURCE_SIGNATURE = ('certificate_id', 'subject', 'serial', 'fingerprint',
                     'key_type', 'hash_method', 'result')


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
           certificate: x509.Certificate, result: str = VERIFIED
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

    :returns: JSON, ASCII, at most ``envelope.MAX_SIZE`` characters; verified
        once: what nobody would believe is never handed out
    """
    statement = _statement(record)
    _validate(statement)
    payload = envelopes.dump(statement).encode('ascii')
    signature = dsse.Envelope(payload, envelopes.PAYLOAD_TYPE, {}).sign(
        signer.envelope_signer())
    text = envelopes.Envelope(payload, signature.keyid,
                              bytes.fromhex(signature.signature)).dump()
    try:
        verify(text, signer.certificate, signer.certificate_id,
               image_id=record.image_id, os_hash_algo=record.os_hash_algo,
               os_hash_value=record.os_hash_value)
    except exceptions.ImageRefused as e:
        raise exceptions.InternalError(
            detail='an attestation was made that does not verify: %s'
            % e.reason) from None
    return text


def key_id(text: object) -> str:
    """The certificate that claims to have signed: a hint, not a fact.

    :param text: of the property
    :raises ImageRefused: ``attestation-malformed``
    """
    return _envelope(text).key_id


def claimed(text: object) -> Record:
    """What it says, whoever wrote it: to find what is alike, not to believe.

    :param text: of the property
    :raises ImageRefused: ``attestation-malformed``
    """
    try:
        return _record(envelopes.load(_envelope(text).payload))
    except envelopes.Malformed as e:
        raise _malformed('what is signed is no statement of an import: %s'
                         % e) from None


def verify(text: object, certificate: x509.Certificate, certificate_id: str,
           *, image_id: str, os_hash_algo: str, os_hash_value: str) -> Record:
    """The record, if this certificate's key signed it about these bytes.

    :param text: of the property
    :param certificate: of the service; the caller vouches for it
    :param image_id, os_hash_algo, os_hash_value: of the image, as Glance has
        them, or better, as computed from a stored copy
    :raises ImageRefused: ``attestation-malformed``,
        ``attestation-certificate``, ``attestation-signature`` or
        ``attestation-subject``
    """
    envelope = _envelope(text)
    _check_signature(envelope, certificate, certificate_id)
    try:
        record = _record(envelopes.load(envelope.payload))
    except envelopes.Malformed as e:
        raise _malformed('what is signed is no statement of an import: %s'
                         % e) from None
    for name, found, wanted in (
            ('image id', record.image_id, image_id),
            ('os_hash_algo', record.os_hash_algo, os_hash_algo),
            ('os_hash_value', record.os_hash_value, os_hash_value.lower())):
        if found != wanted:
            raise _refused('attestation-subject', (
                'its signature is good, but it is about something else: its '
                '%s is %s, and this image has %s. It was copied from another '
                'image, or the bytes were changed after the import; import '
                'the image again' % (name, properties.shown(found),
                                     properties.shown(wanted))))
    return record


def _envelope(text: object) -> envelopes.Envelope:
    try:
        return envelopes.parse(text)
    except envelopes.Malformed as e:
        raise _malformed(str(e)) from None


def _check_signature(envelope: envelopes.Envelope,
                     certificate: x509.Certificate, certificate_id: str
                     ) -> None:
    key = service_signer.public_key(certificate, certificate_id)
    if envelope.key_id != certificate_id:
        raise _refused('attestation-certificate', (
            'it names %s as the certificate of its signer, and that of the '
            'service is %s. If the service had another one when it was '
            'made, verify with that' % (
                properties.shown(envelope.key_id), certificate_id)))
    signed = dsse.Envelope(
        envelope.payload, envelopes.PAYLOAD_TYPE,
        {certificate_id: sslib.Signature(certificate_id,
                                         envelope.signature.hex())})
    try:
        signed.verify([key], 1)
    except (sslib_exceptions.Error, ValueError):
        raise _refused('attestation-signature', (
            'its signature is not that of certificate %s (%s): it was '
            'changed or made by somebody else. Do not trust the image; '
            'import it again' % (
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
            _TIME),
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
    """:raises Malformed: no in-toto statement"""
    try:
        parsed = json_format.ParseDict(statement, statement_pb2.Statement())
        in_toto.Statement.copy_from_pb(parsed).validate()
    # What protobuf raises of a value of another type is not documented. One
    # property must not end a listing of all images: SystemError too, which
    # its C code raises of a text that is no UTF-8.
    except (json_format.Error, ValueError, TypeError, AttributeError,
            KeyError, OverflowError, RecursionError, SystemError):
        raise envelopes.Malformed('it is no in-toto statement') from None


def _record(statement: object) -> Record:
    """:raises Malformed: it is not exactly what ``_statement()`` makes"""
    outer = envelopes.fields(
        statement, '_type', 'subject', 'predicateType', 'predicate')
    if outer['predicateType'] != PREDICATE_TYPE:
        raise envelopes.Malformed('its predicateType is not %s'
                                  % PREDICATE_TYPE)
    subjects = outer['subject']
    if not isinstance(subjects, list) or len(subjects) != 1:
        raise envelopes.Malformed('it is not about one image')
    subject = envelopes.fields(subjects[0], 'name', 'digest')
    digest = _digests(subject['digest'])
    if len(digest) != 1:
        raise envelopes.Malformed('it has not one digest of the image')
    predicate = envelopes.fields(
        outer['predicate'], 'source', 'converter', 'policy', 'time')
    source = envelopes.fields(
        predicate['source'], 'digest', 'size', 'format', 'signature')
    converter = envelopes.fields(predicate['converter'], 'name', 'version')
    policy = envelopes.fields(predicate['policy'], 'rule', 'digest')
    ((algorithm, value),) = digest.items()
    record = Record(
        image_id=_text(subject['name']), os_hash_algo=algorithm,
        os_hash_value=value, source_digest=_digests(source['digest']),
        source_size=_size(source['size']),
        source_format=_text(source['format']),
        signature=_optional(_source_signature, source['signature']),
        converter=_text(converter['name']),
        converter_version=_text(converter['version']),
        policy_rule=_optional(_text, policy['rule']),
        policy_digest=_optional(_text, policy['digest']),
        time=_time(predicate['time']))
    # Last: protobuf knows other names for the same fields, and what it raises
    # of shapes and texts that it does not expect is not documented.
    _validate(outer)
    return record


def _source_signature(value: object) -> SourceSignature:
    given = envelopes.fields(value, *_SOURCE_SIGNATURE)
    if given['result'] != VERIFIED:
        raise envelopes.Malformed('it does not say that the signature of '
                                  'the source was verified')
    return SourceSignature(**{
        name: _text(inner) for name, inner in given.items()})


def _optional(parse: Callable[[object], _Value], value: object
              ) -> _Value | None:
    return None if value is None else parse(value)


def _text(value: object) -> str:
    """It goes to a terminal: nothing that moves a cursor."""
    if (not isinstance(value, str) or not value.isprintable()
            or not 0 < len(value) <= 256):
        raise envelopes.Malformed('it has something else where a short '
                                  'printable text should be')
    return value


def _digests(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not value or not all(
            _DIGEST_NAME.fullmatch(name) and isinstance(digest, str)
            and _DIGEST.fullmatch(digest) for name, digest in value.items()):
        raise envelopes.Malformed('it has something else where digests by '
                                  'algorithm should be')
    return value


def _size(value: object) -> int:
    # True is an int in Python.
    if type(value) is not int or not 0 <= value < 2 ** 63:
        raise envelopes.Malformed('it has something else where a size in '
                                  'bytes should be')
    return value


def _time(value: object) -> datetime.datetime:
    try:
        found = datetime.datetime.strptime(
            _text(value), _TIME).replace(tzinfo=datetime.UTC)
    except ValueError:
        found = None
    # strptime takes a month of one digit.
    if found is None or found.strftime(_TIME) != value:
        raise envelopes.Malformed('it has something else where a time '
                                  'should be')
    return found


_DIGEST_NAME = re.compile(r'[a-z0-9][a-z0-9_-]{0,31}')
_DIGEST = re.compile(r'([0-9a-f]{2}){16,128}')


def _malformed(detail: str) -> exceptions.ImageRefused:
    return _refused('attestation-malformed', detail + '. Import the image '
                    'again to have a new one made')


def _refused(reason: str, detail: str) -> exceptions.ImageRefused:
    return exceptions.ImageRefused(
        reason=reason, detail='the attestation is not valid: %s.' % detail)
