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
"""What the commands of the benchmarks have in common."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile
import time

from benchmarks import images


class SomeOf:
    """A comma-separated list of known words, as a type for argparse."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)

    def __call__(self, text: str) -> list[str]:
        words = [word for word in text.split(',') if word]
        for word in words:
            if word not in self._known:
                raise argparse.ArgumentTypeError(
                    f'{word} is none of {", ".join(self._known)}')
        return words


def add_some(parser: argparse.ArgumentParser, option: str,
             known: Iterable[str], what: str = '') -> None:
    """An option that takes some of these words, by default all."""
    names = list(known)
    parser.add_argument(
        option, type=SomeOf(names), default=names,
        help=f'{what}default: {",".join(names)}')


def add_files(parser: argparse.ArgumentParser, table: str) -> None:
    """:param table: of the documentation"""
    parser.add_argument(
        '--work', type=pathlib.Path, metavar='DIR',
        default=pathlib.Path(os.environ.get('BENCH_WORK', '.bench')),
        help='directory for images (kept), stores and staging; on the file '
        'system to be measured; default: $BENCH_WORK, or .bench')
    parser.add_argument('--json', type=pathlib.Path, metavar='FILE')
    parser.add_argument('--rst', type=pathlib.Path, metavar='FILE',
                        help=f'for doc/source/contributor/{table}')


def check_room(work: pathlib.Path, needed: float,
               there: Iterable[pathlib.Path]) -> None:
    """Exit where there is no room.

    :param needed: bytes of disk
    :param there: files that are made already, of what is needed
    """
    needed -= sum(path.stat().st_blocks * 512 for path in there)
    free = shutil.disk_usage(work).free
    if free < needed:
        sys.exit(f'{needed / images.GIB:.0f} GiB are needed in {work}, '
                 f'{free / images.GIB:.0f} GiB are free: choose another '
                 f'--work or a smaller size')


@contextlib.contextmanager
def scratch(work: pathlib.Path, facts: dict[str, str]
            ) -> Iterator[pathlib.Path]:
    """A directory for a while; all that fixtures make is in it.

    And so on the file system to be measured.

    :param facts: learns how long it was
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory(
            prefix='run-', dir=work, ignore_cleanup_errors=True) as path:
        tempfile.tempdir = path
        try:
            yield pathlib.Path(path)
        finally:
            facts['duration'] = f'{(time.monotonic() - start) / 60:.0f} min'


def say(text: str) -> None:
    print(f'{time.strftime("%H:%M:%S")} {text}', file=sys.stderr, flush=True)
