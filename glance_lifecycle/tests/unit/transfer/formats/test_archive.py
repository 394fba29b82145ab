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


"""Archives, made by tarfile and by hand, walked without trust."""

import io
import os
import tarfile
import tempfile
from typing import Any
import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.formats import archive

PAX, GNU, USTAR = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT,
                   tarfile.USTAR_FORMAT)
END = bytes(2 * archive.BLOCK)


def tar(*members: tuple[str, bytes], kind: int = USTAR,
        **options: Any) -> bytes:
    """An archive of regular files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode='w', format=kind,
                      **options) as file:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return made.getvalue()


def header(name: str = 'a', size: int = 0, kind: bytes = tarfile.REGTYPE,
           link: str = '') -> bytes:
    """One header, without data."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info.tobuf(tarfile.GNU_FORMAT)


def extended(text: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    return header('x', len(text), kind) + text + bytes(-len(text) % 512)


def record(key: str, value: str) -> bytes:
    body = ' %s=%s\n' % (key, value)
    length = len(body.encode())
    while len(str(length)) + len(body.encode()) != length:
        length = len(str(length)) + len(body.encode())
    return ('%d%s' % (length, body)).encode()


class ArchiveTestCase(unittest.TestCase):

    def walk(self, data: bytes, container: str = 'ova',
             size: int | None = None) -> list[archive.Member]:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            if size is not None:
                file.truncate(size)
            return list(archive.members(file.fileno(), container))

    def refused(self, reason: str, said: str, data: bytes,
                container: str = 'ova', size: int | None = None) -> None:
        with self.assertRaises(exceptions.ImageRefused) as caught:
            self.walk(data, container, size)
        self.assertEqual(reason, caught.exception.reason)
        self.assertIn(said, str(caught.exception))
        self.assertIn(container, str(caught.exception))


class SoundTest(ArchiveTestCase):

    def test_what_is_where(self) -> None:
        long = 'd/' + 'n' * 200
        content = (('a.ovf', b'<xml/>'), ('é.txt', b'y' * 512), ('c', b''))
        for kind in (PAX, GNU, USTAR):
            names = content if kind == USTAR else (*content, (long, b'z'))
            data = tar(*names, kind=kind)
            found = self.walk(data)
            self.assertEqual([name for name, _ in names],
                             [member.name for member in found])
            for member, (_, wanted) in zip(found, names):
                self.assertTrue(member.is_file)
                self.assertEqual(wanted, data[member.offset:member.offset
                                              + member.size])

    def test_directories(self) -> None:
        found = self.walk(header('d/', kind=tarfile.DIRTYPE) + END)
        self.assertEqual([False], [member.is_file for member in found])

    def test_times_and_owners_of_pax(self) -> None:
        data = extended(record('mtime', '1.5') + record('comment', 'x'))
        self.assertEqual(['a'], [m.name for m in self.walk(
            extended(record('comment', 'g'), tarfile.XGLTYPE) + data
            + header() + END)])

    def test_size_and_name_of_pax(self) -> None:
        found = self.walk(extended(record('size', '3') + record('path', 'b'))
                          + header(size=0) + b'abc'.ljust(512, b'\0') + END)
        self.assertEqual([('b', 3)], [(m.name, m.size) for m in found])

    def test_links_of_docker(self) -> None:
        for link in ('../b/layer.tar', 'x'):
            found = self.walk(header('a/l', kind=tarfile.SYMTYPE, link=link)
                              + END, 'docker')
            self.assertEqual([(False, link)],
                             [(m.is_file, m.link) for m in found])

    def test_little_is_read_of_large_members(self) -> None:
        size = 10 << 30
        data = header('disk', size)
        self.assertEqual([size], [m.size for m in self.walk(
            data, size=512 + size + 1024)])


class RefusedTest(ArchiveTestCase):

    def test_no_archive(self) -> None:
        for data, said in ((b'', 'it is empty'),
                           (b'x' * 100, 'no header at byte 0'),
                           (b'x' * 4096, 'no header at byte 0'),
                           (bytes(10240), 'it is empty'),
                           (b'\x1f\x8b\x08' + bytes(600), 'gzip'),
                           (b'BZh9' + bytes(600), 'bzip2'),
                           (b'\xfd7zXZ\0' + bytes(600), 'xz'),
                           (b'\x28\xb5\x2f\xfd' + bytes(600), 'zstd'),
                           (header() + b'x' * 512, 'no header at byte 512'),
                           (header() + END + b'x', 'follows its end'),
                           (header() + END + bytes(2 << 20),
                            'follows its end')):
            self.refused('container-invalid', said, data)

    def test_truncated(self) -> None:
        whole = tar(('a', b'x' * 5000), ('b', b'y' * 5000))
        for size in (512, 5000, 5632, 6144, 6200, 11264):
            self.refused('truncated', 'cut short', whole[:size])

    def test_members(self) -> None:
        for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
                     tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b'V', b'D'):
            self.refused('container-member', 'no regular file',
                         header(kind=kind) + END)
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            data = header('l', kind=kind, link='b') + END
            self.refused('container-member', 'is a link to b', data)
            self.assertEqual(1, len(self.walk(data, 'docker')))
            for link in ('/etc/shadow', '../../x', 'a/../../../b'):
                self.refused('container-member', 'is a link to ' + link,
                             header('d/l', kind=kind, link=link) + END,
                             'docker')

    def test_names(self) -> None:
        for name in ('/etc/passwd', '../a', 'a/../../b', 'a/..', '/'):
            self.refused('container-member', 'leads out of the archive',
                         header(name) + END)
        self.refused('container-member', 'is there twice',
                     header('a') + header('b') + header('./a') + END)
        self.refused('container-member', 'too long a name', extended(
            record('path', 'n' * 2000)) + header() + END)

    def test_a_name_is_cleaned(self) -> None:
        with self.assertRaises(exceptions.ImageRefused) as caught:
            self.walk(header('a\n\x1b[31m\u202e/../c') + END)
        self.assertTrue(str(caught.exception).isprintable())

    def test_extended_headers(self) -> None:
        for data, said in (
                (record('GNU.sparse.major', '1'), 'sparse'),
                (record('hdrcharset', 'BINARY'), 'character set'),
                (record('size', '-1'), 'no sound size'),
                (record('size', '9' * 30), 'no sound size'),
                (b'99 path=x\n', 'damaged'), (b'0 path=x\n', 'damaged'),
                (b'x', 'damaged'), (b'11 path=xyz', 'damaged'),
                (b'-9 path=x\n', 'damaged'),
                (b'5 a=bc\n', 'damaged')):
            self.refused('container-invalid', said,
                         extended(data) + header() + END)
        self.refused('container-invalid', 'a global header names a path',
                     extended(record('path', 'x'), tarfile.XGLTYPE)
                     + header() + END)
        self.refused('container-invalid', 'extended header has 1000000',
                     header('x', 10 ** 6, tarfile.XHDTYPE), size=2 * 10 ** 6)
        self.refused('container-invalid', 'ends in an extended header',
                     extended(record('path', 'x')) + END)

    def test_negative_size(self) -> None:
        # CVE-2025-8194: tarfile goes backwards, for ever.
        data = bytearray(header())
        data[124:136] = b'\xff' * 4 + (-512).to_bytes(8, signed=True)
        data[148:156] = b' ' * 8
        data[148:156] = b'%06o\0 ' % sum(data)
        self.refused('container-member', 'negative size', bytes(data) + END)
        self.refused('truncated', 'goes on behind', extended(
            record('size', '9' * 18)) + header() + END)

    def test_too_many(self) -> None:
        self.refused('container-invalid', 'more than 4096 members', b''.join(
            header('m%d' % n) for n in range(4097)) + END)
        self.refused('container-invalid', 'more than 16384 headers',
                     extended(b'') * 16400 + header() + END)


