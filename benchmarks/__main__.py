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

"""``python -m benchmarks``: imports through stock Glance and through us.

Exits 1 when an import failed or its result was wrong, 2 for wrong usage;
a goal not reached is no failure, it is printed.
"""

import argparse
from collections.abc import Iterator
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile
import time

from benchmarks import goals
from benchmarks import images
from benchmarks import imports
from benchmarks import latency
from benchmarks import machine
from benchmarks import report
from benchmarks import signed
from benchmarks import variants
from benchmarks import watch
from benchmarks import yardstick

#: Small imports are over in a second: one of them says little.
SMALL_REPEAT = 5

#: Disk needed for each byte of virtual size: the images and what they are
#: made of, the staged file, a conversion, three full copies.
DISK = 6


def main() -> int:
    args = _arguments()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    # Every fixture's directory is then on the file system to be measured.
    scratch = pathlib.Path(tempfile.mkdtemp(prefix='run-', dir=work))
    tempfile.tempdir = str(scratch)
    run = report.Run(machine.facts(work, _command(args)),
                     goals.Yardsticks({}, {}))
    start = time.monotonic()
    try:
        for size in [] if args.latency_only else args.sizes:
            _check_room(work, size)
            _size(run, args, size)
        if not args.no_latency:
            _latency(run, args)
    except watch.ImportFailed as error:
        print(f'An import failed: {error}', file=sys.stderr)
        return 1
    finally:
        run.facts['duration'] = f'{(time.monotonic() - start) / 60:.0f} min'
        _write(run, args)
        shutil.rmtree(scratch, ignore_errors=True)
    print(report.text(run))
    return 1 if any(row.wrong for row in run.results) else 0


def _size(run: report.Run, args: argparse.Namespace, size: str) -> None:
    """All imports of one size."""
    files = []
    for kind in args.kinds:
        _say(f'{size} {kind}: preparing')
        file = images.prepare(args.work / 'images', size, kind)
        run.data[size, kind] = file.data
        run.yardsticks.decompression[size, kind] = \
            0.0 if kind == 'raw' else yardstick.decompression(file.path)
        files.append(file)
    run.yardsticks.digests[size] = yardstick.digests(files[0].raw)
    flip = False
    for file in files:
        warm = images.prepare(args.work / 'images', 'tiny', file.kind)
        for stores in args.stores:
            with _benches(args, stores) as benches:
                for bench in benches:
                    bench.warm_up(warm)
                for _ in range(_repeat(args, size)):
                    # What comes first may find the machine another.
                    flip = not flip
                    for bench in benches if flip else benches[::-1]:
                        row = bench.measure(file, stores,
                                            run.yardsticks.digests[size])
                        _say(report.progress(row))
                        run.results.append(row)
                        _write(run, args)


@contextlib.contextmanager
def _benches(args: argparse.Namespace,
             stores: int) -> Iterator[list[imports.Bench]]:
    """A glance-api of each variant; those not at work are idle."""
    with contextlib.ExitStack() as stack:
        keys = stack.enter_context(signed.Keys())

        def bench(variant: variants.Variant) -> imports.Bench:
            given = keys if variant.is_signed else None
            return imports.Bench(
                variant, stack.enter_context(variant.api(keys=given)), given)

        yield [bench(variant) for variant in variants.ALL
               if stores in variant.stores and (
                   not args.variants or variant.name in args.variants)]


def _latency(run: report.Run, args: argparse.Namespace) -> None:
    # Three images of 10 GiB would take 90 GiB of stock's stores.
    size = '1g' if '1g' in args.sizes or '10g' in args.sizes else '64m'
    kind = 'qcow2' if 'qcow2' in args.kinds else args.kinds[0]
    _check_room(args.work, size, imports_at_once=latency.IMPORTS)
    _say(f'GET /v2/images while three imports of {size} {kind} run')
    file, small = (images.prepare(args.work / 'images', one, kind)
                   for one in (size, 'tiny'))
    run.latencies += latency.measure(
        [variants.SERIAL, variants.PARALLEL, variants.OURS], file, small)


