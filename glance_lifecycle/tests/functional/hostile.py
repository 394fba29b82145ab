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

"""Images that point at other files, one for each way that is known."""

from collections.abc import Iterator
import pathlib
import struct
import subprocess
import uuid

from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade

MIB = 1 << 20

FLAT = """# Disk DescriptorFile
version=1
CID=ffffffff
parentCID=ffffffff
createType="%(kind)s"

RW 2048 %(extent)s "%(path)s"%(offset)s
"""


def descriptor(path: str, kind: str = 'monolithicFlat', extent: str = 'FLAT',
               offset: str = ' 0') -> bytes:
    """A VMDK that is only text: its data are in another file."""
    return (FLAT % {'kind': kind, 'extent': extent, 'path': path,
                    'offset': offset}).encode().ljust(1024, b'\0')


def corpus(work: pathlib.Path, secret: str, parent: str,
           address: str) -> Iterator[tuple[str, str, bytes]]:
    """Name, format and bytes of each image.

    :param work: for what qemu-img makes
    :param secret: a file that none may open
    :param parent: a description of it, as another member may have staged it
    :param address: of a server that nobody may connect to, HOST:PORT
    """
    fifo = str(work / 'fifo')
    for name, place in (('file', secret), ('staged', parent),
                        ('nbd', 'nbd://%s/x' % address), ('fifo', fifo),
                        ('device', '/dev/zero'), ('proc', '/proc/1/environ'),
                        ('json', 'json:{\\"driver\\":\\"file\\",'
                                 '\\"filename\\":\\"%s\\"}' % secret)):
        yield 'vmdk-hint-' + name, 'vmdk', handmade.vmdk_hint(place)
    yield 'vmdk-hint-19', 'vmdk', handmade.vmdk_hint(parent, sectors=19)
    yield 'vmdk-hint-inside', 'vmdk', handmade.vmdk(
        [None], descriptor=handmade.DESCRIPTOR.replace(
            '#DDB', 'parentFileNameHint="%s"' % parent))
    for kind, extent, offset in (
            ('monolithicFlat', 'FLAT', ' 0'), ('vmfs', 'VMFS', ''),
            ('vmfsSparse', 'VMFSSPARSE', ''),
            ('seSparse', 'SESPARSE', ''),
            ('twoGbMaxExtentFlat', 'FLAT', ' 0'),
            ('twoGbMaxExtentSparse', 'SPARSE', '')):
        yield 'vmdk-' + kind, 'vmdk', descriptor(secret, kind, extent, offset)
        # A sparse header of no capacity, whose descriptor is what counts.
        text = descriptor(secret, kind, extent, offset)[:1024].decode()
        yield 'vmdk-embedded-' + kind, 'vmdk', handmade.vmdk(
            [None], capacity=0, descriptor=text.replace('%', '%%').rstrip(
                '\0'))
    yield 'vhd-differencing', 'vhd', vhd_parent(secret)
    yield 'vhd-two-footers', 'vhd', handmade.fixed_vhd(
        vhd_parent(secret)[:MIB])
    yield 'vhdx-parent', 'vhdx', vhdx_parent(work, secret)
    yield 'vdi-parent', 'vdi', handmade.vdi([None], parent=b'p' * 16)
    for name, options in (
            ('backing', ['-u', '-F', 'raw', '-b', secret]),
            ('nbd', ['-u', '-F', 'raw', '-b', 'nbd://%s/x' % address]),
            ('fifo', ['-u', '-F', 'raw', '-b', fifo])):
        yield 'qcow2-' + name, 'qcow2', _qcow2(work, *options)
    yield 'qcow2-data-file', 'qcow2', _data_file(work, secret)
    yield 'qed-backing', 'qed', _qed(work, secret)


def vhd_parent(path: str) -> bytes:
    """A differencing VHD, its parent named in every place there is."""
    content = bytearray(handmade.vhd([None], kind=4))
    header = 512
    content[header + 64:header + 576] = path.encode('utf-16-be').ljust(
        512, b'\0')[:512]
    name = path.encode('utf-16-le')
    content[header + 576:header + 600] = struct.pack(
        '>4sIIIQ', b'W2ku', 1, len(name), 0, 2048)
    return bytes(content[:2048] + name.ljust(1024, b'\0') + content[2048:])


def vhdx_parent(work: pathlib.Path, path: str) -> bytes:
    """A VHDX whose flags and locator say that it has a parent."""
    image = work / 'vhdx'
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'vhdx', str(image),
                    '1M'], check=True)
    content = bytearray(image.read_bytes())
    at = content.index(b'metadata')
    (count,) = struct.unpack_from('<H', content, at + 10)
    parameters = uuid.UUID('CAA16737-FA36-4D43-B3B6-33F0AA44E76B').bytes_le
    entry = content.index(parameters, at)
    (offset,) = struct.unpack_from('<I', content, entry + 16)
    (flags,) = struct.unpack_from('<I', content, at + offset + 4)
    struct.pack_into('<I', content, at + offset + 4, flags | 2)
    locator = uuid.UUID('A8D35F2D-B30B-454D-ABF7-D3D84834AB0C').bytes_le
    key = 'absolute_win32_path'.encode('utf-16-le')
    value = path.encode('utf-16-le')
    body = uuid.UUID('B04AEFB7-D19E-4A81-B789-25B8E9445913').bytes_le
    body += struct.pack('<HHIIHH', 0, 1, 32, 32 + len(key), len(key),
                        len(value)) + key + value
    place = 128 * 1024
    content[at + place:at + place + len(body)] = body
    struct.pack_into('<16sIIII', content, at + 32 + 32 * count, locator,
                     place, len(body), 4, 0)
    struct.pack_into('<H', content, at + 10, count + 1)
    return bytes(content)


def _qcow2(work: pathlib.Path, *options: str) -> bytes:
    image = work / 'qcow2'
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', *options,
                    str(image), '1M'], check=True)
    return image.read_bytes()


def _data_file(work: pathlib.Path, secret: str) -> bytes:
    placeholder = work / ('d' * len(str(secret)))
    content = _qcow2(work, '-o', 'data_file=%s' % placeholder)
    placeholder.unlink()
    return content.replace(str(placeholder).encode(), secret.encode().ljust(
        len(str(placeholder)), b'\0'))


def _qed(work: pathlib.Path, secret: str) -> bytes:
    image = work / 'qed'
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qed', '-u', '-F',
                    'raw', '-b', secret, str(image), '1M'], check=True)
    return image.read_bytes()