class AnyBytesTest(ArchiveTestCase):

    @hypothesis.settings(max_examples=200, deadline=None)
    @hypothesis.given(st.data())
    def test_mutated(self, data: st.DataObject) -> None:
        """Refused, or it lists what lies in the file; nothing else."""
        whole = bytearray(extended(record('path', 'b') + record('size', '9'))
                          + header('a', 9) + b'z' * 512
                          + header('l', kind=tarfile.SYMTYPE, link='b')
                          + header('c', 600) + bytes(1024) + END)
        for place, value in data.draw(st.lists(st.tuples(
                st.integers(0, len(whole) - 1), st.integers(0, 255)),
                max_size=4)):
            whole[place] = value
        for start in range(0, 3072, 512):
            if data.draw(st.booleans()):
                block = whole[start:start + 512]
                block[148:156] = b' ' * 8
                whole[start + 148:start + 156] = b'%06o\0 ' % (
                    sum(block) % 0o777777)
        try:
            found = self.walk(bytes(whole), 'docker')
        except exceptions.ImageRefused:
            return
        for member in found:
            self.assertLessEqual(member.offset + member.size, len(whole))
            self.assertGreaterEqual(member.size, 0)

    @hypothesis.settings(max_examples=50, deadline=None)
    @hypothesis.given(st.lists(st.tuples(
        st.text(st.characters(categories=['L', 'N']), min_size=1,
                max_size=120), st.binary(max_size=1500)), min_size=1,
        max_size=8, unique_by=lambda item: item[0]),
        st.sampled_from([PAX, GNU]))
    def test_as_tarfile_reads_it(self, content: list[tuple[str, bytes]],
                                 kind: int) -> None:
        data = tar(*content, kind=kind)
        with tarfile.open(fileobj=io.BytesIO(data)) as file:
            wanted = [(i.name, i.size, i.offset_data) for i in file]
        self.assertEqual(wanted, [(m.name, m.size, m.offset)
                                  for m in self.walk(data)])

    def test_shown(self) -> None:
        self.assertEqual('a?b', archive.shown('a\nb'))
        self.assertEqual(80, len(archive.shown('a' * 500)))

    def test_unreadable(self) -> None:
        fd = os.open(os.devnull, os.O_WRONLY)
        self.addCleanup(os.close, fd)
        with self.assertRaises(exceptions.SourceError):
            list(archive.members(fd, 'ova'))
