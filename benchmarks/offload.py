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

"""Imports that a worker runs, beside those that glance-api runs itself.

``wall``: from the request to the active image, in turns, to one store set.
``latency``: GET /v2/images while three imports run in the worker, and idle.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import json
import os
import statistics
import sys
import time

from benchmarks import arguments
from benchmarks import busy
from benchmarks import images
from benchmarks import latency
from benchmarks import machine
from benchmarks import report
from benchmarks import variants
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import worker

POLICY = 'version: 1\nrules: []\n'

#: wall time of an offloaded import to that of the child's; at most
WALL_GOAL = 1.05
#: an API's p99 under three offloaded imports, to that of an idle one; at most
LATENCY_GOAL = 1.5

#: Requests a second.
RATE = 10

#: CPUWeight= of the worker's unit, in etc/systemd.
WORKER_WEIGHT = 20

_WHERE = ('child', 'worker')


@dataclasses.dataclass
class Figure:
    """:ivar goal: at most; None for none"""

    what: str
    found: float
    unit: str
    goal: float | None = None

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ''
        return 'PASS' if self.found <= self.goal else 'short'


def wall(args: argparse.Namespace) -> Iterator[Figure]:
    """One import at a time, in turns."""
    image = images.prepare(args.work / 'images', args.size, 'qcow2')
    walls: dict[str, list[float]] = {where: [] for where in _WHERE}
    with _beside() as (_server, api, _daemon):
        for _number in range(args.repeat):
            for where in _WHERE:
                api.configure(lifecycle_transfer={'run_in': where})
                api.restart()
                # The first import of a process loads code.
                _one(api.user(), images.prepare(
                    args.work / 'images', 'tiny', 'qcow2'))
                walls[where].append(_one(api.user(), image))
                arguments.say(f'{where}: {walls[where][-1]:.2f} s')
    best = {where: statistics.median(found)
            for where, found in walls.items()}
    for where in _WHERE:
        yield Figure(f'import of {args.size} in {where}', best[where], 's')
    yield Figure('worker to child', best['worker'] / best['child'], '',
                 WALL_GOAL)


def late(args: argparse.Namespace) -> Iterator[Figure]:
    """The same API, idle and while it waits for three imports."""
    image = images.prepare(args.work / 'images', args.size, 'qcow2')
    with _beside() as (server, api, daemon):
        api.configure(lifecycle_transfer={'run_in': 'worker'})
        api.restart()
        user = api.user()
        for number in range(latency.LISTED):
            user.create_image(f'listed {number}')
        latency.import_three(user, images.prepare(
            args.work / 'images', 'tiny', 'qcow2'), None)
        with _grouped(args.services, server, api, daemon):
            idle = latency.Pinger(user, RATE)
            with idle.running():
                time.sleep(args.requests / RATE)
            under, walls = latency.Pinger(user, RATE), []
            while len(under.times) < args.requests:
                walls.append(latency.import_three(user, image, under))
    before = latency.summary('worker', 'idle', idle.times, 0.0)
    found = latency.summary('worker', 'imports', under.times,
                            sum(walls) / len(walls))
    yield Figure('p99 idle', before.p99 * 1000, 'ms')
    yield Figure('p99 under three imports', found.p99 * 1000, 'ms')
    yield Figure('p99 to idle', found.p99 / before.p99, '', LATENCY_GOAL)


@contextlib.contextmanager
def _beside() -> Iterator[tuple[mariadb.MariaDb, glance.GlanceApi,
                                worker.Worker]]:
    """A database, a glance-api, and a worker that observes."""
    with (mariadb.MariaDb() as server,
          variants.OURS.api(server.database(), os.cpu_count() or 1) as api,
          worker.Worker(api, POLICY, mode='observe', sweep_interval=60
                        ) as daemon):
        yield server, api, daemon


def _grouped(services: bool, server: mariadb.MariaDb, api: glance.GlanceApi,
             daemon: worker.Worker) -> contextlib.AbstractContextManager[None]:
    if not services:
        return contextlib.nullcontext()
    parent = busy.hierarchy()
    if parent is None:
        sys.exit('No control group can be made here: run without --services.')
    return busy.services(parent, [
        ([server.pid], busy.WEIGHT),
        ([*api.workers(), *api.descendants()], busy.WEIGHT),
        ([daemon.pid, daemon.child], WORKER_WEIGHT)])


def _one(user: client.Client, image: images.BenchImage) -> float:
    """Seconds from the request to the active image."""
    image_id = latency.staged(user, image)
    os.sync()
    start = time.monotonic()
    user.import_image(image_id, all_stores=True)
    latency.until_active(user, image_id)
    found = time.monotonic() - start
    user.wait_import(image_id)
    user.delete(image_id)
    os.sync()
    return found


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    'wall': wall, 'latency': late}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.offload', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_some(parser, '--parts', PARTS)
    parser.add_argument('--size', choices=list(images.SIZES), default='10g',
                        help='of the image; default: 10g')
    parser.add_argument('--repeat', type=int, default=3, metavar='N',
                        help='imports in each place; default: 3')
    parser.add_argument('--requests', type=int, default=300, metavar='N',
                        help='at the least; default: 300')
    parser.add_argument(
        '--services', action='store_true',
        help='for the latency, the database, glance-api, the worker and who '
        'asks in a control group each, as systemd starts services, and not in '
        'a session each alone')
    arguments.add_files(parser, 'benchmarks-offload.inc')
    args = parser.parse_args()
    args.work = args.work.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    facts = machine.facts(args.work, ' '.join(
        ['python -m benchmarks.offload', *sys.argv[1:]]))
    found: list[Figure] = []
    with arguments.scratch(args.work, facts):
        for part in args.parts:
            for one in PARTS[part](args):
                arguments.say(f'{one.what}: {one.found:.2f} {one.unit} '
                              f'{one.verdict}')
                found.append(one)
    facts['load at the end'] = f'{os.getloadavg()[0]:.1f}'
    tables: list[report.Table] = [
        ('The run', ['', ''], [[k, v] for k, v in facts.items()]),
        ('Imports in a worker', ['verdict', 'what', 'found', 'unit', 'goal'],
         [[one.verdict, one.what, f'{one.found:.2f}', one.unit,
           f'at most {one.goal:g}' if one.goal else '-'] for one in found])]
    if args.json:
        report.replace(args.json, json.dumps({
            'facts': facts,
            'figures': [dataclasses.asdict(one) for one in found]}, indent=1))
    if args.rst:
        report.replace(args.rst, report.csv_tables(
            tables, 'python -m benchmarks.offload --rst'))
    print(report.aligned(tables))
    return 0


if __name__ == '__main__':
    sys.exit(main())
