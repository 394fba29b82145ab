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

"""From a certificate to a root of a CA bundle: RFC 5280, 6.1, in small.

Written out rather than left to ``cryptography.x509.verification``, because
that implements the profile of web servers: it takes neither DSA keys nor a
self-signed certificate that the operator put into the bundle, wants
extensions that ``openssl req -x509`` does not write, and says only
"candidates exhausted". Its ExtensionPolicy (cryptography 45) changes the
third of these alone. Whatever is not implemented here is refused, and what is
agrees with ``openssl verify``: a test compares the two.

Roots are the self-signed certificates of the bundle, others in it are
intermediates. Nothing that comes with the image is used to build a path.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import datetime

from cryptography import exceptions as crypto_exceptions
from cryptography import x509
from cryptography.x509 import oid

from glance_lifecycle.signing import certificates

MAX_DEPTH = 8
# Of all paths together: a bundle of many roots of one name is no trap.
_MAX_SIGNATURES = 100

_HASHES = frozenset(('sha224', 'sha256', 'sha384', 'sha512', 'sha3-224',
                     'sha3-256', 'sha3-384', 'sha3-512'))

# Critical extensions that are understood, here or in trust.
_KNOWN = frozenset((
    oid.ExtensionOID.BASIC_CONSTRAINTS,
    oid.ExtensionOID.KEY_USAGE,
    oid.ExtensionOID.EXTENDED_KEY_USAGE,
    # A name means nothing here: nobody is connected to.
    oid.ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
))

# By these a CA's owner limits what it may issue, and nobody here looks. They
# are to be critical (RFC 5280), but some CAs mark them otherwise for the sake
# of programs that do not know them: that makes them no less meant.
_LIMITS = frozenset((
    oid.ExtensionOID.NAME_CONSTRAINTS,
    oid.ExtensionOID.POLICY_CONSTRAINTS,
    oid.ExtensionOID.INHIBIT_ANY_POLICY,
))

# Purposes for which a certificate may sign images.
PURPOSES = frozenset((oid.ExtendedKeyUsageOID.CODE_SIGNING,
                      oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE))

_ERRORS = (*certificates.FIELD_ERRORS, crypto_exceptions.InvalidSignature)


class ChainError(Exception):
    """No path; the text says which certificate stood in the way and why."""


def build(leaf: x509.Certificate, bundle: Sequence[x509.Certificate],
          now: datetime.datetime, *, check_purpose: bool = True
          ) -> list[x509.Certificate]:
    """The path from the leaf to a root, both included.

    :param now: with a time zone
    :param check_purpose: a CA that has the extension extendedKeyUsage must be
        one for code signing, as if it named what it may issue certificates
        for: so the CA/Browser Forum and the systems that verify code have it
    :raises ChainError: there is none; the text names the nearest miss
    """
    return _Search(bundle, now, check_purpose).path(leaf)


def unsupported(certificate: x509.Certificate) -> list[str]:
    """Dotted numbers of extensions that forbid what nobody here looks at."""
    return [extension.oid.dotted_string
            for extension in certificate.extensions
            if extension.oid in _LIMITS
            or (extension.critical and extension.oid not in _KNOWN)]


def is_self_signed(certificate: x509.Certificate) -> bool:
    return (certificate.subject == certificate.issuer
            and _names_key_of(certificate, certificate)
            and _signed_by(certificate, certificate))


class _Search:

    def __init__(self, bundle: Sequence[x509.Certificate],
                 now: datetime.datetime, check_purpose: bool) -> None:
        self._bundle = bundle
        self._check_purpose = check_purpose
        self._now = now
        self._signatures = 0
        self._miss = ''

    def path(self, leaf: x509.Certificate) -> list[x509.Certificate]:
        found = self._from([leaf])
        if found is None:
            raise ChainError(self._miss or (
                'no certificate of the CA bundle is named %s, its issuer'
                % certificates.summary(leaf).issuer))
        return found

    def _from(self, path: list[x509.Certificate]
              ) -> list[x509.Certificate] | None:
        last = path[-1]
        if last in self._bundle and is_self_signed(last):
            return path
        if len(path) >= MAX_DEPTH:
            self._missed(last, 'more than %d certificates lead to it'
                         % MAX_DEPTH)
            return None
        for issuer in self._issuers(last):
            # Equality is of the bytes: no circle is walked twice.
            if issuer in path:
                continue
            # A CA that renews itself under its own name adds no length.
            below = sum(each.subject != each.issuer for each in path[1:])
            if problem := self._problem(issuer, below):
                self._missed(issuer, problem)
                continue
            found = self._from([*path, issuer])
            if found is not None:
                return found
        return None

    def _issuers(self, certificate: x509.Certificate
                 ) -> Iterator[x509.Certificate]:
        for candidate in self._bundle:
            if candidate.subject != certificate.issuer:
                continue
            if not _names_key_of(certificate, candidate):
                self._missed(candidate, (
                    'it has the issuer\'s name, but is another certificate '
                    'than authorityKeyIdentifier says'))
                continue
            self._signatures += 1
            if self._signatures > _MAX_SIGNATURES:
                raise ChainError('too many certificates of the CA bundle '
                                 'have the same name')
            if _signed_by(certificate, candidate):
                yield candidate
            else:
                self._missed(candidate, (
                    'it has the issuer\'s name, but did not sign the '
                    'certificate, or with a hash that is no longer safe'))

    def _problem(self, issuer: x509.Certificate, below: int) -> str:
        """Why it may not issue with ``below`` CA certificates under it."""
        if self._now < issuer.not_valid_before_utc:
            return 'it is not valid yet'
        if self._now > issuer.not_valid_after_utc:
            return 'it has expired'
        if unknown := unsupported(issuer):
            return ('it has extensions that limit it in ways that are not '
                    'supported here (%s)' % ', '.join(unknown[:4]))
        if self._check_purpose and not _may_issue_signers(issuer):
            return ('its extendedKeyUsage is for other purposes, not for '
                    'codeSigning')
        return _authority_problem(issuer, below)

    def _missed(self, certificate: x509.Certificate, why: str) -> None:
        if not self._miss:
            self._miss = 'the CA certificate %s is no help: %s' % (
                certificates.summary(certificate), why)


def _authority_problem(issuer: x509.Certificate, below: int) -> str:
    try:
        constraints = issuer.extensions.get_extension_for_class(
            x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return 'it is not marked as a CA (basicConstraints is missing)'
    if not constraints.ca:
        return 'it is not marked as a CA (basicConstraints CA:FALSE)'
    if (constraints.path_length is not None
            and below > constraints.path_length):
        return ('its path length is %d, and %d CA certificates are under it'
                % (constraints.path_length, below))
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ''
    if not usage.key_cert_sign:
        return 'its keyUsage does not allow to sign certificates'
    return ''


def _signed_by(certificate: x509.Certificate,
               issuer: x509.Certificate) -> bool:
    try:
        algorithm = certificate.signature_hash_algorithm
        # Nobody relies on a root's signature of itself.
        if (certificate != issuer and algorithm is not None
                and algorithm.name not in _HASHES):
            return False
        certificate.verify_directly_issued_by(issuer)
    except _ERRORS:
        return False
    return True


def _may_issue_signers(issuer: x509.Certificate) -> bool:
    try:
        purposes = issuer.extensions.get_extension_for_class(
            x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool(PURPOSES & set(purposes))


def _names_key_of(certificate: x509.Certificate,
                  issuer: x509.Certificate) -> bool:
    """Whether authorityKeyIdentifier lets it be the issuer, as OpenSSL."""
    try:
        named = certificate.extensions.get_extension_for_class(
            x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return True
    try:
        own = issuer.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        own = None
    if None not in (named.key_identifier, own) and (
            named.key_identifier != own):
        return False
    serial = named.authority_cert_serial_number
    if serial is not None and serial != issuer.serial_number:
        return False
    names = [name.value for name in named.authority_cert_issuer or ()
             if isinstance(name, x509.DirectoryName)]
    return not names or names[0] == issuer.issuer
