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
"""What a pool holds, for benchmarks."""

import os
import pathlib
import time

from benchmarks import compare
from glance_lifecycle.tests.functional.fixtures import ceph

_CHUNK = 4 * 1024 * 1024

# Seconds in which nothing may change.
_STILL = 2.0


def settled(cluster: ceph.Ceph) -> int:
    """Bytes allocated, once the OSD has done with what came before."""
    last = -1
    while (now := cluster.allocated()) != last:
        last = now
        time.sleep(_STILL)
    return now


def cache(source: pathlib.Path) -> None:
    """Read all its data, so that all find it in the page cache alike."""
    with source.open('rb', buffering=0) as stream:
        for number in _chunks_of_file(source):
            os.pread(stream.fileno(), _CHUNK, number * _CHUNK)


def difference(cluster: ceph.Ceph, pool: str, name: str,
               source: pathlib.Path) -> str:
    """In words, '' where the image's bytes are those of the file.

    What both do not hold is not read.
    """
    size = source.stat().st_size
    with cluster.image(pool, name) as image, source.open('rb') as stream:
        if image.size() != size:
            return f'the copy in {pool} has {image.size()} bytes'
        chunks = set(_chunks_of_file(source))

        def note(offset: int, length: int, _exists: bool) -> None:
            chunks.update(range(offset // _CHUNK,
                                (offset + length - 1) // _CHUNK + 1))
        image.diff_iterate(0, size, None, note)
        for start in (number * _CHUNK for number in sorted(chunks)):
            length = min(_CHUNK, size - start)
            if image.read(start, length) != os.pread(
                    stream.fileno(), length, start):
                return f'the copy in {pool} differs at byte {start}'
    return ''


def _chunks_of_file(source: pathlib.Path) -> list[int]:
    """Numbers of those that are not all hole."""
    size = source.stat().st_size
    found = []
    with source.open('rb') as stream:
        position = 0
        while (position := compare.next_data(
                stream.fileno(), position, size)) < size:
            found.append(position // _CHUNK)
            position = (found[-1] + 1) * _CHUNK
    return found
