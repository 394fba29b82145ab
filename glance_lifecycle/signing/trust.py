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

"""Is this certificate one that the operator wants to trust?

A good signature says only that the bytes are those that some key signed, and
every user can make a key and a certificate.
"""

from collections.abc import Iterator
import dataclasses
import datetime

from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography import x509

from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import chain
from glance_lifecycle.signing import keys
from glance_lifecycle.signing import properties

# OpenSSL verifies no larger one.
_MAX_BITS = 16384


@dataclasses.dataclass(frozen=True)
class TrustPolicy:
    """What a certificate must be; see ``[lifecycle_signing]``.

    :ivar ca_bundle: path of a PEM file; None to trust any issuer
    :ivar require_chain: there must be a path to a root of the bundle
    :ivar allowed_certificates: ids in the key manager; empty for all
    :ivar denied_serials: refused, as signer and in the chain
    :ivar min_rsa_bits: for DSA too
    :raises ConfigurationError: a chain is required, and there is no bundle
    """

    ca_bundle: str | None = None
    require_chain: bool = False
    allowed_certificates: frozenset[str] = frozenset()
    denied_serials: frozenset[int] = frozenset()
    min_rsa_bits: int = 2048
    min_ec_bits: int = 256
    allow_dsa: bool = False
    check_validity: bool = True
    check_key_usage: bool = True

    def __post_init__(self) -> None:
        if self.require_chain and not self.ca_bundle:
            raise exceptions.ConfigurationError(detail=(
                'certificates must have a trusted issuer, but there is no CA '
                'bundle. Set [lifecycle_signing] ca_bundle.'))

    def check(self, certificate: x509.Certificate, certificate_id: str,
              now: datetime.datetime) -> list[x509.Certificate]:
        """The chain, from the certificate to the root, if all is well.

        :param now: with a time zone
        :returns: only the certificate itself where no chain is required
        :raises ImageRefused: the first of ``problems()``
        :raises ConfigurationError: the bundle cannot be read
        """
        for problem in self.problems(certificate, certificate_id, now):
            raise problem
        return self._chain(certificate, now)

    def problems(self, certificate: x509.Certificate, certificate_id: str,
                 now: datetime.datetime
                 ) -> Iterator[exceptions.ImageRefused]:
        """All that is wrong with it, for tools that show everything."""
        summary = certificates.summary(certificate)
        found: list[tuple[str, str]] = []
        found += self._lists(certificate, certificate_id, summary)
        if self.check_validity:
            found += _validity(certificate, now)
        if self.check_key_usage:
            found += _usage(certificate)
        found += self._strength(certificate)
        found += self._issuer(certificate, now)
        for reason, detail in found:
            yield exceptions.ImageRefused(reason=reason, detail=(
                'the certificate %s (%s) is not accepted: %s.'
                % (certificate_id, summary, detail)))

    def _lists(self, certificate: x509.Certificate, certificate_id: str,
               summary: certificates.Summary) -> Iterator[tuple[str, str]]:
        if certificate.serial_number in self.denied_serials:
            yield 'certificate-denied', (
                'its serial number %s is on the operator\'s list of revoked '
                'ones. Sign with another key' % summary.serial)
        if (self.allowed_certificates
                and certificate_id not in self.allowed_certificates):
            yield 'certificate-not-allowed', (
                'it is not among those that may sign images in this cloud. '
                'Sign with one that is, or ask the operator to add %s to '
                'allowed_certificates' % properties.shown(certificate_id))

    def _strength(self, certificate: x509.Certificate
                  ) -> Iterator[tuple[str, str]]:
        if problem := self.weakness(certificate.public_key()):
            yield 'certificate-weak-key', problem

    def weakness(self, key: object) -> str:
        """Why a public key does not do; empty if it does."""
        held = 'it holds ' + algorithms.describe(key)
        if isinstance(key, ec.EllipticCurvePublicKey):
            if key.curve.key_size < self.min_ec_bits:
                return '%s, and %d bits are the least. %s' % (
                    held, self.min_ec_bits, _ADVICE)
            return ''
        if isinstance(key, dsa.DSAPublicKey) and not self.allow_dsa:
            return ('%s, and DSA is no longer approved (FIPS 186-5) and not '
                    'allowed here. %s' % (held, _ADVICE))
        if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
            if not self.min_rsa_bits <= key.key_size <= _MAX_BITS:
                return '%s, and %d bits are the least, %d the most. %s' % (
                    held, self.min_rsa_bits, _MAX_BITS, _ADVICE)
            return ''
        return '%s. %s' % (held, _ADVICE)

    def _issuer(self, certificate: x509.Certificate, now: datetime.datetime
                ) -> Iterator[tuple[str, str]]:
        if unknown := chain.unsupported(certificate):
            yield 'certificate-untrusted', (
                'it has extensions that limit it in ways that are not '
                'supported here (%s)' % ', '.join(unknown[:4]))
        try:
            path = self._chain(certificate, now)
        except chain.ChainError as e:
            yield 'certificate-untrusted', (
                'no chain leads from it to a CA that this cloud trusts: %s. '
                'Use a certificate of such a CA, or ask the operator to add '
                'the CA and its intermediates to the CA bundle' % e)
            return
        for issuer in path[1:]:
            summary = certificates.summary(issuer)
            if issuer.serial_number in self.denied_serials:
                yield 'certificate-denied', (
                    'the CA %s is on the operator\'s list of revoked ones'
                    % summary)
            if problem := self.weakness(issuer.public_key()):
                yield 'certificate-weak-key', (
                    'the CA %s is too weak: %s' % (summary, problem))

    def _chain(self, certificate: x509.Certificate, now: datetime.datetime
               ) -> list[x509.Certificate]:
        if not self.require_chain or not self.ca_bundle:
            return [certificate]
        # Read each time: a CA is added or withdrawn without a restart.
        bundle = read_bundle(self.ca_bundle)
        good = [issuer for issuer in bundle
                if issuer.serial_number not in self.denied_serials
                and not self.weakness(issuer.public_key())]
        try:
            # Whichever comes first in the file, one of these will do.
            return chain.build(certificate, good, now,
                               check_purpose=self.check_key_usage)
        except chain.ChainError:
            if len(good) == len(bundle):
                raise
        # Those that are no good say why there is no path, if it is they.
        return chain.build(certificate, bundle, now,
                           check_purpose=self.check_key_usage)


