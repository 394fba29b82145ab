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

"""``python -m benchmarks.migration``: images that move, against bare copies.

A glance-api with three file stores, and a worker with four jobs. First its
plain copies of all images, as a policy asks for them; then migrations of the
same images, twice without and twice with reading back. Rates are of the time
in which at least one image was being copied; none is in memory when it
begins. The second migration of each kind is planned with what the first one
measured: how far its forecast was off is told.
"""

import argparse
from collections.abc import Callable
import datetime
import json
import os
import pathlib
import sys
import time

import fixtures

from glance_lifecycle.planning import waves
from glance_lifecycle.policy import decision
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.unit.policy import strategies
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import asked
from glance_lifecycle.worker.migrating import plan as plans
from glance_lifecycle.worker.migrating import planning
from glance_lifecycle.worker.migrating import rates

MIB = 1024 ** 2
PARALLEL = 4
#: of the bare rate, at least; and how far a forecast may be off
GOAL_RATE, GOAL_FORECAST = 0.9, 0.15

_NOTHING = 'version: 1\nrules: []\n'
# No store between which images are moved: a worker that has not read the next
# policy yet would keep them there.
_COPY = """\
version: 1
rules:
  - name: all
    place: {stores: [s3]}
"""
_PATIENCE = 3600


class Bench(fixtures.Fixture):
    """:param count: images of ``size`` MiB each, half of them half as large
    """

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self._count = count
        self._size = size

    def _setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi(
            stores=dict.fromkeys(('s1', 's2', 's3'), 'file'),
            conf={'DEFAULT': {'debug': False}}))
        admin = self.api.admin()
        source = pathlib.Path(self.useFixture(
            fixtures.TempDir()).path, 'source')
        self.images = []
        for number in range(self._count):
            source.write_bytes(os.urandom(
                self._size * MIB // (1 + number % 2)))
            made = admin.create_image(disk_format='raw')
            admin.upload(made['id'], source)
            self.images.append(admin.get(made['id']))
        self.bytes = sum(image['size'] for image in self.images)
        self.daemon = self.useFixture(worker.Worker(
            self.api, _NOTHING, jobs=PARALLEL, brake_percent=0))

    def bare(self) -> float:
        """Bytes a second of plain copies to s3."""
        self._cold()
        self.daemon.set_policy(_COPY)
        spans = []
        for image in self.images:
            self.daemon.wait_for_job(image['id'], 'copy')
            entry = next(one for one in history.of_job(
                self.daemon.database, self.daemon.job(
                    image['id'], 'copy').id)
                if one.event == jobs.State.DONE)
            end = entry.at.timestamp()
            spans.append((end - entry.proof[history.SECONDS], end))
        return float(self.bytes / waves.busy(spans))

    def migrate(self, source: str, target: str, *, read_back: bool,
                pace: waves.Pace) -> tuple[float, float]:
        """Bytes a second, and the seconds that were forecast."""
        self._cold()
        admin = self.api.admin()
        plan = planning.make(
            [admin.get(image['id']) for image in self.images],
            decision.Policy(strategies.load({'version': 1, 'rules': []})),
            None, {}, planning.Wishes(
                source, target, plans.Settings(
                    False, read_back, 0.0, PARALLEL, 0, ()),
                plans.Forecast(pace.rate, pace.each, 'measured', None),
                images=self._count, canary=0),
            datetime.datetime.now(datetime.UTC))
        move_id = asked.run(self.daemon.database, plan, actor='benchmark')
        self._until(lambda: moves.get(
            self.daemon.database, move_id).state in ('done', 'stopped'))
        view = asked.show(self.daemon.database, move_id)
        if view.move.state != 'done':
            sys.exit(view.move.error)
        wave, = view.waves
        assert wave.actual  # noqa: S101 - for mypy
        return self.bytes / wave.actual, wave.forecast

    def measured(self, target: str, *, read_back: bool) -> waves.Pace:
        found = rates.measured(self.daemon.database, target,
                               read_back=read_back)
        assert found is not None  # noqa: S101 - for mypy
        return found

    def _cold(self) -> None:
        """As a catalogue is that nobody has just uploaded.

        Else the first copies come from memory, and forecast 1.3 times the rate
        of the next. Nor is discarding gigabytes the next one's burden.
        """
        os.sync()
        for store in self.api.stores:
            for path in self.api.store_dir(store).iterdir():
                with path.open('rb') as stream:
                    os.posix_fadvise(stream.fileno(), 0, 0,
                                     os.POSIX_FADV_DONTNEED)

    @staticmethod
    def _until(done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not done():
            if time.monotonic() > deadline:
                sys.exit('It took longer than an hour.')
            time.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.migration',
                                     description=__doc__)
    parser.add_argument('--images', type=int, default=16)
    parser.add_argument('--mib', type=int, default=512)
    parser.add_argument('--json', type=pathlib.Path, metavar='FILE')
    args = parser.parse_args()
    with Bench(args.images, args.mib) as bench:
        bare = bench.bare()
        trusted, _forecast = bench.migrate(
            's1', 's2', read_back=False,
            pace=waves.Pace(bare, 0.0, PARALLEL))
        again, forecast = bench.migrate(
            's2', 's1', read_back=False,
            pace=bench.measured('s2', read_back=False))
        verified, _forecast = bench.migrate(
            's1', 's2', read_back=True,
            pace=bench.measured('s1', read_back=False))
        last, slow = bench.migrate(
            's2', 's1', read_back=True,
            pace=bench.measured('s2', read_back=True))
        figures = {
            'bare_mib_per_second': bare / MIB,
            'migration_mib_per_second': trusted / MIB,
            'again_mib_per_second': again / MIB,
            'read_back_mib_per_second': verified / MIB,
            'read_back_again_mib_per_second': last / MIB,
            'of_bare': trusted / bare, 'of_bare_read_back': verified / bare,
            'forecast_off': abs(forecast * again / bench.bytes - 1),
            'forecast_off_read_back': abs(slow * last / bench.bytes - 1)}
    text = json.dumps({name: round(value, 3)
                       for name, value in figures.items()}, indent=1)
    sys.stdout.write(text + '\n')
    if args.json:
        args.json.write_text(text + '\n')
    return int(figures['of_bare'] < GOAL_RATE
               or figures['forecast_off'] > GOAL_FORECAST
               or figures['forecast_off_read_back'] > GOAL_FORECAST)


if __name__ == '__main__':
    sys.exit(main())
