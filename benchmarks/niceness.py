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

"""``python -m benchmarks.niceness``: who goes first, the API or an import?

For each way to set an import's process back: how long GET /v2/images takes
while three imports run on an otherwise idle machine, and what share of the
processor one import gets beside busy processes. For the choice of the
defaults of ``[lifecycle_transfer] nice`` and its companions.
"""

import argparse
from collections.abc import Iterator
import contextlib
import dataclasses
import json
import os
import pathlib
import sys
import threading
import time

from benchmarks import arguments
from benchmarks import busy
from benchmarks import images
from benchmarks import imports
from benchmarks import latency
from benchmarks import machine
from benchmarks import niceness_report as results
from benchmarks import report
from benchmarks import variants
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import mariadb

#: Busy processes for each core.
LOADS = (0, 2, 6)

#: Requests a second.
RATE = 10

#: Of imports of one block each: what Glance and we do in glance-api itself,
#: which no niceness of the child reaches.
FLOOR = 'one block'

#: Stock Glance, by the names of what it does.
STOCK = ('stock', 'stock, one block')

_TICK = os.sysconf('SC_CLK_TCK')
# A candidate starts from none of the one before.
_UNSET = {'nice': None, 'group_nice': None, 'scheduling_policy': None}


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One way to set an import's process back.

    :ivar conf: of ``[lifecycle_transfer]``
    :ivar weight: of a control group for the process; None for no such group
    """

    conf: dict[str, object]
    weight: int | None = None


_BATCH = {'scheduling_policy': 'batch'}
# Else it is idle by default where glance-api has a control group.
_OTHER = {'scheduling_policy': 'other'}

#: name -> what it is
CANDIDATES = {
    'default': Candidate({}),
    'idle': Candidate({'scheduling_policy': 'idle'}),
    'nice 0': Candidate({'nice': 0, **_OTHER}),
    'nice 5': Candidate({'nice': 5, **_OTHER}),
    'nice 7': Candidate({'nice': 7, **_OTHER}),
    'nice 10': Candidate({'nice': 10, **_OTHER}),
    'nice 15': Candidate({'nice': 15, **_OTHER}),
    'nice 15 group 0': Candidate({'nice': 15, 'group_nice': 0, **_OTHER}),
    'nice 15 group 5': Candidate({'nice': 15, 'group_nice': 5, **_OTHER}),
    'nice 0 group 10': Candidate({'nice': 0, 'group_nice': 10, **_OTHER}),
    'batch 0': Candidate({'nice': 0, **_BATCH}),
    'batch 5': Candidate({'nice': 5, **_BATCH}),
    'batch 10': Candidate({'nice': 10, **_BATCH}),
    'weight 50': Candidate({'nice': 0, **_OTHER}, 50),
    'weight 20': Candidate({'nice': 0, **_OTHER}, 20),
}
# All of them take a quarter of an hour.
_DEFAULT = ('default', 'nice 0', 'nice 5', 'nice 7', 'nice 10', 'nice 15',
            'nice 15 group 0', 'batch 0', 'batch 5', 'weight 20')


def main() -> int:
    args = _arguments()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    parent = busy.hierarchy()
    facts = machine.facts(work, 'python -m benchmarks.niceness '
                          + ' '.join(sys.argv[1:]))
    facts['window'] = f'{args.window:.0f}'
    facts['groups by session'] = busy.autogroup()
    facts['services are in'] = ('control groups' if args.services
                                else 'sessions')
    if parent is None and args.services:
        sys.exit('No control group can be made here: run without --services.')
    run = results.Run(facts)
    image = images.prepare(work / 'images', args.size, 'qcow2')
    small = images.prepare(work / 'images', 'tiny', 'qcow2')
    try:
        with arguments.scratch(work, facts):
            _measure(args, run, image, small, parent)
    finally:
        _write(args, run)
    print(report.aligned(results.tables(run)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.niceness', description=__doc__)
    parser.add_argument(
        '--candidates', type=arguments.SomeOf(CANDIDATES),
        default=list(_DEFAULT), metavar='NAME,...',
        help=f'of {",".join(CANDIDATES)}; default: {",".join(_DEFAULT)}')
    parser.add_argument('--size', choices=list(images.SIZES), default='1g',
                        help='of the image; default: 1g')
    parser.add_argument(
        '--requests', type=int, default=150, metavar='N',
        help=f'at the least, {RATE} a second; default: 150')
    parser.add_argument(
        '--window', type=float, default=10.0, metavar='SECONDS',
        help='how long an import beside busy processes is watched; default: '
        '10')
    parser.add_argument(
        '--services', action='store_true',
        help='glance-api, its database, who asks and each busy process in a '
        'control group, as systemd starts services, and not in a session of '
        'its own alone')
    arguments.add_files(parser, 'benchmarks-niceness.inc')
    return parser.parse_args()


def _measure(args: argparse.Namespace, run: results.Run,
             image: images.BenchImage, small: images.BenchImage,
             parent: pathlib.Path | None) -> None:
    with mariadb.MariaDb() as server, contextlib.ExitStack() as others:
        if parent and args.services:
            others.enter_context(busy.services(
                parent, [([server.pid], busy.WEIGHT)]))
        _ours(args, run, image, small, parent, server.database())
        with (_listed(variants.SERIAL, server.database()) as api,
              _subject(args, parent, api, '', Candidate({})) as stock):
            stock.warm(small)
            for name, one in zip(STOCK, (image, small), strict=True):
                run.stock.append(stock.latency(one, args.requests, name))
                _say(run.stock[-1])


def _ours(args: argparse.Namespace, run: results.Run, image: images.BenchImage,
          small: images.BenchImage, parent: pathlib.Path | None,
          database: str) -> None:
    with _listed(variants.OURS, database) as api:
        for name in args.candidates:
            candidate = CANDIDATES[name]
            if candidate.weight and parent is None:
                arguments.say(f'{name}: no control group can be made here')
                continue
            api.configure(lifecycle_transfer={**_UNSET, **candidate.conf})
            api.restart()
            with _subject(args, parent, api, name, candidate) as subject:
                _candidate(args, run, image, small, subject)


def _candidate(args: argparse.Namespace, run: results.Run,
               image: images.BenchImage, small: images.BenchImage,
               subject: 'Subject') -> None:
    subject.warm(small)
    if run.idle is None:
        run.idle = subject.idle(args.requests)
        _say(run.idle)
        run.floor = subject.latency(small, args.requests, FLOOR)
        _say(run.floor)
    found = subject.latency(image, args.requests)
    run.latencies[found.variant] = found
    _say(found)
    for load in LOADS:
        share = subject.share(image, load, args.window)
        run.shares.append(share)
        arguments.say(f'{share.candidate:16} load {load}: '
                      f'{share.cores:.2f} cores, '
                      f'{results.wall(share, args.window)} s')


@contextlib.contextmanager
def _listed(variant: variants.Variant, database: str
            ) -> Iterator[glance.GlanceApi]:
    """A glance-api with what is listed."""
    with variant.api(database, os.cpu_count() or 1) as api:
        user = api.user()
        for number in range(latency.LISTED):
            user.create_image(f'listed {number}')
        yield api


@contextlib.contextmanager
def _subject(args: argparse.Namespace, parent: pathlib.Path | None,
             api: glance.GlanceApi, name: str, candidate: Candidate
             ) -> Iterator['Subject']:
    with contextlib.ExitStack() as stack:
        group = (stack.enter_context(busy.Group(parent))
                 if parent and args.services else None)
        subject = Subject(api, name, candidate, parent, group)
        if candidate.weight and parent:
            stack.enter_context(subject.moving(parent))
        yield subject


class Subject:
    """One candidate in a running glance-api, or stock Glance.

    :param group: the control group of glance-api as a service, if it has one
    """

    def __init__(self, api: glance.GlanceApi, name: str,
                 candidate: Candidate, parent: pathlib.Path | None,
                 group: busy.Group | None) -> None:
        self._api = api
        self._name = name
        self._candidate = candidate
        self._parent = parent if group else None
        self._user = api.user()
        if group:
            for pid in (*api.workers(), *api.descendants()):
                group.add(pid)

    @contextlib.contextmanager
    def moving(self, parent: pathlib.Path) -> Iterator[None]:
        """Each import's process into the group of the candidate's weight."""
        with busy.Group(parent, self._candidate.weight or 0) as group:
            stop = threading.Event()

            def run() -> None:
                moved: set[int] = set()
                while not stop.wait(0.02):
                    for pid in set(self._children()) - moved:
                        group.add(pid)
                        moved.add(pid)
            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()

    def warm(self, small: images.BenchImage) -> None:
        """The first imports of a process load code."""
        latency.import_three(self._user, small, None)

    def idle(self, requests: int) -> latency.Latency:
        pinger = latency.Pinger(self._user, RATE)
        with pinger.running():
            time.sleep(requests / RATE)
        return latency.summary('idle', 'idle', pinger.times, 0.0)

    def latency(self, image: images.BenchImage, requests: int,
                name: str | None = None) -> latency.Latency:
        pinger = latency.Pinger(self._user, RATE)
        walls: list[float] = []
        while len(pinger.times) < requests:
            walls.append(latency.import_three(self._user, image, pinger))
        return latency.summary(name or self._name, 'imports', pinger.times,
                               sum(walls) / len(walls))

    def share(self, image: images.BenchImage, load: int, window: float
              ) -> results.Share:
        """One import beside busy processes, watched from its first byte."""
        image_id = latency.staged(self._user, image)
        os.sync()
        with busy.processes(load * busy.cores(), self._parent):
            requested = time.monotonic()
            self._user.import_image(image_id, all_stores=True)
            seen, used, ended = self._watch(window)
            wall = None
            if ended:
                latency.until_active(self._user, image_id)
                wall = time.monotonic() - requested
        # With the machine to itself again, what is left of it is quick.
        self._user.wait_import(image_id, timeout=imports.TIMEOUT)
        self._user.delete(image_id)
        return results.Share(self._name, load, used / max(seen, 0.01), wall)

    def _watch(self, window: float) -> tuple[float, float, bool]:
        """How long the process was seen, its CPU seconds, and if it ended."""
        deadline = time.monotonic() + 60
        while not (children := self._children()):
            if time.monotonic() > deadline:
                raise RuntimeError('no import has started')
            time.sleep(0.01)
        pid = children[0]
        start = last = time.monotonic()
        used = 0.0
        while last - start < window:
            try:
                used = _cpu(pid)
            except (FileNotFoundError, ProcessLookupError):
                return last - start, used, True
            last = time.monotonic()
            time.sleep(0.02)
        return last - start, used, False

    def _children(self) -> list[int]:
        return [pid for pid in self._api.descendants() if _is_child(pid)]


def _is_child(pid: int) -> bool:
    try:
        command = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
    except OSError:
        return False
    return b'glance_lifecycle.transfer.child' in command.split(b'\0')


def _cpu(pid: int) -> float:
    """CPU seconds of a process; of what it has waited for, too."""
    stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
    fields = stat.rpartition(')')[2].split()
    if fields[0] == 'Z':
        raise ProcessLookupError(pid)
    return sum(int(ticks) for ticks in fields[11:15]) / _TICK


def _say(found: latency.Latency) -> None:
    arguments.say(f'{found.variant:16} p50 {found.p50 * 1000:.0f} ms, p99 '
                  f'{found.p99 * 1000:.0f} ms, 3 imports '
                  f'{found.imports_wall:.1f} s')


def _write(args: argparse.Namespace, run: results.Run) -> None:
    if args.json:
        report.replace(args.json, json.dumps(results.plain(run), indent=1))
    if args.rst:
        report.replace(args.rst, report.csv_tables(
            results.tables(run), 'python -m benchmarks.niceness --rst'))


if __name__ == '__main__':
    sys.exit(main())
