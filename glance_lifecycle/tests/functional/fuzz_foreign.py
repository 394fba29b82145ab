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

"""Mutated VMDK, VHD, VHDX and VDI, and a watch over what qemu opens for them.

Run it as a program, for as many as there is time for::

    python -m glance_lifecycle.tests.functional.fuzz_foreign --mutations N

Each mutation goes through ``layout.check``. What it lets pass is opened and
read by qemu without any confinement and with nothing said about parents: so
the first wall must have held. What it refuses is opened by a confined qemu,
which must not get anywhere: that is the second. Files that the mutations
name are watched by inotify, and so is a port.

qemu here is qemu-io, one process for many images: the block layer is the one
of qemu-img, and an open takes a millisecond instead of fifty.
"""

import argparse
from collections.abc import Callable
import contextlib
import ctypes
import os
import pathlib
import random
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from types import TracebackType

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import hostile
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer.formats.foreign import layout
from glance_lifecycle.transfer.formats.foreign import source as foreign_source
from glance_lifecycle.transfer import limits

MIB = 1 << 20
VARIANTS = (('vmdk', ''), ('vmdk', 'subformat=streamOptimized'), ('vdi', ''),
            ('vdi', 'static=on'), ('vhd', ''), ('vhd', 'subformat=fixed'),
            ('vhdx', ''))

# No image takes that long; more is a hang.
PATIENCE = 60
PROMPT = b'qemu-io> '

# What it says of a file that the walls hide: the last one without landlock.
DENIED = (b'Permission denied', b'not permitted', b'No such file')

_IN_ACCESS, _IN_OPEN = 1, 0x20
_IN_NONBLOCK = 0x800


class Watch:
    """Files and a port that nobody may touch.

    :ivar bait: what mutations name: paths, addresses
    """

    def __init__(self, directory: pathlib.Path) -> None:
        directory.mkdir()
        secret = directory / 'secret'
        secret.write_bytes(b'SECRET--' * (MIB // 8))
        described = directory / 'described'
        described.write_bytes(hostile.descriptor(str(secret)))
        (directory / 'whole.vmdk').write_bytes(handmade.vmdk([b'x'] * 16))
        self._server = socket.create_server(('127.0.0.1', 0))
        self._server.setblocking(False)
        self.bait = [str(path) for path in directory.iterdir()]
        self.bait.append('nbd://127.0.0.1:%d/x'
                         % self._server.getsockname()[1])
        libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = libc.inotify_init1(_IN_NONBLOCK)
        if self._inotify < 0 or libc.inotify_add_watch(
                self._inotify, os.fsencode(directory),
                _IN_ACCESS | _IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), 'inotify')

    def touched(self) -> bool:
        """Whether anything was, since the last call."""
        found = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._inotify, 65536):
                found = True
        with contextlib.suppress(BlockingIOError):
            connection, _address = self._server.accept()
            connection.close()
            found = True
        return found


