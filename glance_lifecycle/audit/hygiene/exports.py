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

"""What other Glances need, as they have exported it: never to be touched.

A file that somebody else has written: it is read once, checked line by line,
and held in 16 bytes for each id. Whatever is wrong with it, none of it is
used: an image that is missing in it would be lost.
"""

import bisect
from collections.abc import Sequence
import dataclasses
import datetime
import hashlib
import os
import re
import stat
from typing import BinaryIO

from cryptography import x509

from glance_lifecycle.audit.hygiene import export_file
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import detached
from glance_lifecycle.signing import trust as trusts

#: Days after which a list is too old, where the operator does not say so.
AGE = 7.0

#: Exports of one run.
MOST = 64

_DAY = 86400.0
# Seconds by which the clocks of two clouds may differ.
_CLOCKS = 3600.0

_ID = 16
_LINES = 4096
_CHUNK = re.compile(
    rb'(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\n)+')

# How an id may be written.
_FORMS = re.compile(r'(?:urn:)?(?:uuid:)?\{?([0-9a-f-]*)\}?')


@dataclasses.dataclass(frozen=True)
class Trust:
    """Whose exports are believed.

    :ivar policy: what a certificate must be. Which ones may sign images says
        nothing of exports: those are ``certificates``
    :ivar certificates: of the Glances that are known
    :ivar unsigned: those that nobody has signed are taken, too
    :ivar age: the most, in days
    """

    policy: trusts.TrustPolicy
    certificates: Sequence[x509.Certificate] = ()
    unsigned: bool = False
    age: float = AGE


class Export:
    """One that was found good.

    :ivar digest: by which it is known, for a plan
    :ivar signed_by: the certificate in words; empty for none
    """

    def __init__(self, header: export_file.Header, digest: str,
                 signed_by: str, ids: bytearray) -> None:
        self.glance = header.glance
        self.time = float(header.time)
        self.digest = digest
        self.signed_by = signed_by
        self._ids = memoryview(ids).toreadonly()

    def __len__(self) -> int:
        return len(self._ids) // _ID

    def __contains__(self, image_id: object) -> bool:
        """An id in any form and case; what is none is taken for needed."""
        wanted = _bytes(image_id)
        if wanted is None:
            return True
        at = bisect.bisect_left(range(len(self)), wanted, key=self._at)
        return at < len(self) and self._at(at) == wanted

    def _at(self, number: int) -> bytes:
        return bytes(self._ids[number * _ID:(number + 1) * _ID])


class Needed:
    """All that is needed by any of them.

    :ivar since: the time of the oldest, in seconds since the epoch: what was
        stored later may be needed as well, and be in none; None without any
    """

    def __init__(self, exports: Sequence[Export]) -> None:
        self.exports = tuple(exports)
        self.since = min((one.time for one in exports), default=None)

    @property
    def digests(self) -> list[str]:
        return sorted({one.digest for one in self.exports})

    def __contains__(self, image_id: object) -> bool:
        return self.by(image_id) is not None

    def by(self, image_id: object) -> str | None:
        """The name of a Glance that needs it; None for none."""
        return next((one.glance for one in self.exports if image_id in one),
                    None)


def load_all(paths: Sequence[str], trust: Trust, now: float) -> Needed:
    """:raises ExportRefused: one of them is not to be built on"""
    if len(paths) > MOST:
        raise exceptions.ExportRefused(
            export=wording.shown(paths[MOST]),
            detail='there are more than %d' % MOST)
    return Needed([load(path, trust, now) for path in paths])


def load(path: str, trust: Trust, now: float) -> Export:
    """The export, whole and believed.

    :param now: seconds since the epoch
    :raises ExportRefused: it is not; the text says why
    """
    try:
        # O_NONBLOCK: opening a FIFO must not wait for ever.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(fd, 'rb') as file:
            return _read(file, trust, now)
    except OSError as error:
        why = 'it cannot be read: %s' % error.strerror
    except export_file.Malformed as error:
        why = str(error)
    raise exceptions.ExportRefused(export=wording.shown(path), detail=why)


