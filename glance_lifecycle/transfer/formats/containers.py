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


"""What lies in a container is looked into, whatever the container is called.

Glance looks into bare images only. But the bytes of any other are stored and
downloaded like them, and who then boots, converts or attaches them does not
ask what container_format said.
"""

from collections.abc import Iterator
import dataclasses
import os

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.formats import archive
from glance_lifecycle.transfer.formats.foreign import layout
from glance_lifecycle.transfer.formats.foreign import tables
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer.formats import marks

# Machine images, kernels and ramdisks of Amazon's; nothing marks them.
AMAZON = ('aki', 'ari', 'ami')
ARCHIVES = ('ova', 'docker')

# One of these tells docker what is in the archive: since 1.10, before, OCI.
DOCKER_INDEX = ('manifest.json', 'repositories', 'index.json')

# An OVF envelope, a manifest or a certificate is text, and no longer.
MAX_TEXT = 16 * 1024 * 1024
_TEXT_LOOKED_AT = 1024 * 1024


def look(fd: int, container: str, disk_format: str,
         rules: inspect.Rules) -> inspect.Inspection:
    """Inspect a file as what its container is.

    :param container: the image's container_format
    :param disk_format: the image's; of an archive it tells nothing
    :raises ImageRefused: as ``inspect.inspect``, ``inspect.check_declared``,
        ``layout.check`` and ``archive.members``; ``format-mismatch`` where
        the file is a disk image, and no such container
    :raises SourceError: the file cannot be read
    """
    declared = disk_format
    if container != 'bare':
        # It is not converted.
        rules = dataclasses.replace(rules, extended_l2=False)
    if container in AMAZON or container in ARCHIVES:
        declared = container
    found = inspect.inspect(fd, rules, declared=declared)
    if container == 'bare':
        return inspect.check_declared(found, disk_format, rules)
    if found.format != 'raw' and (declared == container
                                  or found.format != disk_format):
        # Not even where mismatches are let pass: that is for disk images.
        raise exceptions.ImageRefused(
            reason='format-mismatch',
            detail='container_format is %s, but the file is a disk image of '
            'format %s. Set container_format=bare and disk_format=%s on the '
            'image.' % (archive.shown(container), found.format,
                        found.format))
    if container == 'ova':
        _look_into_ova(fd, rules)
    elif container == 'docker':
        _look_into_docker(fd)
    elif container not in AMAZON:
        inspect.check_declared(found, disk_format, rules)
        check_layout(fd, found)
    # Nothing is known of a disk, and nothing is decoded.
    return inspect.Inspection(
        'raw', found.detected, None, found.actual_size, found.file_size,
        tolerated=found.tolerated, bytes_read=found.bytes_read)


def check_layout(fd: int, found: inspect.Inspection,
                 part: tuple[int, int] | None = None) -> None:
    """Walk the tables of an image that is stored as it is.

    Of one that is decoded, its source does that. Without it, a VMDK may name
    a parent where oslo.utils does not look.

    :param part: offset and size of a file within the file, in bytes
    :raises ImageRefused: see ``layout.check``
    """
    # What it is, also where it is let pass for something else; but a fixed
    # VHD is not detected.
    name = found.detected if found.detected in layout.CHECKS else found.format
    check = layout.CHECKS.get(name)
    if check is None:
        return
    try:
        check(_Part(fd, name, part or (0, found.file_size)))
    except OSError as error:
        raise exceptions.SourceError(detail=error.strerror) from error


class _Part(tables.TableFile):
    """A file within a file, read as if it were one."""

    def __init__(self, fd: int, disk_format: str,
                 part: tuple[int, int]) -> None:
        super().__init__(fd, disk_format)
        self._start, self.size = part

    def read(self, offset: int, length: int, what: str) -> bytes:
        self.within(offset, length, what)
        data = os.pread(self._fd, length, self._start + offset)
        if len(data) != length:
            raise self.truncated(what, offset + length)
        return data


def _look_into_docker(fd: int) -> None:
    names = {member.name.removeprefix('./')
             for member in archive.members(fd, 'docker')}
    if names.isdisjoint(DOCKER_INDEX):
        raise exceptions.ImageRefused(
            reason='container-invalid',
            detail='container_format is docker, and the archive has none of '
            '%s. Make it with "docker save".' % ', '.join(DOCKER_INDEX))


def _look_into_ova(fd: int, rules: inspect.Rules) -> None:
    described = 0
    for member in archive.members(fd, 'ova'):
        described += member.is_file and _suffix(member) == '.ovf'
        if member.is_file and member.size:
            try:
                _look_at_member(fd, member, rules)
            except OSError as error:
                raise exceptions.SourceError(
                    detail=error.strerror) from error
            except exceptions.ImageRefused as error:
                raise exceptions.ImageRefused(**error.fields | {
                    'detail': 'container_format is ova, and its member %s '
                    'is refused: %s' % (member.shown,
                                        error.fields['detail'])}) from error
    if described != 1:
        raise exceptions.ImageRefused(
            reason='container-invalid',
            detail='container_format is ova, and the archive has %s OVF '
            'descriptor; it must have exactly one, a member whose name ends '
            'with .ovf. Export the appliance again.' % (
                described or 'no'))


def _look_at_member(fd: int, member: archive.Member,
                    rules: inspect.Rules) -> None:
    part = member.offset, member.size
    head = os.pread(fd, min(inspect.END, member.size), member.offset)
    if _is_text(head):
        _check_text(fd, member)
        return
    for magic, kind in archive.COMPRESSED.items():
        if head.startswith(magic):
            raise exceptions.ImageRefused(
                reason='container-member',
                detail='it is compressed, with %s, and cannot be looked '
                'into. Export the appliance again without compression; the '
                'disks in it may be streamOptimized.' % kind)
    found = inspect.inspect(fd, rules, part=part)
    check_layout(fd, found, part)


def _check_text(fd: int, member: archive.Member) -> None:
    """A text is described in words of its own, not in a VMDK's.

    The text form of a VMDK names other files. oslo.utils takes any text for
    one that has a createType, and breaks off at a letter that is not ASCII;
    so that is looked for here.
    """
    if member.size > MAX_TEXT:
        raise exceptions.ImageRefused(
            reason='container-member',
            detail='it is a text of %d bytes; at most %d are accepted.' % (
                member.size, MAX_TEXT))
    for data in _pieces(fd, member):
        marks.check_text(data)


def _pieces(fd: int, member: archive.Member) -> Iterator[bytes]:
    """Its bytes, in pieces that overlap by a word."""
    for at in range(0, member.size, _TEXT_LOOKED_AT):
        yield os.pread(fd, min(_TEXT_LOOKED_AT + 64, member.size - at),
                       member.offset + at)


def _is_text(head: bytes) -> bool:
    # A letter of several bytes may be cut off.
    text = head.decode('utf-8', 'ignore')
    return len(text.encode()) > len(head) - 4 and all(
        c.isprintable() or c.isspace() or c == '\ufeff' for c in text)


def _suffix(member: archive.Member) -> str:
    return os.path.splitext(member.name)[1].lower()
