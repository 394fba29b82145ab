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

"""Which images' signatures are, or soon will be, no good.

No image is downloaded. One image is held at a time, and each certificate is
fetched once.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime

from cryptography import x509

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import verification
from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import trust
from glance_lifecycle.signing import verify

_ERROR = finding.Severity.ERROR
_WARNING = finding.Severity.WARNING

_SIGN_AGAIN = ('Sign the image with another key whose certificate is good, '
               'set the four properties, and import it again.')
_NOT_VERIFIED = ('Until then Nova and Cinder refuse it where they verify, and '
                 'boot it unverified where they do not.')

_REMEDIES = {
    'signature-incomplete': (
        'Set all of the four properties, or remove all of them.'),
    'signature-malformed': 'Correct the property, or remove all four.',
    'certificate-unknown': (
        'Store the certificate in the key manager again, or correct '
        'img_signature_certificate_uuid. ' + _NOT_VERIFIED),
    'certificate-malformed': (
        'Store the certificate again, as one. ' + _NOT_VERIFIED),
    'certificate-expired': _SIGN_AGAIN,
    'certificate-weak-key': _SIGN_AGAIN,
    'certificate-denied': (
        'Deactivate the image until it is signed with another key.'),
    'certificate-not-yet-valid': 'Wait, or check the clocks.',
    'key-manager-forbidden': (
        'Let the owner of the certificate grant read access ("openstack acl '
        'user add"), or run the audit with credentials that may read it.'),
}


class Audit:
    """One pass over the images.

    :param fetch: a certificate by its id; raises ImageRefused or
        KeyManagerError
    :param policy: what certificates must be
    :param days: report certificates that expire within as many
    :param now: with a time zone; by default, now
    """

    def __init__(self, fetch: verification.FetchCertificate,
                 policy: trust.TrustPolicy, *, days: int = 30,
                 now: datetime.datetime | None = None) -> None:
        self._fetch = fetch
        self._policy = policy
        self._now = now or datetime.datetime.now(datetime.UTC)
        self._soon = self._now + datetime.timedelta(days=days)

    def findings(self, found: Iterable[images.Image]
                 ) -> Iterator[finding.Finding]:
        """What is wrong with these images.

        :raises KeyManagerError: it does not answer: not one image could be
            judged
        """
        for image in found:
            yield from self._image(image)

    def _image(self, image: images.Image) -> Iterator[finding.Finding]:
        try:
            given = properties.parse(image.properties)
        except exceptions.ImageRefused as error:
            yield _finding(image, error.reason, _ERROR,
                           str(error.fields['detail']))
            return
        if given is None:
            if image.visibility == 'public' and image.status == 'active':
                yield _finding(image, 'unsigned-public-image', _WARNING, (
                    '%s is public and not signed: whoever boots it cannot '
                    'know who made it.' % properties.shown(image.name)),
                    'Sign it ("openstack image lifecycle sign FILE --create '
                    'NAME") and replace it with the signed one.')
            return
        try:
            certificate = self._fetch(given.certificate_id)
        except exceptions.ImageRefused as error:
            yield _finding(image, error.reason, _ERROR,
                           str(error.fields['detail']))
            return
        except exceptions.KeyManagerForbidden as error:
            yield _finding(image, 'key-manager-forbidden', _WARNING,
                           str(error.fields['detail']))
            return
        yield from self._certificate(image, certificate, given)
        yield from self._bytes(image, certificate, given)
        yield from self._attestation(image)

    def _certificate(self, image: images.Image,
                     certificate: x509.Certificate,
                     given: properties.SignatureProperties
                     ) -> Iterator[finding.Finding]:
        policy = self._policy
        if verification.is_resigned(image):
            # That list is of users, and this certificate is the service's.
            policy = dataclasses.replace(
                policy, allowed_certificates=frozenset())
        for problem in policy.problems(
                certificate, given.certificate_id, self._now):
            yield _finding(image, problem.reason, _ERROR,
                           str(problem.fields['detail']))
        summary = certificates.summary(certificate)
        if self._now <= summary.not_after <= self._soon:
            yield _finding(
                image, 'certificate-expires-soon', _WARNING,
                'the certificate %s (%s) expires on %s, in %d days.' % (
                    given.certificate_id, summary,
                    certificates.date(summary.not_after),
                    (summary.not_after - self._now).days),
                'Before that, sign the image with a key of a newer '
                'certificate and import it again.')

    def _bytes(self, image: images.Image, certificate: x509.Certificate,
               given: properties.SignatureProperties
               ) -> Iterator[finding.Finding]:
        """Where Glance's own hash answers, look at the signature too."""
        digest = image.digest(algorithms.hashlib_name(given.hash_method))
        if digest is None:
            return
        try:
            verify.verify_digest(given, certificate, digest)
        except exceptions.ImageRefused as error:
            yield _finding(image, error.reason, _ERROR,
                           str(error.fields['detail']),
                           'Deactivate the image until it was imported '
                           'again with a good signature.')

    def _attestation(self, image: images.Image
                     ) -> Iterator[finding.Finding]:
        if not verification.is_resigned(image):
            return
        try:
            verification.Verification(
                image, None, self._fetch, self._policy,
                now=self._now).record()
        except exceptions.KeyManagerForbidden as error:
            yield _finding(image, 'key-manager-forbidden', _WARNING,
                           str(error.fields['detail']))
        except exceptions.ImageRefused as error:
            yield _finding(image, error.reason, _ERROR,
                           str(error.fields['detail']),
                           'Import the image again.')


def _finding(image: images.Image, code: str, severity: finding.Severity,
             evidence: str, remedy: str = '') -> finding.Finding:
    return finding.Finding(
        code=code, severity=severity, subject=image.id, evidence=evidence,
        remedy=remedy or _REMEDIES.get(code, _SIGN_AGAIN))
