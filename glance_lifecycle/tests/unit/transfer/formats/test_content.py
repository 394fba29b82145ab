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


"""What passes is judged as a raw file with the same bytes is."""

import dataclasses
import json
import os
import struct
import tempfile
import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.transfer.backends.null import sink as null_sink
from glance_lifecycle.transfer import engine
from glance_lifecycle.transfer.formats import content
from glance_lifecycle.transfer.formats import detect
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer.formats import raw
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import window

MIB = handmade.MIB
KIB = 1024
RULES = inspect.Rules(extended_l2=False)
TEXT = (handmade.DESCRIPTOR % {'kind': 'monolithicFlat', 'sectors': 9})
PARENT = b'parentCID=ffffffff\nparentFileNameHint="/etc/shadow"\n'


def esx() -> bytes:
    """A VMDK as ESX writes it, with a parent: qemu-img 7.2 opens that."""
    header = b'COWD' + struct.pack('<7I', 1, 3, 2048, 128, 4, 64, 0)
    return (header.ljust(512, b'\0') + PARENT).ljust(64 * KIB, b'\0')


def vhdx(metadata: int = 2 * MIB) -> bytes:
    """As much of a VHDX as tells what it is, with the metadata there."""
    def guid(text: str) -> bytes:
        return bytes.fromhex(text)

    regions = struct.pack('<4sIII', b'regi', 0, 1, 0) + guid(
        '06a27c8b90479a4bb8fe575f050f886e') + struct.pack(
            '<QII', metadata, MIB, 1)
    entries = struct.pack('<8sHH20x', b'metadata', 0, 1) + guid(
        '2442a52f1bcd7648b2115dbed83bf4b8') + struct.pack(
            '<IIII', 64 * KIB, 8, 0, 0)
    data = bytearray(metadata + 128 * KIB)
    for offset, part in ((0, b'vhdxfile'), (192 * KIB, regions),
                         (metadata, entries),
                         (metadata + 64 * KIB, struct.pack('<Q', MIB))):
        data[offset:offset + len(part)] = part
    return bytes(data)


def luks(version: int = 1) -> bytes:
    return (b'LUKS\xba\xbe' + struct.pack('>H', version)).ljust(
        104, b'\0') + (4096).to_bytes(4, 'big').ljust(MIB, b'\0')


#: What bytes of a raw image may look like -> why it is then refused.
LOOKS: dict[str, tuple[bytes, str | None]] = {
    'zeros': (bytes(3 * MIB), None),
    'empty': (b'', None),
    'disk': (handmade.mbr(), None),
    'disk of FAT': (bytes(16) + b'\2\0\0\0\0\xf8' + bytes(488) + b'\x55\xaa',
                    None),
    'boot sector': (handmade.mbr(partitions=False), 'unsafe'),
    'qcow2': (handmade.qcow2(), 'format-mismatch'),
    'qcow2, backing': (handmade.qcow2(backing=512), 'backing-file'),
    'qcow2, data file': (handmade.qcow2(features=4), 'data-file'),
    'qcow2, short': (handmade.qcow2(backing=9)[:100], 'backing-file'),
    'qcow2, its magic': (b'QFI\xfb\0', 'unknown-feature'),
    'qcow2, encrypted': (handmade.qcow2(crypt=2), 'encryption'),
    'qed': (b'QED\0' + bytes(MIB), 'unsafe'),
    'vdi': (handmade.vdi([None]), 'format-mismatch'),
    'vhd': (handmade.vhd([None]), 'format-mismatch'),
    'vhd, fixed': (handmade.fixed_vhd(handmade.mbr()), None),
    'vhd, its end': (bytes(MIB) + handmade.vhd_footer(MIB, 3),
                     'format-ambiguous'),
    'vhd, a child\'s end': (bytes(2 * MIB - 100)
                            + handmade.vhd_footer(MIB, 4),
                            'format-ambiguous'),
    'vhdx': (vhdx(), 'format-mismatch'),
    'vhdx, metadata far off': (vhdx(9 * MIB + 5), 'format-mismatch'),
    'vhdx, nothing else': (b'vhdxfile' + bytes(MIB), 'format-mismatch'),
    'vmdk': (handmade.vmdk([b'x']), 'format-mismatch'),
    'vmdk, flat': (handmade.vmdk([None], kind='monolithicFlat'),
                   'vmdk-type'),
    'vmdk, text': (TEXT.encode(), 'vmdk-type'),
    'vmdk, text and zeros': (TEXT.ljust(MIB, '\0').encode(), 'vmdk-type'),
    'vmdk, of ESX': (esx(), 'vmdk-type'),
    'vmdk, no footer': (handmade.vmdk([b'x'] * 64, directory=2 ** 64 - 1),
                        'truncated'),
    'iso': (handmade.iso(), 'format-mismatch'),
    'iso, hybrid': (handmade.iso(boot=handmade.mbr()), 'format-mismatch'),
    'iso and text': (handmade.iso(boot=TEXT.ljust(512, '\0').encode()),
                     'vmdk-type'),
    'iso and qcow2': (handmade.iso(boot=handmade.qcow2()),
                      'format-ambiguous'),
    'luks': (luks(), None),
    'luks 2': (luks(2), 'unsafe'),
    'parallels': (b'WithouFreSpacExt' + bytes(MIB), 'unsafe'),
    'statement': (b'DSSEv1 28 application/vnd.in-toto+json 900 {"_type":'
                  + b'"https://in-toto.io/Statement/v1"'.ljust(900) + bytes(
                      MIB), 'unsafe'),
    'bochs': (b'Bochs Virtual HD Image' + bytes(MIB), 'unsafe'),
    'cloop': (b'#!/bin/sh\n#V2.0 Format\nmodprobe cloop' + bytes(MIB),
              'unsafe'),
    'text': (b'text\n' * 200 + b'\xe9' * 5000, 'format-unknown'),
}