_ADVICE = 'Use RSA of 3072 bits or more, or a key on secp384r1'


def read_bundle(path: str) -> list[x509.Certificate]:
    """The certificates of a PEM file.

    :raises ConfigurationError: it cannot be read, or holds none
    """
    try:
        data = keys.read_file(path, private=False, follow=True)
        found = x509.load_pem_x509_certificates(data)
        # Fields are parsed when read: find a bad one now.
        for certificate in found:
            certificates.summary(certificate)
            list(certificate.extensions)
    except (OSError, keys.UnsafeFile, *certificates.FIELD_ERRORS) as e:
        raise exceptions.ConfigurationError(detail=(
            'the CA bundle cannot be used: %s. Set [lifecycle_signing] '
            'ca_bundle to a readable PEM file.'
            % (getattr(e, 'strerror', None) or e))) from None
    return found


def parse_serial(text: str) -> int:
    """A serial number as ``openssl x509 -noout -serial`` prints it.

    :raises ConfigurationError: no hexadecimal number
    """
    compact = text.strip().lower().removeprefix('serial=')
    try:
        return int(compact.replace(':', ''), 16)
    except ValueError:
        raise exceptions.ConfigurationError(detail=(
            '%s in [lifecycle_signing] denied_serials is no hexadecimal '
            'serial number. Copy it from "openssl x509 -noout -serial".'
            % properties.shown(text))) from None


def _validity(certificate: x509.Certificate, now: datetime.datetime
              ) -> Iterator[tuple[str, str]]:
    if now < certificate.not_valid_before_utc:
        yield 'certificate-not-yet-valid', (
            'it is valid only from %s, and it is now %s. Wait, check the '
            'clocks, or use another certificate' % (
                certificates.date(certificate.not_valid_before_utc),
                certificates.date(now)))
    if now > certificate.not_valid_after_utc:
        yield 'certificate-expired', (
            'it expired on %s. Sign with a key whose certificate is valid '
            'now' % certificates.date(certificate.not_valid_after_utc))


def _usage(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    extensions = certificate.extensions
    for extension in extensions:
        value = extension.value
        if (isinstance(value, x509.KeyUsage)
                and not value.digital_signature):
            yield 'certificate-key-usage', (
                'its keyUsage does not include digitalSignature. Have one '
                'issued that does, or that has no keyUsage')
        if isinstance(value, x509.ExtendedKeyUsage) and not (
                chain.PURPOSES & set(value)):
            yield 'certificate-key-usage', (
                'its extendedKeyUsage is for other purposes (a certificate '
                'of a web server, for example), not for codeSigning. Have '
                'one issued for codeSigning, or without extendedKeyUsage')
