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

"""Images of real file-system data, made once and kept in the work directory.

Each size is one ext4 file system, filled by mke2fs (no root needed) with
files of this machine, and converted by qemu-img to each kind.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys

from glance_lifecycle.tests.functional.fixtures import images

MIB = 1024 * 1024
GIB = 1024 * MIB

SIZES = {'tiny': 16 * MIB, '64m': 64 * MIB, '1g': GIB, '10g': 10 * GIB}

#: kind -> (disk_format, options of qemu-img convert, compress)
KINDS = {
    'qcow2': ('qcow2', '', False),
    'zlib': ('qcow2', 'compression_type=zlib', True),
    'zstd': ('qcow2', 'compression_type=zstd', True),
    'raw': ('raw', '', False),
}

#: Part of a file system that is files: 4 of 10 GiB.
FILLED = 0.4

_PLACES = ('/usr/bin', '/usr/lib', '/usr/share', '/usr/include', '/usr/sbin')


@dataclasses.dataclass(frozen=True)
class BenchImage:
    """One image file to import.

    :ivar virtual_size: bytes of the decoded image
    :ivar data: bytes of it that are not holes, as qemu-img maps them
    :ivar raw: the decoded image, sparse
    """

    size: str
    kind: str
    disk_format: str
    path: pathlib.Path
    raw: pathlib.Path
    virtual_size: int
    data: int


def prepare(cache: pathlib.Path, size: str, kind: str) -> BenchImage:
    """The image of that size and kind, made if it is not there.

    :param cache: directory that keeps the images between runs
    """
    cache.mkdir(parents=True, exist_ok=True)
    raw = cache / f'{size}.raw'
    if not raw.exists():
        _make(raw, SIZES[size])
    disk_format, options, compress = KINDS[kind]
    path = raw if kind == 'raw' else cache / f'{size}-{kind}.qcow2'
    if not path.exists():
        new = path.with_suffix('.new')
        images.convert(raw, 'raw', new, disk_format, options=options,
                       compress=compress)
        new.rename(path)
    return BenchImage(size, kind, disk_format, path, raw, SIZES[size],
                      mapped_data(path, disk_format))


def mapped_data(path: pathlib.Path, disk_format: str) -> int:
    """Bytes that the image holds data for."""
    output = subprocess.run(
        ['qemu-img', 'map', '-f', disk_format, '--output=json', str(path)],
        check=True, capture_output=True).stdout
    return sum(int(entry['length']) for entry in json.loads(output)
               if entry['data'])


def _make(raw: pathlib.Path, size: int) -> None:
    tree = raw.with_suffix('.tree')
    shutil.rmtree(tree, ignore_errors=True)
    try:
        _gather(tree, int(size * FILLED))
        new = raw.with_suffix('.new')
        new.unlink(missing_ok=True)
        images.raw(new, size, str(tree))
        new.rename(raw)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def _gather(tree: pathlib.Path, wanted: int) -> None:
    """Copy files of this machine, ``wanted`` bytes in all.

    In shuffled order, always the same, so that every size has the same mix
    of programs, libraries and text. All over again where there are not
    enough.
    """
    files = sorted(_files([*_PLACES, sys.base_prefix, sys.prefix]))
    random.Random(0).shuffle(files)  # noqa: S311
    left = wanted
    turn = 0
    while left > wanted // 50:
        before = left
        for number, (path, size) in enumerate(files):
            # Leave inodes for all; no file takes a third of a small image.
            if size > left or size > wanted // 3:
                continue
            if _copy(path, tree / f'{turn}/{number % 50}/{number}'):
                left -= size
        if left == before:
            raise RuntimeError(f'no files in {", ".join(_PLACES)} to fill '
                               f'the images with')
        turn += 1


def _files(places: Sequence[str]) -> Iterator[tuple[str, int]]:
    seen = set()
    for place in places:
        for directory, _, names in os.walk(os.path.realpath(place)):
            for name in names:
                path = os.path.join(directory, name)
                try:
                    found = os.lstat(path)
                except OSError:
                    continue
                if stat.S_ISREG(found.st_mode) and found.st_size >= 4096 \
                        and (found.st_dev, found.st_ino) not in seen:
                    seen.add((found.st_dev, found.st_ino))
                    yield path, found.st_size


def _copy(source: str, target: pathlib.Path) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except OSError:
        # Not ours to read, or gone meanwhile.
        target.unlink(missing_ok=True)
        return False
    return True