def _check_room(work: pathlib.Path, size: str,
                imports_at_once: int = 1) -> None:
    needed = images.SIZES[size] * DISK * imports_at_once - sum(
        path.stat().st_blocks * 512
        for path in (work / 'images').glob(f'{size}[.-]*'))
    free = shutil.disk_usage(work).free
    if free < needed:
        sys.exit(f'{needed / images.GIB:.0f} GiB are needed in {work} for '
                 f'images of {size}, {free / images.GIB:.0f} GiB are free: '
                 f'choose another --work or smaller --sizes')


def _repeat(args: argparse.Namespace, size: str) -> int:
    if args.repeat:
        return int(args.repeat)
    return SMALL_REPEAT if size in ('tiny', '64m') else 1


def _write(run: report.Run, args: argparse.Namespace) -> None:
    """After each import: a long run that breaks off is not lost."""
    if args.json:
        report.write_json(run, args.json)
    if args.rst and (run.results or run.latencies):
        args.rst.write_text(report.rst(run))


def _say(text: str) -> None:
    print(f'{time.strftime("%H:%M:%S")} {text}', file=sys.stderr, flush=True)


def _command(args: argparse.Namespace) -> str:
    words = ['python -m benchmarks', '--sizes', ','.join(args.sizes),
             '--stores', ','.join(map(str, args.stores)),
             '--kinds', ','.join(args.kinds)]
    if args.repeat:
        words += ['--repeat', str(args.repeat)]
    return ' '.join(words)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks',
        description='The same images through stock Glance and through us.')
    parser.add_argument(
        '--quick', action='store_true',
        help='tiny and 64m, qcow2 only, once; a few minutes')
    parser.add_argument(
        '--sizes', type=_choice(images.SIZES), default=list(images.SIZES),
        help=f'default: {",".join(images.SIZES)}')
    parser.add_argument(
        '--stores', type=_choice(('1', '3')), default=['1', '3'],
        help='default: 1,3')
    parser.add_argument(
        '--kinds', type=_choice(images.KINDS), default=list(images.KINDS),
        help=f'default: {",".join(images.KINDS)}')
    names = [variant.name for variant in variants.ALL]
    parser.add_argument(
        '--variants', type=_choice(names), default=[],
        help=f'default: {",".join(names)}')
    parser.add_argument(
        '--repeat', type=int, metavar='N',
        help=f'imports of each; default: {SMALL_REPEAT} of the small sizes, '
        f'1 of the others')
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        '--no-latency', action='store_true',
        help='without the response times of GET /v2/images')
    group.add_argument(
        '--latency-only', action='store_true', help='only those')
    parser.add_argument(
        '--work', type=pathlib.Path, metavar='DIR',
        default=pathlib.Path(os.environ.get('BENCH_WORK', '.bench')),
        help='directory for images (kept), stores and staging; on the file '
        'system to be measured; default: $BENCH_WORK, or .bench')
    parser.add_argument('--json', type=pathlib.Path, metavar='FILE')
    parser.add_argument(
        '--rst', type=pathlib.Path, metavar='FILE',
        help='for doc/source/contributor/benchmarks-table.inc')
    args = parser.parse_args()
    if args.quick:
        args.sizes, args.kinds = ['tiny', '64m'], ['qcow2']
        args.repeat = args.repeat or 1
    args.stores = [int(number) for number in args.stores]
    return args


def _choice(known: object) -> '_Choice':
    return _Choice(list(known))  # type: ignore[call-overload]


class _Choice:
    """A comma-separated list of known words, as a type for argparse."""

    def __init__(self, known: list[str]) -> None:
        self._known = known

    def __call__(self, text: str) -> list[str]:
        words = text.split(',')
        for word in words:
            if word not in self._known:
                raise argparse.ArgumentTypeError(
                    f'{word} is none of {", ".join(self._known)}')
        return words


if __name__ == '__main__':
    sys.exit(main())
