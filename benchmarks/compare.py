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

"""Whether two sparse files hold the same bytes."""

import errno
import os
import pathlib

_CHUNK = 4 * 1024 * 1024


def same(one: pathlib.Path, other: pathlib.Path) -> bool:
    """Compare all bytes; what is a hole in both is not read."""
    with one.open('rb') as first, other.open('rb') as second:
        a, b = first.fileno(), second.fileno()
        size = os.fstat(a).st_size
        if size != os.fstat(b).st_size:
            return False
        position = 0
        while position < size:
            position = min(next_data(a, position, size),
                           next_data(b, position, size))
            if os.pread(a, _CHUNK, position) != os.pread(b, _CHUNK, position):
                return False
            position += _CHUNK
    return True


def next_data(fd: int, position: int, size: int) -> int:
    """Where the next byte that is not in a hole is; ``size`` if nowhere."""
    try:
        return os.lseek(fd, position, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size