class Qemu:
    """A qemu-io that opens one image after the other.

    :param fd: the file that is mutated
    :param confined: whether it can open that file only
    :ivar died: how often it crashed, ran out of its limits, or hung
    """

    def __init__(self, fd: int, confined: bool) -> None:
        self._fd = fd
        self._confined = confined
        self.died = 0
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, disk_format: str) -> bytes:
        """Open, read all of 1 MiB, close; what it said."""
        said = b''
        for command in ('open -r -o driver=%s /proc/self/fd/%d' % (
                foreign_source.FORMATS[disk_format], self._fd),
                'read 0 1M', 'close'):
            answer = self._ask(command)
            said += answer
            if not answer.endswith(PROMPT):
                self._stop()
                break
            if b"can't open" in answer:
                break
        return said

    def _ask(self, command: str) -> bytes:
        """One command; without the prompt at the end, it died or hung."""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(command.encode() + b'\n')
            process.stdin.flush()
        said = b''
        while not said.endswith(PROMPT) and self._ready.select(PATIENCE):
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            said += data
        return said

    def _start(self) -> subprocess.Popen[bytes]:
        program = shutil.which('qemu-io')
        assert program is not None, 'install qemu-utils'
        walls = (confine.converter(program, self._fd, -1)
                 if self._confined else limits.NO_WALLS)
        keep = [fd for fd in (self._fd, walls[0]) if fd >= 0]
        self._process = process = subprocess.Popen(
            limits.command([program], walls, **{'as': 4 << 30}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=keep,
            env={'LC_ALL': 'C', 'PATH': os.defpath})
        if walls[0] >= 0:
            os.close(walls[0])
        self._ready = selectors.DefaultSelector()
        assert process.stdout is not None
        self._ready.register(process.stdout, selectors.EVENT_READ)
        said = b''
        while not said.endswith(PROMPT):
            data = os.read(process.stdout.fileno(), 65536)
            assert data, said
            said += data
        return process

    def _stop(self) -> None:
        self.died += 1
        self.close()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._ready.close()


class Image:
    """A file that is changed and put right again."""

    def __init__(self, disk_format: str, content: bytes,
                 path: pathlib.Path) -> None:
        self.disk_format = disk_format
        self.content = content
        path.write_bytes(content)
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        # Where there is something: headers, tables, a little data.
        self.sectors = [at for at in range(0, len(content), 512)
                        if any(content[at:at + 512])][:400]
        self._changed: list[tuple[int, int]] = []
        self.unconfined = Qemu(self.fd, confined=False)
        self.confined = Qemu(self.fd, confined=True)

    def change(self, offset: int, value: bytes) -> None:
        os.pwrite(self.fd, value, offset)
        self._changed.append((offset, len(value)))

    def resize(self, size: int) -> None:
        os.ftruncate(self.fd, size)
        self._changed.append((min(size, len(self.content)),
                              max(len(self.content) - size, 0)))

    def restore(self) -> None:
        for offset, length in self._changed:
            os.pwrite(self.fd, self.content[offset:offset + length], offset)
        os.ftruncate(self.fd, len(self.content))
        self._changed = []

    def close(self) -> None:
        self.unconfined.close()
        self.confined.close()
        os.close(self.fd)


def _flip(image: Image, chance: random.Random, _bait: str) -> None:
    at = chance.choice(image.sectors) + chance.randrange(512)
    if at < len(image.content):
        image.change(at, bytes([image.content[at] ^ 1 << chance.randrange(8)]))


def _number(image: Image, chance: random.Random, _bait: str) -> None:
    """A value that is a limit of something, where a field may be."""
    value = chance.choice((
        0, 1, 2, 3, 7, 8, 19, 20, 21, 127, 128, 511, 512, 513, 0xffff,
        0xfffffffe, 0xffffffff, 1 << 20, 1 << 21, 1 << 31, 1 << 32, 1 << 62,
        2 ** 64 - 1, len(image.content), len(image.content) // 512))
    width, code = chance.choice(((2, 'H'), (4, 'I'), (8, 'Q')))
    packed = struct.pack(chance.choice('<>') + code,
                         value & (1 << 8 * width) - 1)
    image.change(chance.choice(image.sectors)
                 + chance.randrange(0, 512, 2), packed)


def _text(image: Image, chance: random.Random, bait: str) -> None:
    """A line of a VMDK's descriptor, where qemu may look for it."""
    line = chance.choice((
        'parentFileNameHint="%s"', 'parentCID=12345678', 'CID=ffffffff',
        'RW 2048 FLAT "%s" 0', 'RW 2048 SPARSE "%s"', 'RW 2048 VMFS "%s"',
        'RW 2048 SESPARSE "%s"', 'createType="monolithicFlat"',
        'createType="vmfsSparse"', '# Disk DescriptorFile',
        'parentFileNameHint=%s', 'PARENTFILENAMEHINT="%s"', '\0', '#' * 511))
    text = line.replace('%s', bait) + chance.choice(('\n', '\0', '"', ''))
    if chance.random() < 0.5:
        text = '\n' + text
    image.change(chance.choice((0, 0x200, 0x400, 0x600, 0x2800 - len(text),
                                0x200 + chance.randrange(10240))),
                 text.encode())


def _without_nul(image: Image, chance: random.Random, bait: str) -> None:
    """The descriptor goes on where its header says that it has ended."""
    sectors = chance.randrange(1, 21)
    begin = 0x200
    end = begin + 512 * sectors
    text = image.content[begin:end].replace(b'\0', b'#')
    image.change(begin, text[:-1] + b'\n')
    if chance.random() < 0.5:
        image.change(36, struct.pack('<Q', sectors))
    image.change(end, b'parentFileNameHint="%s"\0' % bait.encode())


def _resize(image: Image, chance: random.Random, _bait: str) -> None:
    size = len(image.content)
    image.resize(chance.choice((
        size - 1, size - 512, size + 512, size // 2, size + chance.randrange(
            4096), chance.randrange(size))))


def _copy(image: Image, chance: random.Random, _bait: str) -> None:
    """One part of the metadata in the place of another: footers, tables."""
    origin, place = chance.choice(image.sectors), chance.choice(image.sectors)
    image.change(place, image.content[
        origin:origin + 512 * chance.randrange(1, 4)])


MUTATORS: dict[Callable[[Image, random.Random, str], None], int] = {
    _flip: 5, _number: 6, _text: 5, _without_nul: 3, _resize: 1, _copy: 2}


class Fuzzer:
    """Mutations of a few images, each watched.

    :ivar counts: mutations, and what became of them; strangers are other
        processes that touched what is watched
    """

    def __init__(self, work: pathlib.Path, seed: int) -> None:
        self._chance = random.Random(seed)
        self._watch = Watch(work / 'bait')
        self._images = []
        raw = work / 'raw'
        with raw.open('wb') as stream:
            stream.truncate(MIB)
            stream.seek(300000)
            stream.write(self._chance.randbytes(2000))
        made = []
        for disk_format, options in VARIANTS:
            path = work / 'made'
            images.convert(raw, 'raw', path, disk_format, options=options)
            made.append((disk_format, path.read_bytes()))
        made += [('vmdk', handmade.vmdk([b'x'] + [None] * 15)),
                 ('vmdk', handmade.vmdk_hint('x', sectors=1).replace(
                     b'parentFileNameHint="x"', b'#' * 22))]
        for number, (disk_format, content) in enumerate(made):
            self._images.append(Image(disk_format, content,
                                      work / ('image-%d' % number)))
        self.counts = {'mutations': 0, 'passed': 0, 'refused': 0,
                       'denied': 0, 'strangers': 0}

    def one(self) -> None:
        """One mutation.

        :raises AssertionError: something else than the image was touched
        """
        chance = self._chance
        image = chance.choice(self._images)
        bait = chance.choice(self._watch.bait)
        try:
            for mutate in chance.choices(
                    list(MUTATORS), list(MUTATORS.values()),
                    k=chance.choice((1, 1, 2, 3))):
                mutate(image, chance, bait)
            try:
                layout.check(image.fd, image.disk_format)
                passed = True
            except exceptions.ImageRefused:
                passed = False
            qemu = image.unconfined if passed else image.confined
            said = qemu.read(image.disk_format)
            touched = self._watch.touched()
            if touched:
                # By this file, or by another process of this machine, which
                # happened to try that port.
                qemu.read(image.disk_format)
                touched = self._watch.touched()
                self.counts['strangers'] += not touched
            self.counts['mutations'] += 1
            self.counts['passed' if passed else 'refused'] += 1
            self.counts['denied'] += (
                not passed and any(sign in said for sign in DENIED))
            if touched:
                kept = pathlib.Path(tempfile.gettempdir()) / 'touched.image'
                kept.write_bytes(os.pread(
                    image.fd, os.fstat(image.fd).st_size, 0))
                raise AssertionError(
                    'mutation %d, a %s file that was %s, opened another '
                    'file: %r. It is kept as %s.' % (
                        self.counts['mutations'], image.disk_format,
                        'let pass' if passed else 'refused', said[-500:],
                        kept))
        finally:
            image.restore()

    def close(self) -> None:
        for image in self._images:
            image.close()

    @property
    def died(self) -> dict[str, int]:
        """How often qemu-io did, with images that passed, and others."""
        return {'passed': sum(i.unconfined.died for i in self._images),
                'refused': sum(i.confined.died for i in self._images)}

    def __enter__(self) -> 'Fuzzer':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def main() -> int:
    parser = argparse.ArgumentParser(description='Fuzz foreign formats.')
    parser.add_argument('--mutations', type=int, default=10000)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as work, \
            Fuzzer(pathlib.Path(work), args.seed) as fuzzer:
        for number in range(args.mutations):
            fuzzer.one()
            if number % 10000 == 9999 or number == args.mutations - 1:
                print('seed', args.seed, fuzzer.counts, 'qemu died',
                      fuzzer.died, '%.0f a second' % (
                          fuzzer.counts['mutations']
                          / (time.monotonic() - started)), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
