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


"""What is looked into, container by container."""

import os
import tempfile
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.tests.unit.transfer.formats import test_archive
from glance_lifecycle.tests.unit.transfer.formats import test_content
from glance_lifecycle.transfer.formats import containers
from glance_lifecycle.transfer.formats import inspect

MIB = handmade.MIB
OVF = ('<?xml version="1.0" encoding="UTF-8"?>\n<Envelope><Name>Gerät'
       '</Name></Envelope>\n' + ' ' * 9000).encode()
MF = b'SHA256(disk.vmdk)= 00\n'
BACKED = handmade.qcow2(backing=512)
STREAM = handmade.vmdk([b'x'], kind='streamOptimized')
KERNEL = handmade.mbr(partitions=False)
PARENT = (handmade.DESCRIPTOR.replace('ffffffff', 'c31399e7')
          + 'parentFileNameHint="x"\n')
LONG = (PARENT % {'kind': 'streamOptimized', 'sectors': 2048}
        ).replace('parentFileNameHint', 'x') + '\n' * 1000000 + '#\n'


def ova(*members: tuple[str, bytes]) -> bytes:
    return test_archive.tar(('a.ovf', OVF), *members)


def docker(*names: str) -> bytes:
    return test_archive.tar(*((name, b'{}') for name in names))


