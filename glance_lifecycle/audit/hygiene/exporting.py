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

"""All that this Glance needs, written for another that uses the same store.

Streamed from the database: ids are sorted on disk where they do not fit into
memory.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import errno
import hashlib
import itertools
import os
import pathlib
import tempfile
from typing import BinaryIO
from typing import Protocol

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import export_file
from glance_lifecycle.audit.hygiene import sorting
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import detached
from glance_lifecycle.signing import signer as service_signer
from glance_lifecycle.transfer.backends import inventory


class Host(Protocol):
    """Where Glance's database is."""

    def images(self) -> Iterator[claims.Image]:
        """All that it knows, the deleted ones too."""

    def busy(self) -> frozenset[str]:
        """Images of tasks and journals, as they are now."""


@dataclasses.dataclass(frozen=True)
class Written:
    """:ivar digest: as a plan names the export by it
    :ivar certificate_id: empty where it was not signed
    """

    header: export_file.Header
    digest: str
    certificate_id: str


def export(host: Host, path: pathlib.Path, name: str, now: float,
           signer: service_signer.ServiceSigner | None,
           seen: 'Seen | None' = None) -> Written:
    """Write the file; it appears under its name when it is whole.

    :param name: of this Glance, for people
    :param now: seconds since the epoch
    :param seen: is told how many images were read
    :raises ConfigurationError: it cannot be written; there is no image; or
        nobody can tell what the images need
    :raises DatabaseError: not all images could be read
    """
    if path.exists():
        # Before a minute's work; and again when it gets its name.
        raise _not_written(path, os.strerror(errno.EEXIST))
    ids = sorting.Lines()
    with contextlib.closing(ids):
        # Tasks first: what one has begun is in the database by then.
        for one in host.busy():
            _add(ids, one)
        for number, image in enumerate(host.images(), 1):
            for one in needed(image):
                _add(ids, one)
            if seen is not None:
                seen.at(number)
        count = sum(1 for _line in _unique(ids))
        if not count:
            raise exceptions.InputRefused(
                detail='The database has no image, so that there is nothing '
                'to export. Is it that of this Glance?')
        header = export_file.Header(name, int(now), count)
        with _appearing(path) as file:
            trailer = _write(file, header, _unique(ids), signer)
    return Written(header, trailer.digest, '' if trailer.signature is None
                   else trailer.signature.certificate_id)


class Seen(Protocol):
    """Of the images."""

    def at(self, number: int) -> None:
        """So many were read so far."""


def needed(image: claims.Image) -> Iterator[str]:
    """The ids that objects must not go of, because of this image.

    Its own, and those in its locations: an image may have been registered with
    what was stored for another.

    :raises ConfigurationError: a location cannot be read
    """
    locations = [one for one in image.locations if one.status != claims.GONE]
    if image.deleted and not image.busy and not locations:
        return
    yield image.id
    for location in locations:
        if not location.url:
            raise exceptions.InputRefused(
                detail='Image %s has a location that cannot be decrypted, so '
                'that nobody can tell what it needs. Is [DEFAULT] '
                'metadata_encryption_key that of glance-api?'
                % wording.shown(image.id))
        yield from claims.named(location.url)


def _add(ids: sorting.Lines, image_id: str) -> None:
    # Of an id of another form, an inventory takes no object for an image's.
    if inventory.image_id(image_id):
        ids.add(image_id.lower().encode('ascii'), b'')


def _unique(ids: sorting.Lines) -> Iterator[bytes]:
    last = b''
    for key, _rest in ids:
        if key != last:
            yield key
        last = key


def _write(file: BinaryIO, header: export_file.Header, ids: Iterable[bytes],
           signer: service_signer.ServiceSigner | None
           ) -> export_file.Trailer:
    hasher = hashlib.new(detached.HASH)
    written = -1
    for line in itertools.chain((header.dump(),), (
            one + b'\n' for one in ids)):
        file.write(line)
        hasher.update(line)
        written += 1
    if written != header.ids:
        raise exceptions.InternalError(detail='what was counted has changed')
    digest = hasher.digest()
    signed = None if signer is None else export_file.Signature(
        signer.certificate_id,
        certificates.summary(signer.certificate).fingerprint,
        signer.sign_file(digest))
    trailer = export_file.Trailer(export_file.digest(digest), signed)
    file.write(trailer.dump())
    return trailer


@contextlib.contextmanager
def _appearing(path: pathlib.Path) -> Iterator[BinaryIO]:
    """A new file, for its owner only, that gets its name at the end.

    :raises ConfigurationError: it cannot be written, or the name is taken
    """
    try:
        fd, new = tempfile.mkstemp(prefix='.%s.' % path.name[:100],
                                   dir=path.parent)
    except OSError as error:
        raise _not_written(path, error.strerror) from error
    try:
        with open(fd, 'wb') as file:
            yield file
            file.flush()
            os.fsync(fd)
        # Unlike a renamed one, it takes the place of nothing.
        os.link(new, path)
        _sync(path.parent)
    except OSError as error:
        raise _not_written(path, error.strerror) from error
    finally:
        os.unlink(new)


def _sync(directory: pathlib.Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _not_written(path: pathlib.Path, why: str | None
                 ) -> exceptions.ConfigurationError:
    return exceptions.InputRefused(
        detail='The export %s cannot be written: %s. Name another file'
        % (wording.shown(str(path)), why))
