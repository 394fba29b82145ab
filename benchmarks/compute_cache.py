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

"""``python -m benchmarks.compute_cache``: Nova's directory, as a process.

As many instances as cached files, each a qcow2 overlay of one; all headers
are read. The time is of the process, from start to end.
"""

import argparse
import hashlib
import json
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import time

#: What must be reached, seconds for FILES.
FILES = 5000
SECONDS = 5


def main() -> int:
    """:returns: 1 if the answer was wrong; a goal missed is only printed"""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.compute_cache', description=__doc__)
    parser.add_argument('--files', type=int, default=FILES,
                        help='cached files, and instances')
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        _fill(root, files)
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, '-m', 'glance_lifecycle.cmd.compute_cache',
             '--instances-path', directory, '--images',
             str(root / 'images.json'), '-f', 'json'],
            stdout=subprocess.PIPE, check=True)
        seconds = time.monotonic() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print('%d files, %d instances: %.2f s (goal: %d s for %d), %.2f s of '
          'CPU, peak %d MiB' % (
              files, files, seconds, SECONDS, FILES,
              used.ru_utime + used.ru_stime, used.ru_maxrss // 1024))
    found = json.loads(done.stdout)['files']
    right = sum(one['image'] is not None and len(one['used_by']) == 1
                for one in found)
    return int(right != files)


def _fill(root: pathlib.Path, files: int) -> None:
    base = root / '_base'
    base.mkdir()
    ids = ['%08x-0000-4000-8000-000000000000' % one for one in range(files)]
    for one in ids:
        path = base / hashlib.sha1(one.encode()).hexdigest()
        path.write_bytes(b'image' * 1000)
        instance = root / one
        instance.mkdir()
        name = bytes(path)
        (instance / 'disk').write_bytes(struct.pack(
            '>4sIQIIQ', b'QFI\xfb', 3, 512, len(name), 16,
            2 ** 30).ljust(512, b'\0') + name)
        (instance / 'disk.info').write_text(json.dumps(
            {str(instance / 'disk'): 'qcow2'}))
    (root / 'images.json').write_text(json.dumps(
        [{'ID': one, 'Name': 'x', 'Disk Format': 'qcow2'} for one in ids]))


if __name__ == '__main__':
    sys.exit(main())
