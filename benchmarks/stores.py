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
"""``python -m benchmarks.stores``: the same images into Ceph, by all ways.

In one run into throw-away clusters (tests/functional/fixtures): a qcow2
through Glance into two pools, and into S3 of a radosgw besides, by stock
image_conversion and by us; its sparse raw file into one pool, without Glance,
by the stock driver, by our sink, and by ``rbd import``; and the stored image
from pool to pool, by copy-image and by us. Exits 1 when something failed or
its result was wrong; a goal not reached is no failure, it is printed.
"""

import argparse
import contextlib
import pathlib
import sys

from benchmarks import arguments
from benchmarks import images
from benchmarks import machine
from benchmarks import rbd_alone
from benchmarks import rbd_imports
from benchmarks import rbd_report
from benchmarks import report
from benchmarks import store_copies
from benchmarks import watch
from benchmarks import yardstick
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import radosgw

# For what the OSD itself keeps.
_OSD_OWN = 3 * images.GIB

_VARIANTS = {variant.name: variant for variant in rbd_imports.ALL}


def main() -> int:
    args = _arguments()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    _check_room(args, work)
    run = rbd_report.Run(machine.facts(work, _command(args)))
    try:
        with arguments.scratch(work, run.facts):
            _all(run, args)
    except (watch.ImportFailed, RuntimeError) as error:
        print(f'Failed: {error}', file=sys.stderr)
        return 1
    finally:
        _write(run, args)
    print(report.aligned(rbd_report.tables(run)))
    return 1 if any(row.wrong for row in run.rows) else 0


def _all(run: rbd_report.Run, args: argparse.Namespace) -> None:
    with _cluster(args.size) as cluster:
        run.facts['Ceph'] = cluster.tool('rbd', '--version').strip()
        _alone(run, args, cluster)
        _imports(run, args, cluster)
        _copies(run, args, cluster)
    _imports_s3(run, args)


def _cluster(size: str, copies: int = 2) -> ceph.Ceph:
    """:param copies: full ones, that it has room for"""
    return ceph.Ceph(
        list(rbd_imports.STORES.values()),
        osd_bytes=copies * images.SIZES[size] + _OSD_OWN)


def _alone(run: rbd_report.Run, args: argparse.Namespace,
           cluster: ceph.Ceph) -> None:
    image = _prepared(args, 'raw')
    for turn in range(args.repeat):
        # What comes first may find the machine another.
        for way in args.ways if turn % 2 == 0 else args.ways[::-1]:
            row = rbd_alone.measure(cluster, way, image)
            arguments.say(rbd_report.progress(row))
            run.alone.append(row)
            _write(run, args)


def _imports(run: rbd_report.Run, args: argparse.Namespace,
             cluster: ceph.Ceph) -> None:
    names = [name for name in args.variants if not _VARIANTS[name].s3]
    if not names:
        return
    image, warm, expected = _to_import(args)
    with contextlib.ExitStack() as stack:
        benches = [stack.enter_context(rbd_imports.Bench(
            _VARIANTS[name], cluster, warm)) for name in names]
        for turn in range(args.repeat):
            for bench in benches if turn % 2 == 0 else benches[::-1]:
                _import(run, args, bench, image, expected)


def _imports_s3(run: rbd_report.Run, args: argparse.Namespace) -> None:
    """Each on a cluster of its own: what the last one wrote takes no disk.
    """
    names = [name for name in args.variants if _VARIANTS[name].s3]
    if not names:
        return
    image, warm, expected = _to_import(args)
    for turn in range(args.repeat):
        for name in names if turn % 2 == 0 else names[::-1]:
            with radosgw.RadosGw(
                    cluster=_cluster(args.size, 3)) as archive, \
                    rbd_imports.Bench(_VARIANTS[name], archive.cluster, warm,
                                      archive) as bench:
                _import(run, args, bench, image, expected)


def _import(run: rbd_report.Run, args: argparse.Namespace,
            bench: rbd_imports.Bench, image: images.BenchImage,
            expected: yardstick.Digests) -> None:
    row = bench.measure(image, expected)
    arguments.say(rbd_report.progress(row))
    run.imports.append(row)
    _write(run, args)


def _copies(run: rbd_report.Run, args: argparse.Namespace,
            cluster: ceph.Ceph) -> None:
    if not args.copies:
        return
    with store_copies.Bench(cluster, _prepared(args, 'qcow2')) as bench:
        for turn in range(args.repeat):
            for way in args.copies if turn % 2 == 0 else args.copies[::-1]:
                row = bench.measure(way)
                arguments.say(rbd_report.progress(row))
                run.copies.append(row)
                _write(run, args)


def _to_import(args: argparse.Namespace) -> tuple[
        images.BenchImage, images.BenchImage, yardstick.Digests]:
    """The image, one to warm up with, and the digests to be found."""
    image = _prepared(args, 'qcow2')
    return (image, images.prepare(args.work / 'images', 'tiny', 'qcow2'),
            yardstick.digests(image.raw))


def _prepared(args: argparse.Namespace, kind: str) -> images.BenchImage:
    arguments.say(f'{args.size} {kind}: preparing')
    return images.prepare(args.work / 'images', args.size, kind)


def _check_room(args: argparse.Namespace, work: pathlib.Path) -> None:
    """For what is there at the same time.

    The images; a cluster with full copies, and either the staged file or
    what copy-image stages, which has no holes. Stock's conversion goes
    before the last copies are written.
    """
    at_once = 3 + images.FILLED if any(
        _VARIANTS[name].s3 for name in args.variants) else 3
    arguments.check_room(
        work, images.SIZES[args.size] * (2 * images.FILLED + at_once)
        + _OSD_OWN, (path for path in (work / 'images').glob(
            f'{args.size}*') if path.stem in (
                args.size, f'{args.size}-qcow2')))


def _write(run: rbd_report.Run, args: argparse.Namespace) -> None:
    """After each: a long run that breaks off is not lost."""
    if args.json:
        rbd_report.write_json(run, args.json)
    if args.rst:
        report.replace(args.rst, report.csv_tables(
            rbd_report.tables(run), 'python -m benchmarks.stores --rst'))


def _command(args: argparse.Namespace) -> str:
    some = ''.join(
        f' --{name} "{",".join(chosen)}"' for name, chosen, known in (
            ('ways', args.ways, rbd_alone.WAYS),
            ('variants', args.variants, _VARIANTS),
            ('copies', args.copies, store_copies.WAYS))
        if chosen != list(known))
    return f'python -m benchmarks.stores --size {args.size}' + (
        f' --repeat {args.repeat}' if args.repeat > 1 else '') + some


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.stores',
        description='The same images into Ceph, by stock Glance, by us and '
        'by rbd import.')
    parser.add_argument('--size', choices=images.SIZES, default='10g',
                        help='virtual size, 40 %% of it data; default: 10g')
    parser.add_argument('--repeat', type=int, default=1, metavar='N',
                        help='of each; the median is shown; default: 1')
    arguments.add_some(parser, '--ways', rbd_alone.WAYS,
                       'without Glance, "" for none; ')
    arguments.add_some(parser, '--variants', _VARIANTS, 'through Glance; ')
    arguments.add_some(parser, '--copies', store_copies.WAYS,
                       'from pool to pool; ')
    arguments.add_files(parser, 'benchmarks-stores.inc')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