def _read(file: BinaryIO, trust: Trust, now: float) -> Export:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise export_file.Malformed('it is no file')
    first = file.readline(export_file.LONGEST + 1)
    header = export_file.header(first)
    _check_time(header, trust.age, now)
    rest = status.st_size - len(first) - header.ids * export_file.LINE
    if rest <= 0:
        raise export_file.Malformed(
            'it is cut off: it should have %d ids' % header.ids)
    if rest > export_file.LONGEST:
        raise export_file.Malformed(
            'it is longer than %d ids are' % header.ids)
    hasher = hashlib.new(detached.HASH, first)
    ids = bytearray()
    last = b''
    while (left := header.ids - len(ids) // _ID) > 0:
        chunk = file.read(min(left, _LINES) * export_file.LINE)
        hasher.update(chunk)
        ids += _ids(chunk, last)
        last = chunk[-export_file.LINE:]
    trailer = export_file.trailer(file.read(export_file.LONGEST + 1))
    digest = hasher.digest()
    if trailer.digest != export_file.digest(digest):
        raise export_file.Malformed(
            'it is damaged, or was changed: its digest is another')
    return Export(header, trailer.digest, _check_signature(
        trailer.signature, digest, trust, now), ids)


def _check_time(header: export_file.Header, age: float, now: float) -> None:
    written = export_file.moment(header.time)
    if header.time > now + _CLOCKS:
        raise export_file.Malformed(
            'it is of %s, which is yet to come: the clocks differ' % written)
    if now - header.time > age * _DAY:
        raise export_file.Malformed(
            'it is of %s, and more than %g days old: images that were made '
            'since would be missing' % (written, age))


def _ids(chunk: bytes, last: bytes) -> bytes:
    """The ids of some whole lines.

    :param last: the line before
    """
    lines = chunk.splitlines(keepends=True)
    if (not _CHUNK.fullmatch(chunk)
            or len(lines) * export_file.LINE != len(chunk)):
        raise export_file.Malformed('one of its lines is no id')
    # All have one length and one case: lines are in the order of their ids.
    before = last
    for line in lines:
        if line <= before:
            raise export_file.Malformed('its ids are not in their order')
        before = line
    return bytes.fromhex(chunk.replace(b'-', b'').decode('ascii'))


def _check_signature(signed: export_file.Signature | None, digest: bytes,
                     trust: Trust, now: float) -> str:
    """The certificate in words; empty where none is needed.

    :raises Malformed: it is not believed
    """
    if signed is None:
        if trust.unsigned:
            return ''
        raise export_file.Malformed(
            'it is not signed, so that anybody may have left out images of '
            'it. Set [lifecycle_signing] signing_key on the Glance that it '
            'is of, or use --unsigned if you know where it is from')
    certificate = next((
        one for one in trust.certificates
        if certificates.summary(one).fingerprint == signed.fingerprint), None)
    if certificate is None:
        raise export_file.Malformed(
            'the certificate that it is signed with, %s (SHA-256 %s), is not '
            'among those of a Glance that is known here. Name its file with '
            '--export-certificate if you know that it is of that Glance' % (
                signed.certificate_id, signed.fingerprint))
    if not detached.verifies(certificate, signed.value, digest):
        raise export_file.Malformed(
            'its signature is not that of certificate %s'
            % certificates.summary(certificate))
    policy = dataclasses.replace(
        trust.policy, allowed_certificates=frozenset())
    for problem in policy.problems(
            certificate, signed.certificate_id,
            datetime.datetime.fromtimestamp(now, datetime.UTC)):
        raise export_file.Malformed(problem.detail.rstrip('.'))
    return str(certificates.summary(certificate))


def _bytes(image_id: object) -> bytes | None:
    if not isinstance(image_id, str):
        return None
    form = _FORMS.fullmatch(image_id.strip().lower())
    digits = form.group(1).replace('-', '') if form else ''
    return bytes.fromhex(digits) if len(digits) == 2 * _ID else None
