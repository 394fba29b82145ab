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

"""What sharing the blocks of equal files takes, to reading both.

On XFS or Btrfs in a file, mounted by a loop device; root only. Both have
nothing in the page cache. The goal: at least half the speed of reading.
"""

import argparse
from collections.abc import Callable
import os
import pathlib
import statistics
import sys
import time

from benchmarks import arguments
from benchmarks import images
from benchmarks import machine
from glance_lifecycle.tests.functional.fixtures import loopfs
from glance_lifecycle.transfer.backends.file import equal_files

_GOAL = 0.5
_BUFFER = images.MIB
# Of the device, which has holes, to what the files take.
_ROOM = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--size', type=int, default=1024, metavar='MIB',
                        help='of each file; default: 1024')
    parser.add_argument('--kind', choices=list(loopfs.REFLINKS),
                        default='xfs', help='of file system; default: xfs')
    parser.add_argument('--targets', type=int, default=1,
                        help='files that share with one; default: 1')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--work', type=pathlib.Path,
                        default=pathlib.Path(os.environ.get(
                            'BENCH_WORK', '.bench')))
    args = parser.parse_args()
    args.work.mkdir(exist_ok=True)
    size = args.size * images.MIB
    facts = machine.facts(args.work, ' '.join(
        ['python -m benchmarks.dedupe', *sys.argv[1:]]))
    for name in ('command', 'processor', 'load at the start', 'memory',
                 'kernel', 'file system'):
        print(f'{name}: {facts[name]}')
    with arguments.scratch(args.work, facts):
        fixture = loopfs.LoopFs(loopfs.REFLINKS[args.kind] + _ROOM * size * (
            args.targets + 1), args.kind)
        with fixture:
            _measure(fixture.path, size, args.targets, args.repeat)
    return 0


def _measure(directory: pathlib.Path, size: int, targets: int, repeat: int
             ) -> None:
    paths = [directory / str(number) for number in range(targets + 1)]
    reads, shares, hot = [], [], []
    for _ in range(repeat):
        _make(paths, size)
        # In turns, so that both have the same of whatever else runs.
        reads.append(_timed(paths, _read))
        shares.append(_timed(paths, _share))
        _make(paths, size)
        _read(paths, size)
        hot.append(_timed(paths, _share, cold=False))
    mib = size * len(paths) / images.MIB
    read, share, cached = map(statistics.median, (reads, shares, hot))
    print(f'reading {len(paths)} files of {size >> 20} MiB: {read:.2f} s, '
          f'{mib / read:.0f} MiB/s')
    print(f'sharing their blocks: {share:.2f} s, {mib / share:.0f} MiB/s, '
          f'{read / share:.2f} of the speed of reading (goal {_GOAL}): '
          f'{"PASS" if read / share >= _GOAL else "short"}')
    print(f'the same, in the page cache: {cached:.2f} s, '
          f'{mib / cached:.0f} MiB/s')
    again = _timed(paths, _share)
    print(f'a second time, with nothing to do: {again:.3f} s')


def _make(paths: list[pathlib.Path], size: int) -> None:
    block = os.urandom(_BUFFER)
    for path in paths:
        path.unlink(missing_ok=True)
    for path in paths:
        with path.open('wb') as stream:
            for number in range(size // _BUFFER):
                stream.write(number.to_bytes(8, 'big') + block[8:])


def _timed(paths: list[pathlib.Path],
           what: Callable[[list[pathlib.Path], int], None],
           cold: bool = True) -> float:
    os.sync()
    if cold:
        pathlib.Path('/proc/sys/vm/drop_caches').write_text('3')
    size = paths[0].stat().st_size
    start = time.monotonic()
    what(paths, size)
    return time.monotonic() - start


def _read(paths: list[pathlib.Path], _size: int) -> None:
    buffer = bytearray(_BUFFER)
    for path in paths:
        with path.open('rb', buffering=0) as stream:
            while stream.readinto(buffer):
                pass


def _share(paths: list[pathlib.Path], size: int) -> None:
    fds = [os.open(path, os.O_RDONLY) for path in paths]
    equal = equal_files.EqualFiles(fds[0], fds[1:], size)
    equal.share(lambda _bytes: None)
    if any(one.stopped for one in equal.outcomes):
        sys.exit('The files are the same, and the kernel says otherwise: %s'
                 % equal.outcomes)
    for fd in fds:
        os.close(fd)


if __name__ == '__main__':
    sys.exit(main())
