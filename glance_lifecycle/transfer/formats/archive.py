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


"""A tar archive, walked without trust: what lies where, nothing extracted.

Of tarfile only the parsing of one header is used. Its own walk reads extended
headers of any size into memory, follows sizes backwards (CVE-2025-8194), and
resolves sparse members and links, none of which belong in an image.

Source: IEEE Std 1003.1-2017, pax, "ustar Interchange Format" and "pax Extended
Header"; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator
import dataclasses
import os
import posixpath
import tarfile

from glance_lifecycle import exceptions

BLOCK = tarfile.BLOCKSIZE

# docker allows 127 layers; each is three or four members.
MOST_MEMBERS = 4096
MAX_NAME = 1024
MAX_EXTENDED = 8 * 1024

# Each member may have a long name, a long link and an extended header.
MOST_HEADERS = 4 * MOST_MEMBERS

# tar writes in records, of 10 KiB by default, the last one padded.
MAX_PADDING = 1024 * 1024

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE)
_EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
             tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)

# What the beginning of a compressed file looks like.
COMPRESSED = {b'\x1f\x8b': 'gzip', b'BZh': 'bzip2', b'\xfd7zXZ\0': 'xz',
              b'\x28\xb5\x2f\xfd': 'zstd'}


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive.

    :ivar name: as it is; ``shown`` is for messages
    :ivar offset: of its data in the file, in bytes
    :ivar size: of its data; 0 for a directory or a link
    :ivar is_file: it is a regular file; else a directory or a link
    :ivar link: what a link points to; empty if it is none
    """

    name: str
    offset: int
    size: int
    is_file: bool
    link: str = ''

    @property
    def shown(self) -> str:
        return shown(self.name)


def members(fd: int, container: str) -> Iterator[Member]:
    """Everything in the archive, in order. Memory and time are bounded.

    :param container: what the archive is, for messages
    :raises ImageRefused: ``container-invalid``, it is no tar file, is
        compressed, or breaks the rules of the format; ``truncated``;
        ``container-member``, it holds what no image needs: a device, a
        sparse file, a name outside the archive or twice, a link (but one
        within the archive, which docker writes for equal layers)
    :raises SourceError: the file cannot be read
    """
    walk = _Walk(fd, container)
    seen: set[str] = set()
    for member in walk.members():
        name = posixpath.normpath(member.name)
        if name in seen:
            raise walk.bad_member(member.name, 'is there twice')
        if len(seen) == MOST_MEMBERS:
            raise walk.invalid('it has more than %d members' % MOST_MEMBERS)
        seen.add(name)
        yield member


def shown(name: str) -> str:
    """A name that a stranger chose, for a sentence."""
    plain = ''.join(c if c.isascii() and c.isprintable() else '?'
                    for c in name)
    return plain if len(plain) <= 80 else plain[:77] + '...'


