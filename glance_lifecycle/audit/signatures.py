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

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import datetime

from cryptography import x509

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import link
from glance_lifecycle.audit import verification
from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import trust

_ERROR = finding.Severity.ERROR
_UNKNOWN = finding.Severity.UNKNOWN
_WARNING = finding.Severity.WARNING

_SIGN_AGAIN = ('Sign the image with another key whose certificate is good, '
               'set the four properties, and import it again.')
_IMPORT_AGAIN = ('Do not boot the image before it was imported again, or name '
                 'the certificate that the service had then.')
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
    'signature-mismatch': (
        'Deactivate the image until it was imported again with a good '
        'signature.'),
    'signature-stripped': (
        'Have a worker with the key of the service sign it again, or import '
        'it again with [lifecycle_signing] on_convert = resign. '
        + _NOT_VERIFIED),
    'attestation-signer': _IMPORT_AGAIN,
    'attestation-certificate': _IMPORT_AGAIN,
    'certificate-not-service': _IMPORT_AGAIN,
    'key-manager-forbidden': (
        'Let the owner of the certificate grant read access ("openstack acl '
        'user add"), or run the audit with credentials that may read it.'),
}


class Audit:
    """One pass over the images.

    :param fetch: a certificate by its id; raises ImageRefused or
        KeyManagerError
    :param policy: what certificates must be
    :param policy_of: what those of the users of one image must be; as all,
        if it is not given
    :param service_certificate_id: the only one that may be the service's
    :param days: report certificates that expire within as many
    :param now: with a time zone; by default, now
    """

    def __init__(self, fetch: verification.FetchCertificate,
                 policy: trust.TrustPolicy, *,
                 policy_of: Callable[[images.Image], trust.TrustPolicy]
                 | None = None,
                 service_certificate_id: str | None = None, days: int = 30,
                 now: datetime.datetime | None = None) -> None:
        self._fetch = fetch
        self._policy = policy
        self._policy_of = policy_of or (lambda _image: policy)
        self._service_id = service_certificate_id
        # Images that nobody vouches for.
        self._unvouched: list[str] = []
        self._now = now or datetime.datetime.now(datetime.UTC)
        self._soon = self._now + datetime.timedelta(days=days)

    def findings(self, found: Iterable[images.Image]
                 ) -> Iterator[finding.Finding]:
        """What is wrong with these images.

        :raises KeyManagerError: it does not answer: not one image could be
            judged
        """
        self._unvouched.clear()
        for image in found:
            yield from self._image(image)
        if self._unvouched:
            # Of what was asked, not of each image: said once.
            yield finding.Finding(
                code='no-ca-bundle', severity=_UNKNOWN, subject='*',
                evidence='nobody vouches for the certificates that signed '
                '%d images, such as %s: anybody can make one.' % (
                    len(self._unvouched), self._unvouched[0]),
                remedy='Run the audit with --config-file, or with --ca-bundle '
                'and --service-certificate-id.')

    def _image(self, image: images.Image) -> Iterator[finding.Finding]:
        try:
            given = properties.parse(image.properties)
        except exceptions.ImageRefused as error:
            yield _finding(image, error.reason, _ERROR,
                           str(error.fields['detail']))
            return
        if given is None and verification.is_resigned(image):
            # The service had signed it: verifying says what became of that.
            yield from self._checks(image)
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
            yield _finding(image, 'key-manager-forbidden', _UNKNOWN,
                           str(error.fields['detail']))
            return
        yield from self._expiry(image, certificate, given.certificate_id)
        yield from self._checks(image)

    def _expiry(self, image: images.Image, certificate: x509.Certificate,
                certificate_id: str) -> Iterator[finding.Finding]:
        summary = certificates.summary(certificate)
        if self._now <= summary.not_after <= self._soon:
            yield _finding(
                image, 'certificate-expires-soon', _WARNING,
                'the certificate %s (%s) expires on %s, in %d days.' % (
                    certificate_id, summary,
                    certificates.date(summary.not_after),
                    (summary.not_after - self._now).days),
                'Before that, sign the image with a key of a newer '
                'certificate and import it again.')

    def _checks(self, image: images.Image) -> Iterator[finding.Finding]:
        """What verifying says, as far as Glance's own hash answers."""
        # A bad certificate spoils more than one link.
        said = set()
        for check in verification.Verification(
                image, None, self._fetch, self._policy_of(image),
                service_policy=self._policy,
                service_certificate_id=self._service_id,
                now=self._now).checks():
            if check.reason in link.UNVOUCHED:
                if image.id not in self._unvouched[-1:]:
                    self._unvouched.append(image.id)
            elif check.result == link.Result.FAILED:
                if check.reason not in said:
                    yield _finding(image, check.reason, _ERROR, check.detail)
                said.add(check.reason)
            elif check.reason == link.NOT_VERIFIED:
                yield _finding(image, 'signature-not-read', _UNKNOWN, (
                    'its signature is of another hash than the one that '
                    'Glance keeps (%s): only reading the image can tell.'
                    % image.os_hash_algo),
                    'Run "openstack image lifecycle verify %s", which '
                    'downloads it.' % image.id)
            elif check.result == link.Result.UNKNOWN:
                yield _finding(image, check.reason, _UNKNOWN, check.detail)


def _finding(image: images.Image, code: str, severity: finding.Severity,
             evidence: str, remedy: str = '') -> finding.Finding:
    return finding.Finding(
        code=code, severity=severity, subject=image.id, evidence=evidence,
        remedy=remedy or _REMEDIES.get(
            code, _IMPORT_AGAIN if code.startswith('attestation-')
            else _SIGN_AGAIN))