class ContentTestCase(unittest.TestCase):

    def file(self, data: bytes, size: int | None = None) -> int:
        """A sparse file; the descriptor."""
        with tempfile.TemporaryFile() as file:
            for at in range(0, len(data), 4 * KIB):
                if any(data[at:at + 4 * KIB]):
                    os.pwrite(file.fileno(), data[at:at + 4 * KIB], at)
            file.truncate(len(data) if size is None else size)
            return os.dup(file.fileno())

    def staged(self, fd: int, rules: inspect.Rules = RULES) -> str | None:
        """What becomes of a raw file: the reason to refuse it."""
        try:
            inspect.check_declared(
                inspect.inspect(fd, rules, declared='raw'), 'raw', rules)
        except exceptions.ImageRefused as error:
            return error.reason
        return None

    def passed(self, fd: int, rules: inspect.Rules = RULES) -> str | None:
        """What becomes of the same bytes in a pass."""
        try:
            self.run_pass(fd, rules)
        except exceptions.ImageRefused as error:
            return error.reason
        return None

    def run_pass(self, fd: int, rules: inspect.Rules = RULES) -> None:
        source = raw.RawSource(os.dup(fd))
        self.addCleanup(source.close)
        sink = null_sink.NullSink('a', 'image', {})
        engine.Engine(source, [sink], [], looker=content.Content(
            source.virtual_size, 'qcow2', dataclasses.asdict(rules))).run()

    def check(self, data: bytes, size: int | None = None,
              rules: inspect.Rules = RULES) -> str | None:
        fd = self.file(data, size)
        self.addCleanup(os.close, fd)
        reason = self.staged(fd, rules)
        self.assertEqual(reason, self.passed(fd, rules))
        return reason


class LooksTest(ContentTestCase):

    def test_each(self) -> None:
        for name, (data, reason) in LOOKS.items():
            with self.subTest(name):
                self.assertEqual(reason, self.check(data))

    def test_of_a_large_image(self) -> None:
        """Behind the head there is nothing to see; in the end there is."""
        for name in ('qcow2, backing', 'vdi', 'vmdk', 'iso', 'vhdx',
                     'vmdk, of ESX', 'boot sector', 'vmdk, no footer'):
            with self.subTest(name):
                data, reason = LOOKS[name]
                self.assertEqual(reason, self.check(data, 3 << 30))

    def test_a_footer_at_the_end_of_a_large_image(self) -> None:
        for odd in (0, 100, 512, 2 * MIB):
            fd = self.file(b'x' * MIB, (3 << 30) - 512 + odd)
            self.addCleanup(os.close, fd)
            size = os.fstat(fd).st_size
            os.pwrite(fd, handmade.vhd_footer(MIB, 4), size)
            self.assertEqual(('format-ambiguous',) * 2,
                             (self.staged(fd), self.passed(fd)))

    def test_what_the_operator_tolerates(self) -> None:
        for changes in ({'gpt_safety_checks_nonfatal': ('mbr',)},
                        {'require_image_format_match': False},
                        {'vmdk_allowed_types': ()}):
            rules = dataclasses.replace(RULES, **changes)
            for name, (data, _reason) in LOOKS.items():
                with self.subTest(name, **changes):
                    self.check(data, rules=rules)
        self.assertIsNone(self.check(
            LOOKS['boot sector'][0], rules=dataclasses.replace(
                RULES, gpt_safety_checks_nonfatal=('mbr',))))

    def test_a_bad_image_ends_with_its_first_windows(self) -> None:
        fd = self.file(handmade.qcow2(backing=512))
        self.addCleanup(os.close, fd)
        block = os.urandom(MIB)
        for number in range(1, 200):
            os.pwrite(fd, block, number * MIB)
        source = raw.RawSource(os.dup(fd))
        self.addCleanup(source.close)
        with self.assertRaises(exceptions.ImageRefused):
            engine.Engine(
                source, [null_sink.NullSink('a', 'image', {'delay': 0.01})],
                [],
                looker=content.Content(source.virtual_size, 'qcow2', {})
                ).run()
        self.assertLess(source.bytes_read, 100 * MIB)

    def test_little_is_fed_of_zeros(self) -> None:
        fd = self.file(b'', 1 << 43)
        self.addCleanup(os.close, fd)
        self.assertIsNone(self.passed(fd))
        self.assertEqual('vmdk-type', self.check(LOOKS['vmdk, of ESX'][0],
                                                 1 << 43))

    def test_messages(self) -> None:
        for name, said in (
                ('qcow2, backing', 'the disk in the qcow2 file is refused, as '
                 'it would be if it were uploaded as raw: the image needs '
                 'another file'),
                ('vdi', 'the disk in the qcow2 file begins like a file of '
                 'format vdi')):
            with self.subTest(name):
                fd = self.file(LOOKS[name][0])
                self.addCleanup(os.close, fd)
                with self.assertRaises(exceptions.ImageRefused) as caught:
                    self.run_pass(fd)
                self.assertIn(said, str(caught.exception))