class _Walk:

    def __init__(self, fd: int, container: str) -> None:
        self._fd = fd
        self._container = container
        self._size = os.fstat(fd).st_size
        self._at = 0
        self._headers = 0

    def members(self) -> Iterator[Member]:
        said: dict[str, str] = {}
        while (info := self._header()) is not None:
            if info.type in _EXTENDED:
                said |= self._extended(info)
                continue
            yield self._member(info, said)
            said = {}
        if said:
            raise self.invalid('it ends in an extended header')
        self._check_padding()

    def invalid(self, why: str) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='container-invalid',
            detail='container_format is %s, and the file is not a sound tar '
            'archive: %s. Make it again with "tar", or set '
            'container_format=bare if it is the image itself.' % (
                self._container, why))

    def bad_member(self, name: str, why: str) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='container-member',
            detail='in the %s archive, %s %s. Make the archive again, of '
            'regular files with names of their own.' % (
                self._container, shown(name), why))

    def _read(self, length: int) -> bytes:
        try:
            data = os.pread(self._fd, length, self._at)
        except OSError as error:
            raise exceptions.SourceError(detail=error.strerror) from error
        self._at += len(data)
        return data

    def _header(self) -> tarfile.TarInfo | None:
        """The next header, None at the end of the archive."""
        first = self._at == 0
        self._headers += 1
        if self._headers > MOST_HEADERS:
            raise self.invalid('it has more than %d headers' % MOST_HEADERS)
        data = self._read(BLOCK)
        if len(data) < BLOCK and not first:
            raise self._truncated()
        for magic, kind in COMPRESSED.items():
            if first and data.startswith(magic):
                raise self.invalid('it is compressed, with %s' % kind)
        if not any(data):
            if first:
                raise self.invalid('it is empty')
            return None
        try:
            info = tarfile.TarInfo.frombuf(data, 'utf-8', 'surrogateescape')
        except (tarfile.HeaderError, ValueError) as error:
            raise self.invalid('there is no header at byte %d' % (
                self._at - len(data))) from error
        if info.size < 0:
            raise self.bad_member(info.name, 'has a negative size')
        return info

    def _member(self, info: tarfile.TarInfo, said: dict[str, str]) -> Member:
        name = said.get('path', info.name)
        size = int(said.get('size', info.size))
        link = said.get('linkpath', info.linkname)
        self._check_name(name)
        if info.type in _LINKS:
            self._check_link(name, link, hard=info.type == tarfile.LNKTYPE)
            return Member(name, self._at, 0, False, link)
        if info.type == tarfile.DIRTYPE:
            if size:
                raise self.bad_member(name, 'is a directory with data')
            return Member(name, self._at, 0, False)
        if info.type not in _FILES:
            raise self.bad_member(name, 'is no regular file, but of type "%s"'
                                  % shown(info.type.decode('latin-1')))
        member = Member(name, self._at, size, True)
        self._skip(size)
        return member

    def _skip(self, size: int) -> None:
        end = self._at + size
        if end > self._size:
            raise self._truncated()
        self._at = end + -end % BLOCK

    def _check_name(self, name: str) -> None:
        if len(name) > MAX_NAME:
            raise self.bad_member(name, 'has too long a name')
        if (not name.strip('/') or name.startswith('/')
                or '..' in name.split('/') or '\0' in name):
            raise self.bad_member(name or 'a member', 'has a name that leads '
                                  'out of the archive')

    def _check_link(self, name: str, link: str, *, hard: bool) -> None:
        base = '' if hard else posixpath.dirname(name)
        target = posixpath.normpath(posixpath.join(base, link))
        if (self._container != 'docker' or len(link) > MAX_NAME
                or link.startswith('/') or target.split('/')[0] == '..'):
            raise self.bad_member(name, 'is a link to %s' % shown(link))

    def _extended(self, info: tarfile.TarInfo) -> dict[str, str]:
        """What an extended header says of the member that follows."""
        if info.size > MAX_EXTENDED:
            raise self.invalid('an extended header has %d bytes' % info.size)
        data = self._read(info.size)
        self._at -= len(data)
        self._skip(info.size)
        if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            key = ('path' if info.type == tarfile.GNUTYPE_LONGNAME
                   else 'linkpath')
            return {key: data.split(b'\0')[0].decode(
                'utf-8', 'surrogateescape')}
        return self._records(data, info.type == tarfile.XGLTYPE)

    def _records(self, data: bytes, is_global: bool) -> dict[str, str]:
        """Those that change what a member is: path, size and linkpath.

        Others (times, owners, comments) do not matter here.
        """
        found = {}
        at, end = 0, len(data.rstrip(b'\0'))
        while at < end:
            count = data[at:at + 6].partition(b' ')[0]
            length = int(count) if count.isdigit() else 0
            record = data[at + len(count) + 1:at + length]
            key, equals, value = record.partition(b'=')
            if (not equals or not value.endswith(b'\n')
                    or length > end - at):
                raise self.invalid('an extended header is damaged')
            at += length
            name = key.decode('utf-8', 'surrogateescape')
            if name.startswith('GNU.sparse.') or name == 'hdrcharset':
                raise self.invalid('it has a sparse member, or names in '
                                   'another character set than UTF-8')
            if name in ('path', 'size', 'linkpath'):
                if is_global:
                    raise self.invalid('a global header names a %s' % name)
                found[name] = value[:-1].decode('utf-8', 'surrogateescape')
        if not found.get('size', '0').isdecimal() or len(
                found.get('size', '')) > 19:
            raise self.invalid('an extended header has no sound size')
        return found

    def _check_padding(self) -> None:
        """After the archive, nothing: what readers pass over may be hidden.
        """
        end = self._at
        if self._size - end > MAX_PADDING or any(self._read(MAX_PADDING)):
            raise self.invalid('something follows its end at byte %d' % end)

    def _truncated(self) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='truncated',
            detail='the %s archive goes on behind the end of the file, of %d '
            'bytes. Most likely the upload was cut short: compare size and '
            'checksum with the original.' % (self._container, self._size))
