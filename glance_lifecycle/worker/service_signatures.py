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

"""What the service has signed, and signs again; see ``resigning``.

The key is loaded when something is signed, and not kept.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import functools
import hashlib
from typing import Any

from cryptography import x509
from oslo_config import cfg

from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import verification
from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import configured
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import trust
from glance_lifecycle.signing import verify
from glance_lifecycle.worker import resigning

_OTHERS = (
    'Somebody else may have signed it. Remove the four img_signature '
    'properties to have the service sign it again.')
_DEACTIVATE = 'Deactivate the image until it was imported again.'
_NOT_ACTIVE = (
    'It has to be read for that, and is not active. Reactivate it first.')


class ServiceSignatures(resigning.Signatures):
    """The service's. Each certificate is fetched once.

    :param conf: with ``[lifecycle_signing]`` and ``[key_manager]``
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._fetched: dict[
            str, x509.Certificate | exceptions.LifecycleError] = {}
        self._id: str = conf.lifecycle_signing.signing_certificate_id
        self._method: str = conf.lifecycle_signing.hash_method

    def look(self, image: Mapping[str, Any],
             trusted: Mapping[str, Any] | None = None) -> resigning.Found:
        if not image.get(properties.ATTESTATION):
            return resigning.Found()
        known = _known(image)
        wrong, others = self._wrong(known)
        if wrong is None:
            return resigning.Found()
        return resigning.Found(
            wrong, _OTHERS if others else self._why_not(known, trusted))

    def sign(self, image: Mapping[str, Any],
             read: Callable[[], Iterable[bytes]]) -> resigning.Signed:
        try:
            record = self._attested(_known(image))
            self._check_signer(record)
        except exceptions.ImageRefused as error:
            raise resigning.refused(
                image, str(error.fields['detail'])) from None
        name = algorithms.hashlib_name(self._method)
        digests = {record.os_hash_algo: record.os_hash_value}
        if name not in digests:
            digests = _digests(read(), {name, record.os_hash_algo})
            if digests[record.os_hash_algo] != record.os_hash_value:
                raise resigning.refused(
                    image, 'its stored bytes are not those that were '
                    'attested. Do not use it; import it again')
        signer = configured.service_signer(
            self._conf, configured.service_context(self._conf))
        if signer is None:
            raise resigning.refused(image, resigning.NO_KEY)
        return resigning.Signed(
            signer.sign_digest(bytes.fromhex(digests[name]), self._method),
            record, len(digests) > 1)

    def _wrong(self, image: images.Image) -> tuple[str | None, bool]:
        """What is there instead; and whether that may be somebody else's.

        None if nothing is wrong, or nobody can tell without reading it.
        """
        try:
            given = properties.parse(image.properties)
        except exceptions.ImageRefused:
            return 'one that is not whole', False
        if given is None:
            return '', False
        if given.certificate_id != self._id:
            try:
                former = self._is_former(image, given.certificate_id)
            except exceptions.LifecycleError:
                return None, False
            if not former:
                return 'one of certificate %s' % given.certificate_id, True
        return self._spoiled(image, given), False

    def _is_former(self, image: images.Image, certificate_id: str) -> bool:
        """Whether it attested this image: the service's, before this one.

        Whom the attestation names is not signed, and anybody's to write.

        :raises KeyManagerError: it cannot be had now
        """
        text = image.properties[properties.ATTESTATION]
        try:
            # Not to ask for what a stranger's image names.
            if attestation.key_id(text) != certificate_id:
                return False
            attestation.verify(
                text, self._certificate(certificate_id), certificate_id,
                image_id=image.id, os_hash_algo=image.os_hash_algo,
                os_hash_value=image.os_hash_value)
        except (exceptions.ImageRefused, exceptions.KeyManagerForbidden):
            # Where there is no such certificate, Nova has none either; and
            # its own the service may read.
            return False
        return True

    def _spoiled(self, image: images.Image,
                 given: properties.SignatureProperties) -> str | None:
        digest = image.digest(algorithms.hashlib_name(given.hash_method))
        try:
            certificate = self._certificate(given.certificate_id)
            if digest is None:
                # Whoever spoils it chooses the hash method, too.
                verify.verify_form(given, certificate)
            else:
                verify.verify_digest(given, certificate, digest)
        except exceptions.ImageRefused:
            return 'one that is not good'
        except exceptions.LifecycleError:
            pass
        return None

    def _why_not(self, image: images.Image,
                 trusted: Mapping[str, Any] | None) -> str:
        try:
            record = self._attested(image)
        except exceptions.ImageRefused as error:
            return exceptions.sentence(str(error.fields['detail']))
        except exceptions.LifecycleError:
            # It may go well when it is done; else that says why.
            return ''
        try:
            self._check_signer(record, trusted)
        except exceptions.LifecycleError as error:
            # Whether it is trusted is found out here, or it is not signed.
            return exceptions.sentence(str(error.fields['detail']))
        if image.status != 'active' and record.os_hash_algo != (
                algorithms.hashlib_name(self._method)):
            return _NOT_ACTIVE
        return ''

    def _attested(self, image: images.Image) -> attestation.Record:
        """What was attested of the bytes that Glance says the image has.

        :raises ImageRefused: nothing, or not by this service, or of another
            image or other bytes
        :raises KeyManagerError: the certificate cannot be had
        """
        return verification.Verification(
            image, None, self._certificate, self._policy,
            service_certificate_id=self._id).attested()

    def _check_signer(self, record: attestation.Record,
                      trusted: Mapping[str, Any] | None = None) -> None:
        """As the import did, by what is trusted now.

        Of the day of the import: what has expired since was good then.

        :raises ImageRefused: who signed what was imported is not trusted
        :raises KeyManagerError: the certificate cannot be had
        :raises ConfigurationError: nobody can tell who is
        """
        signer = record.signature
        if signer is None:
            return
        policy = configured.trust_policy(self._conf, trusted)
        if trust.parse_serial(signer.serial) in policy.denied_serials:
            raise exceptions.ImageRefused(
                reason='certificate-denied', detail='the certificate of who '
                'signed what was imported, serial %s, is revoked '
                '(denied_serials). %s' % (signer.serial, _DEACTIVATE))
        try:
            certificate = self._certificate(signer.certificate_id)
            if certificates.summary(
                    certificate).fingerprint != signer.fingerprint:
                raise exceptions.ImageRefused(
                    reason='attestation-signer', detail='the certificate %s '
                    'in the key manager is not the one that it was then.'
                    % signer.certificate_id)
            policy.check(certificate, signer.certificate_id, record.time)
        except exceptions.ImageRefused as error:
            raise exceptions.ImageRefused(
                reason=error.reason, detail='who signed what was imported is '
                'not trusted now: %s %s' % (
                    error.fields['detail'], _DEACTIVATE)) from None

    @functools.cached_property
    def _policy(self) -> trust.TrustPolicy:
        """What the service's certificate must be, as at the import.

        Whoever configures it vouches for it: it need not be one of the CAs
        that issue those of users.
        """
        return dataclasses.replace(
            configured.trust_policy(self._conf), ca_bundle=None,
            require_chain=False)

    def _certificate(self, certificate_id: str) -> x509.Certificate:
        """:raises ImageRefused, LifecycleError: it cannot be had"""
        found = self._fetched.get(certificate_id)
        if found is None:
            # Once, also where it fails: not for each of 100,000 images.
            try:
                found = certificates.fetch(
                    configured.manager(self._conf),
                    configured.service_context(self._conf), certificate_id)
            except exceptions.LifecycleError as error:
                found = error
            self._fetched[certificate_id] = found
        if isinstance(found, exceptions.LifecycleError):
            raise found
        return found


def _known(image: Mapping[str, Any]) -> images.Image:
    return images.Image(
        id=image['id'], status=image.get('status') or '',
        size=image.get('size'),
        os_hash_algo=image.get('os_hash_algo') or '',
        os_hash_value=image.get('os_hash_value') or '',
        properties={name: value for name, value in image.items()
                    if properties.is_of_signature(name)
                    or name.startswith('lifecycle_')})


def _digests(data: Iterable[bytes], names: Iterable[str]) -> dict[str, str]:
    found = {name: hashlib.new(name) for name in names}
    for piece in data:
        for each in found.values():
            each.update(piece)
    return {name: each.hexdigest() for name, each in found.items()}
