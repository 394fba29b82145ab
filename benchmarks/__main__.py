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
import pathlib
import sys

from benchmarks import arguments
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
    run = report.Run(machine.facts(work, _command(args)),
                     goals.Yardsticks({}, {}))
    try:
        with arguments.scratch(work, run.facts):
            _all(run, args)
    except watch.ImportFailed as error:
        print(f'An import failed: {error}', file=sys.stderr)
        return 1
    finally:
        _write(run, args)
    print(report.text(run))
    return 1 if any(row.wrong for row in run.results) else 0


def _all(run: report.Run, args: argparse.Namespace) -> None:
    for size in [] if args.latency_only else args.sizes:
        _check_room(args.work, size)
        _size(run, args, size)
    if not args.no_latency:
        _latency(run, args)


def _size(run: report.Run, args: argparse.Namespace, size: str) -> None:
    """All imports of one size."""
    files = []
    for kind in args.kinds:
        arguments.say(f'{size} {kind}: preparing')
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
                        arguments.say(report.progress(row))
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
               if stores in variant.stores
               and variant.name in args.variants]


def _latency(run: report.Run, args: argparse.Namespace) -> None:
    # Three images of 10 GiB would take 90 GiB of stock's stores.
    size = '1g' if '1g' in args.sizes or '10g' in args.sizes else '64m'
    kind = 'qcow2' if 'qcow2' in args.kinds else args.kinds[0]
    _check_room(args.work, size, imports_at_once=latency.IMPORTS)
    arguments.say(f'GET /v2/images while three imports of {size} {kind} run')
    file, small = (images.prepare(args.work / 'images', one, kind)
                   for one in (size, 'tiny'))
    run.latencies += latency.measure(
        [variants.SERIAL, variants.PARALLEL, variants.OURS], file, small)


def _check_room(work: pathlib.Path, size: str,
                imports_at_once: int = 1) -> None:
    arguments.check_room(work, images.SIZES[size] * DISK * imports_at_once,
                         (work / 'images').glob(f'{size}[.-]*'))


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
    arguments.add_some(parser, '--sizes', images.SIZES)
    arguments.add_some(parser, '--stores', ('1', '3'))
    arguments.add_some(parser, '--kinds', images.KINDS)
    arguments.add_some(parser, '--variants',
                       [variant.name for variant in variants.ALL])
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
    arguments.add_files(parser, 'benchmarks-table.inc')
    args = parser.parse_args()
    if args.quick:
        args.sizes, args.kinds = ['tiny', '64m'], ['qcow2']
        args.repeat = args.repeat or 1
    args.stores = [int(number) for number in args.stores]
    return args


if __name__ == '__main__':
    sys.exit(main())