# Where formats have their marks, and the borders of chunks and windows.
_PLACES = st.sampled_from([
    0, 0, 0, 0x40, 446, 510, 512, 32 * KIB, 32 * KIB + 1, 64 * KIB - 3,
    192 * KIB, 256 * KIB, MIB, 2 * MIB - 9, 2 * MIB, 3 * MIB])
_MARKS = st.sampled_from([
    b'QFI\xfb\0\0\0\3', b'conectix', b'vhdxfile', b'KDMV', b'COWD', b'QED\0',
    b'\x7f\x10\xda\xbe', b'\1CD001\1', b'\1NSR03\1', b'\x55\xaa',
    b'LUKS\xba\xbe\0\1', b'version=1\n', b'#\n', TEXT.encode(),
    handmade.mbr()[440:512], handmade.vmdk([None])[:2048],
    vhdx()[192 * KIB:192 * KIB + 64], b'\xe9\xff', b'x' * 512,
    b'x' * (64 * KIB), handmade.vhd_footer(MIB, 2),
    handmade.vhd_footer(MIB, 4)])


class SameVerdictTest(ContentTestCase):

    @hypothesis.settings(max_examples=150, deadline=None)
    @hypothesis.given(
        st.lists(st.tuples(_PLACES, _MARKS), max_size=6),
        st.integers(0, 6 * MIB) | st.sampled_from([
            511, 512, 1023, 1024, 2 * MIB, 2 * MIB + 511]),
        st.sampled_from([b'', handmade.vhd_footer(MIB, 2),
                         handmade.vhd_footer(MIB, 3)]),
        st.booleans())
    @hypothesis.example([(32 * KIB, b'\1CD001\1')], 34 * KIB,
                        handmade.vhd_footer(MIB, 2), True)
    def test_any(self, marks: list[tuple[int, bytes]], size: int,
                 end: bytes, match: bool) -> None:
        """Marks anywhere, sparse, of any size: one verdict, both ways.

        But for what the end has to say against an image that is refused by
        its beginning: the pass does not wait for that.
        """
        data = bytearray(size)
        for place, mark in marks:
            data[place:place + len(mark)] = mark[:max(0, size - place)]
        if size >= len(end) > 0:
            data[size - len(end):] = end
        fd = self.file(bytes(data[:size]), size)
        rules = dataclasses.replace(RULES, require_image_format_match=match)
        try:
            staged, passed = self.staged(fd, rules), self.passed(fd, rules)
        finally:
            os.close(fd)
        if staged == 'format-ambiguous' != passed:
            self.assertEqual('format-mismatch', passed)
        else:
            self.assertEqual(staged, passed)

    @hypothesis.settings(max_examples=60, deadline=None)
    @hypothesis.given(st.sampled_from(sorted(LOOKS)),
                      st.lists(st.tuples(st.integers(0, 4096),
                                         st.binary(min_size=1, max_size=9)),
                               max_size=4))
    def test_mutated(self, name: str,
                     changes: list[tuple[int, bytes]]) -> None:
        data = bytearray(LOOKS[name][0])
        for place, value in changes:
            if place + len(value) <= len(data):
                data[place:place + len(value)] = value
        fd = self.file(bytes(data))
        try:
            self.assertEqual(self.staged(fd), self.passed(fd))
        finally:
            os.close(fd)


class JobTest(unittest.TestCase):

    def test_rules_reach_the_child(self) -> None:
        rules = inspect.Rules(gpt_safety_checks_nonfatal=('mbr',),
                              require_image_format_match=False)
        job = jobs.Job('image', 'a:b', {}, (), (),
                       content=dataclasses.asdict(rules))
        read = jobs.Job.from_json(job.to_json())
        assert read.content is not None
        self.assertEqual(rules, inspect.rules_of(read.content))
        self.assertEqual(json.loads(job.to_json())['content'], read.content)

    def test_none(self) -> None:
        job = jobs.Job.from_json(jobs.Job('i', 'a:b', {}, (), ()).to_json())
        fd = os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        with tempfile.TemporaryFile() as file:
            source = raw.RawSource(os.dup(file.fileno()))
            self.addCleanup(source.close)
            self.assertIsNone(job.open_looker(source))
            looker = dataclasses.replace(job, content={}).open_looker(source)
            self.assertIsInstance(looker, content.Content)

    def test_a_chunk_divides_a_window(self) -> None:
        # What makes the pieces the same, both ways.
        self.assertEqual(0, window.SIZE % detect.CHUNK)