class ContainersTest(unittest.TestCase):

    def look(self, data: bytes, container: str, disk_format: str = 'raw',
             rules: inspect.Rules = inspect.Rules()) -> inspect.Inspection:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            return containers.look(file.fileno(), container, disk_format,
                                   rules)

    def refused(self, reason: str, data: bytes, container: str,
                disk_format: str = 'raw',
                rules: inspect.Rules = inspect.Rules()) -> str:
        with self.assertRaises(exceptions.ImageRefused) as caught:
            self.look(data, container, disk_format, rules)
        self.assertEqual(reason, caught.exception.reason)
        return str(caught.exception)

    def test_stored_as_it_is(self) -> None:
        """Whatever is in it, it is not decoded."""
        for data, container, disk_format in (
                (bytes(MIB), 'aki', 'aki'), (KERNEL, 'aki', 'aki'),
                (KERNEL, 'ari', 'raw'), (bytes(MIB), 'ami', 'ami'),
                (handmade.mbr(), 'ami', 'ami'),
                (ova(('disk.vmdk', STREAM)), 'ova', 'vmdk'),
                (docker('manifest.json', 'a/layer.tar'), 'docker', 'raw'),
                (bytes(MIB), 'compressed', 'raw'),
                (handmade.qcow2(), 'ovf', 'qcow2'),
                (STREAM, 'ovf', 'vmdk')):
            with self.subTest(container=container, disk_format=disk_format):
                found = self.look(data, container, disk_format)
                self.assertEqual(('raw', 'raw', None, len(data)),
                                 (found.format, found.reader,
                                  found.virtual_size, found.file_size))

    def test_disk_with_a_backing_file(self) -> None:
        """As no container whatever; the one that is found in the audit."""
        for container in ('bare', 'ova', 'docker', 'aki', 'ari', 'ami',
                          'ovf', 'compressed', 'another'):
            for disk_format in ('qcow2', 'raw', 'vmdk', container):
                with self.subTest(container, disk_format=disk_format):
                    self.refused('backing-file', BACKED, container,
                                 disk_format)

    def test_disk_in_the_place_of_a_container(self) -> None:
        tolerant = inspect.Rules(require_image_format_match=False)
        for container in ('ova', 'docker', 'aki', 'ari', 'ami'):
            for data, name in ((handmade.qcow2(), 'qcow2'),
                               (handmade.iso(), 'iso'), (STREAM, 'vmdk'),
                               (test_content.luks(), 'luks')):
                for rules in (inspect.Rules(), tolerant):
                    said = self.refused('format-mismatch', data, container,
                                        name, rules)
                    self.assertIn('container_format is %s, but the file is a '
                                  'disk image of format %s' % (
                                      container, name), said)
        for container in ('ovf', 'compressed'):
            self.refused('format-mismatch', handmade.qcow2(), container,
                         'raw', tolerant)
            self.refused('format-mismatch', bytes(MIB), container, 'qcow2')

    def test_boot_sector_of_a_machine_image(self) -> None:
        self.refused('unsafe', KERNEL, 'ami', 'ami')

    def test_hidden_parent(self) -> None:
        """What oslo.utils does not see, the walk of the tables does."""
        data = handmade.vmdk([None], descriptor=PARENT)
        for container, disk_format in (('ovf', 'vmdk'), ('ova', 'vmdk')):
            self.refused('backing-file',
                         ova(('d.vmdk', data)) if container == 'ova'
                         else data, container, disk_format)

    def test_disks_of_an_ova(self) -> None:
        for name, data in (
                ('a.vmdk', STREAM), ('a.vmdk', handmade.vmdk([b'x'])),
                ('a.vhd', handmade.vhd([b'x', None])),
                ('a.vdi', handmade.vdi([b'x'.ljust(MIB, b'y')])),
                ('a.qcow2', handmade.qcow2()), ('a.iso', handmade.iso()),
                ('a.img', handmade.mbr()), ('a.nvram', b'\1' * 700),
                ('a.mf', MF), ('empty', b'')):
            with self.subTest(name):
                self.look(ova((name, data), ('b', b'\2' * 99)), 'ova', 'vmdk')

    def test_bad_disks_of_an_ova(self) -> None:
        for reason, data in (
                ('backing-file', BACKED),
                ('backing-file', handmade.vmdk([None], descriptor=PARENT)),
                ('backing-file', handmade.vdi([None], parent=b'p' * 16)),
                ('truncated', handmade.vdi([b'x' * MIB])[:-9]),
                ('truncated', STREAM[:-9000]),
                ('bad-header', handmade.vmdk_text(LONG, sectors=2047)),
                ('vmdk-type', test_content.TEXT.encode()),
                ('vmdk-type', test_content.TEXT.ljust(9000, '\0').encode()),
                ('vmdk-type', test_content.esx()),
                ('vmdk-type', b'#' * 2000000 + b'\ncreateType="vmfs"\n'),
                ('vmdk-type', 'é'.encode() * 40000 + b'CreateType = "vmfs"'),
                ('unsafe', KERNEL), ('unsafe', b'QED\0' + bytes(600)),
                ('unknown-feature', handmade.qcow2(features=16)),
                ('format-ambiguous', bytes(MIB)
                 + handmade.vhd_footer(MIB, 4)),
                ('container-member', b'\x1f\x8b\x08' + bytes(600)),
                ('container-member', b'text\n' * (4 << 20))):
            with self.subTest(reason, data=data[:16]):
                said = self.refused(reason, ova(
                    ('good.vmdk', STREAM), ('bad\x1b.vmdk', data)), 'ova')
                self.assertIn('container_format is ova, and its member '
                              'bad?.vmdk is refused: ', said)

    def test_types_of_vmdk_that_are_allowed(self) -> None:
        self.refused('vmdk-type', ova(('a.vmdk', STREAM)), 'ova', 'vmdk',
                     inspect.Rules(vmdk_allowed_types=('monolithicSparse',)))

    def test_no_descriptor(self) -> None:
        said = self.refused('container-invalid', test_archive.tar(
            ('a.vmdk', STREAM)), 'ova')
        self.assertIn('no OVF descriptor', said)
        said = self.refused('container-invalid', ova(('b.ovf', OVF)), 'ova')
        self.assertIn('2 OVF descriptor', said)

    def test_no_archive(self) -> None:
        for container in ('ova', 'docker'):
            said = self.refused('container-invalid', b'x' * MIB, container)
            self.assertIn('container_format is ' + container, said)

    def test_docker(self) -> None:
        for name in ('manifest.json', './manifest.json', 'repositories',
                     'index.json'):
            self.look(docker('a/layer.tar', name), 'docker')
        said = self.refused('container-invalid', docker('etc/passwd'),
                            'docker')
        self.assertIn('docker save', said)

    def test_a_tar_file_that_is_a_disk_as_well(self) -> None:
        """A member's name is what a tar file begins with."""
        for name, reason in (('version=1', 'vmdk-type'),
                             ('COWD', 'vmdk-type'),
                             ('conectix', 'format-mismatch')):
            data = test_archive.tar(
                (name + ('\n' if '=' in name else ''), b'x'), ('a.ovf', OVF))
            self.refused(reason, data, 'ova')

    def test_bare_that_is_not_converted(self) -> None:
        data = handmade.vmdk([None], descriptor=PARENT)
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            found = containers.look(file.fileno(), 'bare', 'vmdk',
                                    inspect.Rules())
            with self.assertRaises(exceptions.ImageRefused) as caught:
                containers.check_layout(file.fileno(), found)
            self.assertEqual('backing-file', caught.exception.reason)
            # Also where it is let pass for something else.
            found = containers.look(
                file.fileno(), 'bare', 'raw',
                inspect.Rules(require_image_format_match=False))
            self.assertEqual('raw', found.format)
            with self.assertRaises(exceptions.ImageRefused):
                containers.check_layout(file.fileno(), found)

    def test_unreadable(self) -> None:
        fd = os.open(os.devnull, os.O_WRONLY)
        self.addCleanup(os.close, fd)
        for container in ('bare', 'ova', 'docker', 'aki', 'ovf'):
            with self.assertRaises((exceptions.SourceError,
                                    exceptions.ImageRefused)):
                containers.look(fd, container, 'raw', inspect.Rules())
