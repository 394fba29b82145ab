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

"""From an image's bytes back to who signed them: every link, with its reason.

No byte is read here. The digests come from whoever read the image, or from
Glance's own os_hash_value where they need not be read.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime

from cryptography import x509

from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import link
from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import trust
from glance_lifecycle.signing import verify

# How far the clocks of an API host and of whoever asks may differ.
_CLOCKS = datetime.timedelta(minutes=5)

FetchCertificate = Callable[[str], x509.Certificate]


@dataclasses.dataclass(frozen=True)
class Digests:
    """Of bytes that were read.

    :ivar values: by hashlib's names
    :ivar size: bytes
    """

    values: Mapping[str, bytes]
    size: int


def algorithms_to_read(image: images.Image) -> list[str]:
    """The digests that verifying takes and os_hash_value does not give.

    Empty if nothing needs to be read.
    """
    try:
        given = properties.parse(image.properties)
    except exceptions.ImageRefused:
        return []
    if given is None:
        return []
    name = algorithms.hashlib_name(given.hash_method)
    return [] if image.digest(name) else [name]


def is_resigned(image: images.Image) -> bool:
    """Whether the service converted what a user had signed."""
    return any(name == properties.ATTESTATION
               or name.startswith(properties.SOURCE_PREFIX)
               for name in image.properties)


class Verification:
    """All checks of one image.

    :param read: digests of the bytes, None if they were not read
    :param fetch: raises ImageRefused or KeyManagerError
    :param policy: what the users' certificates must be
    :param service_policy: what that of the service must be, but for
        ``allowed_certificates``; as of users, if it is not given
    :param service_certificate_id: the only one that may be the service's,
        vouched for by whoever names it; None for any that the policy's CAs
        vouch for
    :param pinned: ids of other certificates that the caller vouches for
    """

    def __init__(self, image: images.Image, read: Digests | None,
                 fetch: FetchCertificate, policy: trust.TrustPolicy, *,
                 service_policy: trust.TrustPolicy | None = None,
                 service_certificate_id: str | None = None,
                 pinned: frozenset[str] = frozenset(),
                 now: datetime.datetime | None = None) -> None:
        self._image = image
        self._read = read
        self._fetch = fetch
        self._policy = policy
        others = service_policy or policy
        # That list is of users' certificates. Who is revoked is so as both.
        self._service_policy = dataclasses.replace(
            others, allowed_certificates=frozenset(),
            denied_serials=others.denied_serials | policy.denied_serials)
        self._service_id = service_certificate_id
        self._pinned = pinned
        self._now = now or datetime.datetime.now(datetime.UTC)

    def checks(self) -> Iterator[link.Check]:
        if self._image.id:
            yield self._stored_bytes()
        if not is_resigned(self._image):
            yield from self._unchanged()
            return
        yield from self._signer('service', self._properties,
                                self._digest, self._service_policy)
        check, record = self._attestation()
        yield check
        if record is None:
            yield link.skipped('user-signature', 'no-attestation', (
                'the bytes that the user signed are not stored any more, and '
                'there is no good attestation of what they were'))
            return
        yield from self._signer(
            'user', lambda: self._source_properties(record),
            lambda method: _source_digest(record, method), self._policy,
            record.time)

    def record(self) -> attestation.Record:
        """What the attestation says, if all of it is true.

        It is the service that attests, so it must be signed with the key of
        the stored bytes' signature, and that certificate must be as good as
        any signer's. It must be valid now, for it alone says when it signed:
        who finds an old key can write any date. ``check_validity`` of the
        policy excuses it as it does others.

        :raises ImageRefused: missing, not valid, or nobody vouches for it
            (``attestation-unvouched``)
        :raises KeyManagerError: the certificate cannot be had
        """
        return self._record(self._check_same_key)

    def attested(self) -> attestation.Record:
        """The same, whatever became of the stored bytes' signature."""
        return self._record(lambda _certificate_id: None)

    def _record(self, check_key: Callable[[str], None]
                ) -> attestation.Record:
        text = self._image.properties.get(properties.ATTESTATION)
        if not text:
            raise exceptions.ImageRefused(
                reason='attestation-missing', detail='the image has no '
                'attestation: it was not signed by the service, or the '
                'property %s was removed.' % properties.ATTESTATION)
        certificate_id = attestation.key_id(text)
        self._check_service(certificate_id)
        check_key(certificate_id)
        certificate = self._fetch(certificate_id)
        for problem in self._service_policy.problems(
                certificate, certificate_id, self._now):
            raise problem
        algorithm, value = self._image.os_hash_algo, self._image.os_hash_value
        if self._read and algorithm in self._read.values:
            value = self._read.values[algorithm].hex()
        record = attestation.verify(
            text, certificate, certificate_id, image_id=self._image.id,
            os_hash_algo=algorithm, os_hash_value=value)
        self._check_time(record, certificate)
        if not self._is_vouched(certificate_id, self._service_policy):
            raise exceptions.ImageRefused(
                reason=link.NOBODY, detail='nobody vouches for the '
                'certificate that signed the attestation, %s (%s), and '
                'anybody can make one. Name that of the service with '
                '--service-certificate-id or --config-file, or its CA with '
                '--ca-bundle.' % (certificate_id,
                                  certificates.summary(certificate)))
        return record

    def _check_same_key(self, certificate_id: str) -> None:
        stored = self._properties().certificate_id
        if stored != certificate_id:
            raise exceptions.ImageRefused(
                reason='attestation-certificate', detail='the attestation '
                'names the certificate %s, and the signature of the stored '
                'bytes %s. The service makes both with one key: one of them '
                'was changed or made by somebody else. Import the image '
                'again.' % (properties.shown(certificate_id),
                            properties.shown(stored)))

    def _check_time(self, record: attestation.Record,
                    certificate: x509.Certificate) -> None:
        since = certificate.not_valid_before_utc
        if record.time > self._now + _CLOCKS:
            what = 'which is still to come'
        elif self._service_policy.check_validity and record.time < since:
            what = 'and its certificate is valid from %s' % (
                certificates.date(since))
        else:
            return
        raise exceptions.ImageRefused(
            reason='attestation-time', detail='the attestation says that it '
            'was made on %s, %s. Check the clocks, or import the image '
            'again.' % (certificates.date(record.time), what))

    def _is_vouched(self, certificate_id: str, policy: trust.TrustPolicy
                    ) -> bool:
        """Whether it was named, or has passed for one of the CA bundle."""
        return (policy.require_chain or certificate_id in self._pinned
                or certificate_id == self._service_id
                or certificate_id in policy.allowed_certificates)

    def _stored_bytes(self) -> link.Check:
        name = 'stored-bytes'
        image = self._image
        if self._read is None:
            return link.skipped(name, 'not-read', (
                'not downloaded: Glance\'s os_hash_value is believed. '
                '--download reads and compares'))
        if image.size != self._read.size:
            return link.failed(name, 'size-mismatch', (
                'the image has %s bytes, and %d were read: the stored copy '
                'was cut or replaced. Import the image again, or remove that '
                'copy' % (image.size, self._read.size)))
        found = self._read.values.get(image.os_hash_algo)
        if found is None or found != image.digest(image.os_hash_algo):
            return link.failed(name, 'hash-mismatch', (
                'their %s is %s, and os_hash_value %s: the stored copy was '
                'damaged or changed. Import the image again, or remove that '
                'copy' % (image.os_hash_algo, found.hex() if found else '?',
                          image.os_hash_value)))
        return link.passed(name, '%d bytes, %s as os_hash_value' % (
            self._read.size, image.os_hash_algo))

    def _unchanged(self) -> Iterator[link.Check]:
        yield from self._signer('user', self._properties, self._digest,
                                self._policy)
        if self._image.id:
            for name in ('service-signature', 'attestation'):
                yield link.skipped(name, 'not-resigned', (
                    'the stored bytes are those of the user: the service did '
                    'not convert and sign them'))

    def _signer(self, who: str,
                parse: Callable[[], properties.SignatureProperties],
                digest: Callable[[str], bytes], policy: trust.TrustPolicy,
                when: datetime.datetime | None = None) -> Iterator[link.Check]:
        name = who + '-signature'
        try:
            given = parse()
            if who == 'service':
                self._check_service(given.certificate_id)
            certificate = self._fetch(given.certificate_id)
            verify.verify_digest(given, certificate,
                                 digest(given.hash_method))
        except exceptions.LifecycleError as error:
            yield link.refusal(name, error)
        else:
            yield link.passed(name, '%s, %s, certificate %s: %s' % (
                given.key_type, given.hash_method, given.certificate_id,
                certificates.summary(certificate)))
        # A bad signature is no reason not to look at the certificate.
        try:
            given = parse()
            certificate = self._fetch(given.certificate_id)
        except exceptions.LifecycleError:
            return
        yield from self._trust(who, certificate, given.certificate_id,
                               policy, when or self._now)

    def _trust(self, who: str, certificate: x509.Certificate,
               certificate_id: str, policy: trust.TrustPolicy,
               when: datetime.datetime) -> Iterator[link.Check]:
        problems = list(policy.problems(certificate, certificate_id, when))
        chain = [p for p in problems if p.reason == 'certificate-untrusted']
        others = [p for p in problems if p not in chain]
        at = '' if when == self._now else (
            ' when it was imported, %s' % certificates.date(when))
        yield link.all_good(who + '-certificate', others, (
            'valid%s, %s' % (at, certificates.summary(certificate).key)))
        name = who + '-chain'
        if not chain and not policy.require_chain:
            subject = certificates.summary(certificate).subject
            if self._is_vouched(certificate_id, policy):
                yield link.skipped(
                    name, 'pinned', 'the certificate itself was named as one '
                    'to trust: %s' % subject)
            else:
                yield link.unknown(
                    name, link.NO_BUNDLE, 'nobody vouches for %s: give '
                    '--ca-bundle with the CAs that may issue certificates of '
                    'signers' % subject)
            return
        yield link.all_good(name, chain, 'issued by %s' %
                            certificates.summary(certificate).issuer)

    def _attestation(self) -> tuple[link.Check, attestation.Record | None]:
        name = 'attestation'
        try:
            record = self.record()
        except exceptions.LifecycleError as error:
            return link.refusal(name, error), None
        signature = record.signature
        return link.passed(name, '%s, of a %s of %d bytes %s, %s' % (
            certificates.date(record.time), record.source_format,
            record.source_size,
            'signed by ' + signature.subject if signature else 'not signed',
            ', '.join('%s %s' % item
                      for item in record.source_digest.items()))), record

    def _check_service(self, certificate_id: str) -> None:
        if self._service_id and certificate_id != self._service_id:
            raise exceptions.ImageRefused(
                reason='certificate-not-service', detail='it names the '
                'certificate %s, and that of the service is %s: somebody '
                'else signed, or the service had another certificate then.'
                % (properties.shown(certificate_id), self._service_id))

    def _properties(self) -> properties.SignatureProperties:
        given = properties.parse(self._image.properties)
        if given is None:
            resigned = is_resigned(self._image)
            raise exceptions.ImageRefused(
                reason='signature-stripped' if resigned else 'unsigned',
                detail=('the image was signed by its user, converted, and '
                        'not signed again (on_convert = strip), or its '
                        'signature was removed. Import it again with '
                        'on_convert = resign.' if resigned else
                        'it has no signature. Sign the file with "openstack '
                        'image lifecycle sign" and import it again.'))
        return given

    def _source_properties(self, record: attestation.Record
                           ) -> properties.SignatureProperties:
        given = properties.parse_source(self._image.properties)
        if given is None:
            raise exceptions.ImageRefused(
                reason='source-signature-missing', detail='the properties '
                '%s* with the user\'s signature are missing. Import the '
                'image again.' % properties.source_name(properties.SIGNATURE))
        signer = record.signature
        found = certificates.summary(self._fetch(given.certificate_id))
        if signer is None or (
                signer.certificate_id, signer.fingerprint, signer.key_type,
                signer.hash_method) != (
                given.certificate_id, found.fingerprint, given.key_type,
                given.hash_method):
            raise exceptions.ImageRefused(
                reason='attestation-signer', detail='the attestation says '
                'that %s signed, and the image names %s (%s): the '
                'properties lifecycle_source_* or the certificate in the '
                'key manager were changed. Import the image again.' % (
                    signer.subject if signer else 'nobody',
                    given.certificate_id, found))
        return given

    def _digest(self, hash_method: str) -> bytes:
        name = algorithms.hashlib_name(hash_method)
        if self._read and name in self._read.values:
            return self._read.values[name]
        found = self._image.digest(name)
        if found is None:
            raise exceptions.InternalError(
                detail='no %s of the image was read' % name)
        return found


def _source_digest(record: attestation.Record, hash_method: str) -> bytes:
    name = algorithms.hashlib_name(hash_method)
    try:
        return bytes.fromhex(record.source_digest[name])
    except (KeyError, ValueError):
        raise exceptions.ImageRefused(
            reason='attestation-source', detail='the attestation has no %s '
            'of what the user signed, which the signature needs: '
            'lifecycle_source_signature_hash_method was changed. Import the '
            'image again.' % name) from None
