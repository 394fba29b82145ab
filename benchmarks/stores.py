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

In one run into one throw-away cluster (tests/functional/fixtures/ceph.py):
a qcow2 through Glance into two pools, by stock image_conversion and by us;
and its sparse raw file into one pool, without Glance, by the stock driver,
by our sink, and by ``rbd import``. Exits 1 when an import failed or its
result was wrong; a goal not reached is no failure, it is printed.
"""

import argparse
from collections.abc import Sequence
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile
import time

from benchmarks import gateway
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

# For what the OSD itself keeps.
_OSD_OWN = 3 * images.GIB

_VARIANTS = {variant.name: variant for variant in rbd_imports.ALL}


def main() -> int:
    args = _arguments()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    _check_room(args, work)
    # Every fixture's directory is then on the file system to be measured.
    scratch = pathlib.Path(tempfile.mkdtemp(prefix='run-', dir=work))
    tempfile.tempdir = str(scratch)
    run = rbd_report.Run(machine.facts(work, _command(args)))
    start = time.monotonic()
    try:
        with _cluster(args.size) as cluster:
            run.facts['Ceph'] = cluster.tool('rbd', '--version').strip()
            _alone(run, args, cluster)
            _imports(run, args, cluster)
            _copies(run, args, cluster)
        _imports_s3(run, args)
    except (watch.ImportFailed, RuntimeError) as error:
        print(f'Failed: {error}', file=sys.stderr)
        return 1
    finally:
        run.facts['duration'] = f'{(time.monotonic() - start) / 60:.0f} min'
        _write(run, args)
        shutil.rmtree(scratch, ignore_errors=True)
    print(report.aligned(rbd_report.tables(run)))
    return 1 if any(row.wrong for row in run.rows) else 0


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
            _say(rbd_report.progress(row))
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
            with gateway.Gateway(_cluster(args.size, 3)) as archive, \
                    rbd_imports.Bench(_VARIANTS[name], archive.cluster, warm,
                                      archive) as bench:
                _import(run, args, bench, image, expected)


def _import(run: rbd_report.Run, args: argparse.Namespace,
            bench: rbd_imports.Bench, image: images.BenchImage,
            expected: yardstick.Digests) -> None:
    row = bench.measure(image, expected)
    _say(rbd_report.progress(row))
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
                _say(rbd_report.progress(row))
                run.copies.append(row)
                _write(run, args)


def _to_import(args: argparse.Namespace) -> tuple[
        images.BenchImage, images.BenchImage, yardstick.Digests]:
    """The image, one to warm up with, and the digests to be found."""
    image = _prepared(args, 'qcow2')
    return (image, images.prepare(args.work / 'images', 'tiny', 'qcow2'),
            yardstick.digests(image.raw))


def _prepared(args: argparse.Namespace, kind: str) -> images.BenchImage:
    _say(f'{args.size} {kind}: preparing')
    return images.prepare(args.work / 'images', args.size, kind)


def _check_room(args: argparse.Namespace, work: pathlib.Path) -> None:
    """For what is there at the same time.

    The images, the staged file and a clusters with its full copies; stock's
    conversion goes before the last of these is written.
    """
    parts = images.FILLED * 3 + (3 if any(
        _VARIANTS[name].s3 for name in args.variants) else 2)
    needed = images.SIZES[args.size] * parts + _OSD_OWN - sum(
        path.stat().st_blocks * 512
        for path in (work / 'images').glob(f'{args.size}[.-]*')
        if path.stem in (args.size, f'{args.size}-qcow2'))
    free = shutil.disk_usage(work).free
    if free < needed:
        sys.exit(f'{needed / images.GIB:.0f} GiB are needed in {work}, '
                 f'{free / images.GIB:.0f} GiB are free: choose another '
                 f'--work or a smaller --size')


def _write(run: rbd_report.Run, args: argparse.Namespace) -> None:
    """After each: a long run that breaks off is not lost."""
    if args.json:
        rbd_report.write_json(run, args.json)
    if args.rst:
        report.replace(args.rst, report.csv_tables(
            rbd_report.tables(run), 'python -m benchmarks.stores --rst'))


def _say(text: str) -> None:
    print(f'{time.strftime("%H:%M:%S")} {text}', file=sys.stderr, flush=True)


def _command(args: argparse.Namespace) -> str:
    return f'python -m benchmarks.stores --size {args.size}' + (
        f' --repeat {args.repeat}' if args.repeat > 1 else '')


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.stores',
        description='The same images into Ceph by stock Glance, by us and '
        'by rbd import.')
    parser.add_argument('--size', choices=images.SIZES, default='10g',
                        help='virtual size, 40 %% of it data; default: 10g')
    parser.add_argument('--repeat', type=int, default=1, metavar='N',
                        help='of each; the median is shown; default: 1')
    for option, names, what in (
            ('--ways', list(rbd_alone.WAYS), 'without Glance'),
            ('--variants', list(_VARIANTS), 'through Glance'),
            ('--copies', list(store_copies.WAYS), 'from pool to pool')):
        parser.add_argument(
            option, type=_SomeOf(names), default=names,
            help=f'{what}, "" for none; default: {",".join(names)}')
    parser.add_argument(
        '--work', type=pathlib.Path, metavar='DIR',
        default=pathlib.Path(os.environ.get('BENCH_WORK', '.bench')),
        help='directory for images (kept), the cluster and staging; '
        'default: $BENCH_WORK, or .bench')
    parser.add_argument('--json', type=pathlib.Path, metavar='FILE')
    parser.add_argument(
        '--rst', type=pathlib.Path, metavar='FILE',
        help='for doc/source/contributor/benchmarks-stores.inc')
    return parser.parse_args()


class _SomeOf:
    """A comma-separated list of known words, as a type for argparse."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = known

    def __call__(self, text: str) -> list[str]:
        words = [word for word in text.split(',') if word]
        for word in words:
            if word not in self._known:
                raise argparse.ArgumentTypeError(
                    f'{word} is none of {", ".join(self._known)}')
        return words


if __name__ == '__main__':
    sys.exit(main())
