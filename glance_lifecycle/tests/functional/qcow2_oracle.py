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


"""qemu-img as the judge of what a qcow2 image holds.

Debian: qemu-utils. Without it these tests fail, they do not skip.
"""

import json
import os
import subprocess
from typing import Any


def run(*command: str, fds: tuple[int, ...] = ()) -> str:
    """Standard output; an error carries what the program said."""
    done = subprocess.run(command, capture_output=True, text=True,
                          pass_fds=fds)
    if done.returncode:
        raise AssertionError(f'{" ".join(command)}: {done.stderr}')
    return done.stdout


def convert(fd: int) -> bytes | None:
    """The guest's bytes; None if qemu-img refuses the image.

    Works in memory: both files are descriptors handed over.
    """
    out = os.memfd_create('raw')
    try:
        done = subprocess.run(
            ['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw',
             f'/proc/self/fd/{fd}', f'/proc/self/fd/{out}'],
            capture_output=True, pass_fds=(fd, out))
        if done.returncode:
            return None
        return os.pread(out, os.fstat(out).st_size, 0)
    finally:
        os.close(out)


def map_of(path: str) -> list[dict[str, Any]]:
    """start, length, zero, ... of each extent that qemu-img sees."""
    found: list[dict[str, Any]] = json.loads(run(
        'qemu-img', 'map', '-f', 'qcow2', '--output=json', path))
    return found
