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
"""``python -m benchmarks.objects``: writing one image into S3 and Swift.

Our sink, the stock driver behind our adapter, and the stock driver by
itself, each with md5 and a second hash as an import has them, into throw-away
services on loopback (tests/functional/fixtures). Packages: as for
functional-stores. Exits 1 when something was not written, or is wrong.
"""

import argparse
from collections.abc import Iterator
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
from typing import Any

from benchmarks import arguments
from benchmarks import figures
from benchmarks import gateway
from benchmarks import images
from benchmarks import machine
from benchmarks import object_writer
from benchmarks import procs
from benchmarks import report
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.fixtures import transfer

#: way -> what it is
WAYS = {
    'sink': 'our sink',
    'adapter': 'the stock driver behind our adapter',
    'stock': 'the stock driver as Glance calls it',
}

#: service -> what it is
SERVICES = {
    's3': 'S3 of radosgw',
    's3api': 'S3 of Swift',
    'swift': 'Swift',
}

_OSD_OWN = 3 * images.GIB
_CONTAINER = 'glance'

# From the start of the writer, whose Python takes one of them.
_PAUSE_AFTER = 3


@dataclasses.dataclass(frozen=True)
class Result:
    """What one way took; sizes in bytes, times in seconds.

    :ivar wall: without the start of Python and its imports
    :ivar cpu: of the writer, likewise
    :ivar served: CPU of the service's process; radosgw's OSD not counted
    :ivar peak: most memory of the writer
    :ivar wrong: what is not as it should be; empty if all is well
    """

    size: str
    service: str
    way: str
    wall: float
    cpu: float
    served: float
    peak: int
    wrong: str

    @property
    def name(self) -> str:
        return f'{self.service} {self.way}'


def main() -> int:
    args = _arguments()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    facts = machine.facts(work, _command(args))
    image = images.prepare(work / 'images', args.size, 'raw')
    found: list[Result] = []
    try:
        with arguments.scratch(work, facts) as scratch:
            for row in _measured(args, image, scratch):
                arguments.say(f'{row.name:14} {row.wall:7.2f} s '
                              f'{row.cpu:7.2f} CPU s  {row.wrong}')
                found.append(row)
                # A long run that breaks off is not lost.
                _write(args, facts, found)
    finally:
        _write(args, facts, found)
    print(report.aligned(_tables(facts, found)))
    return 1 if any(row.wrong for row in found) else 0


def _service(name: str, size: str) -> Any:
    if name != 's3':
        return swift.Swift()
    return radosgw.RadosGw(cluster=ceph.Ceph(
        osd_bytes=images.SIZES[size] + _OSD_OWN))


def _measured(args: argparse.Namespace, image: images.BenchImage,
              scratch: pathlib.Path) -> Iterator[Result]:
    for name in args.services:
        with _service(name, args.size) as service:
            subject = Subject(name, service, scratch / f'{name}.conf')
            for turn in range(args.repeat):
                # What comes first may find the machine another.
                for way in args.ways if turn % 2 == 0 else args.ways[::-1]:
                    yield subject.measure(way, image, args.pause)


class Subject:
    """One service, as the writers know it."""

    def __init__(self, name: str, service: Any, conf: pathlib.Path) -> None:
        self._name = name
        self._service = service
        self._conf = conf
        self._driver = 'swift' if name == 'swift' else 's3'
        options = {
            'swift_store_auth_address': service.identity.url,
            'swift_store_user': 'glance:swift',
            'swift_store_key': service.secret_key,
            'swift_store_container': _CONTAINER,
            'swift_store_create_container_on_put': True,
        } if name == 'swift' else gateway.conf(service)
        conf.write_text(
            f'[DEFAULT]\nenabled_backends = one:{self._driver}\n[one]\n'
            + ''.join(f'{key} = {value}\n' for key, value in
                      options.items()))

    def measure(self, way: str, image: images.BenchImage,
                pause: float) -> Result:
        """Write it, measure, look whether it is right, remove it.

        :param pause: seconds that the service stands still meanwhile
        """
        served = procs.usage(self._service.pid).cpu
        with self._writer(way, image) as writer:
            if pause:
                time.sleep(_PAUSE_AFTER)
                with transfer.frozen(self._service.pid):
                    time.sleep(pause)
            taken = _taken(writer)
        served = procs.usage(self._service.pid).cpu - served
        taken['wrong'] = taken['wrong'] or self._difference(image)
        with self._writer('undo', image) as writer:
            if wrong := _taken(writer)['wrong']:
                raise RuntimeError(f'{self._name}: {wrong}')
        return Result(size=image.size, service=self._name, way=way,
                      served=served, **taken)

    def _writer(self, way: str, image: images.BenchImage
                ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, '-m', 'benchmarks.object_writer', way,
             self._driver, str(self._conf), str(image.raw)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, 'PYTHONPATH': os.getcwd()})

    def _difference(self, image: images.BenchImage) -> str:
        if self._driver == 's3':
            return gateway.difference(self._service, object_writer.IMAGE,
                                      image.raw)
        head, body = self._service.client().get_object(
            _CONTAINER, object_writer.IMAGE, resp_chunk_size=images.MIB)
        return gateway.compare(body, int(head['content-length']), image.raw)


def _taken(writer: subprocess.Popen[str]) -> dict[str, Any]:
    out, said = writer.communicate()
    if writer.returncode != 0:
        raise RuntimeError(f'{writer.args!r}: {said[-2000:]}')
    taken: dict[str, Any] = json.loads(out.splitlines()[-1])
    return taken


def _tables(facts: dict[str, str],
            found: list[Result]) -> list[report.Table]:
    rows = figures.middle(found)
    stock = {row.service: row.wall for row in rows if row.way == 'stock'}
    head = ['image', 'service', 'way', 'wall s', 'to stock', 'CPU s',
            'service CPU s', 'MiB', 'wrong', 'what it is']
    return [
        ('The run', ['', ''], [[k, v] for k, v in facts.items()]),
        ('The raw image into one object store, without Glance', head, [
            [row.size, SERVICES[row.service], row.way, f'{row.wall:.2f}',
             figures.faster(row.wall, stock.get(row.service)),
             f'{row.cpu:.2f}', f'{row.served:.2f}', figures.mib(row.peak),
             row.wrong or '-', WAYS[row.way]] for row in rows])]


def _write(args: argparse.Namespace, facts: dict[str, str],
           found: list[Result]) -> None:
    if args.json:
        report.replace(args.json, json.dumps({
            'facts': facts,
            'objects': [dataclasses.asdict(row) for row in found]},
            indent=1))
    if args.rst:
        report.replace(args.rst, report.csv_tables(
            _tables(facts, found), 'python -m benchmarks.objects --rst'))


def _command(args: argparse.Namespace) -> str:
    return f'python -m benchmarks.objects --size {args.size}' + (
        f' --repeat {args.repeat}' if args.repeat > 1 else '') + (
        f' --pause {args.pause:g}' if args.pause else '')


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.objects',
        description='The same image into S3 and Swift, by the stock drivers '
        'and by us.')
    parser.add_argument('--size', choices=images.SIZES, default='1g',
                        help='virtual size, 40 %% of it data; default: 1g')
    parser.add_argument('--repeat', type=int, default=1, metavar='N',
                        help='of each; the median is shown; default: 1')
    parser.add_argument('--pause', type=float, default=0, metavar='S',
                        help='stop the service for so many seconds')
    arguments.add_some(parser, '--ways', WAYS)
    arguments.add_some(parser, '--services', SERVICES)
    arguments.add_files(parser, 'benchmarks-objects.inc')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
