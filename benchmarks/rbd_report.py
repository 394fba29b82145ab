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
"""What the benchmark on Ceph has found: tables, goals, JSON."""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import json
import pathlib
from typing import Any

from benchmarks import figures
from benchmarks import goals
from benchmarks import images
from benchmarks import rbd_alone
from benchmarks import rbd_imports
from benchmarks import report
from benchmarks import store_copies

#: ours to the other, import request to active
IMPORT_WALL = {rbd_imports.STOCK.name: 1 / 4}
IMPORT_S3_WALL = {rbd_imports.STOCK_S3.name: 1 / 3}
#: our sink, with the digests, to the stock driver
ALONE_WALL = {'thin': 1 / 3}
#: ours to the slower of "rbd import" and these digests
AGAINST_IMPORT = {'sink': 'digests', 'pass': 'digests',
                  'pass sha512': 'sha512'}
IMPORTED_WALL = 1.15
#: bytes of the OSD's device, to what "rbd import" takes
ALLOCATED = 1.001
#: our whole command, verified, to copy-image
COPY_WALL = {'copy-image': 1 / 5}
MEMORY = 250 * images.MIB

_STOCK_OF = {v.name: (rbd_imports.STOCK_S3 if v.s3 else rbd_imports.STOCK).name
             for v in rbd_imports.ALL if not v.pause}

_OWN = ('sink', 'pass', 'pass sha512', 'copy', *(
    v.name for v in rbd_imports.ALL if v.plugin == rbd_imports.OURS.plugin))


@dataclasses.dataclass
class Run:
    """Everything that one run has found, in the order of its happening."""

    facts: dict[str, str]
    imports: list[rbd_imports.Result] = dataclasses.field(
        default_factory=list)
    alone: list[rbd_alone.Result] = dataclasses.field(default_factory=list)
    copies: list[store_copies.Result] = dataclasses.field(
        default_factory=list)

    @property
    def rows(self) -> list[Any]:
        return [*self.imports, *self.alone, *self.copies]


def tables(run: Run) -> list[report.Table]:
    return [
        ('The run', ['', ''], [[k, v] for k, v in run.facts.items()]),
        _imports(figures.middle(run.imports)),
        _alone(figures.middle(run.alone)),
        _copies(figures.middle(run.copies)),
        ('Goals', ['verdict', 'what', 'of', 'found', 'at most'],
         [[g.verdict, g.what, g.subject, g.value, g.limit]
          for g in judge(run)])]


def _imports(rows: Sequence[rbd_imports.Result]) -> report.Table:
    head = ['image', 'variant', 'wall s', 'to stock', 'CPU s', 'OSD CPU s',
            'child MiB', 'glance-api MiB', 'allocated MiB', 'wrong']
    wall = {row.name: row.wall for row in rows}
    return 'Imports of qcow2 into two pools, and into S3 besides', head, [
        [row.size, row.name, f'{row.wall:.2f}',
         figures.faster(row.wall, wall.get(_STOCK_OF.get(row.name, ''))),
         f'{row.cpu:.2f}', f'{row.osd_cpu:.2f}', figures.mib(row.peak),
         figures.mib(row.worker_growth), figures.mib(row.allocated),
         row.wrong or '-']
        for row in rows]


def _alone(rows: Sequence[rbd_alone.Result]) -> report.Table:
    head = ['image', 'way', 'wall s', 'to thin', 'CPU s', 'OSD CPU s',
            'MiB', 'allocated MiB', 'wrong', 'what it is']
    thin = next((row.wall for row in rows if row.name == 'thin'), None)
    return 'The sparse raw image into one pool, without Glance', head, [
        [row.size, row.name, f'{row.wall:.2f}',
         figures.faster(row.wall, thin),
         f'{row.cpu:.2f}', f'{row.osd_cpu:.2f}', figures.mib(row.peak),
         figures.mib(row.allocated), row.wrong or '-',
         rbd_alone.WAYS[row.name]]
        for row in rows]


def _copies(rows: Sequence[store_copies.Result]) -> report.Table:
    head = ['image', 'way', 'wall s', 'to copy-image', 'to thin', 'copy s',
            'CPU s', 'OSD CPU s', 'MiB', 'allocated MiB', 'wrong',
            'what it is']
    wall = {row.name: row.wall for row in rows}
    return 'The stored image from pool to pool', head, [
        [row.size, row.name, f'{row.wall:.2f}',
         *(figures.faster(row.wall, wall.get(name))
           for name in ('copy-image', 'copy-image thin')),
         '-' if row.seconds is None else f'{row.seconds:.1f}',
         f'{row.cpu:.2f}', f'{row.osd_cpu:.2f}',
         figures.mib(row.peak) if row.peak else '-',
         figures.mib(row.allocated), row.wrong or '-',
         store_copies.WAYS[row.name]]
        for row in rows]


def judge(run: Run) -> list[goals.Goal]:
    """All goals that this run has figures for; of its largest size."""
    imports, alone = figures.middle(run.imports), figures.middle(run.alone)
    wrong = sum(bool(row.wrong) for row in run.rows)
    return [
        *_wall(imports, rbd_imports.OURS.name, IMPORT_WALL),
        *_wall(imports, rbd_imports.OURS_S3.name, IMPORT_S3_WALL),
        *_wall(alone, 'pass', ALONE_WALL),
        *_against_import(alone),
        *_wall(figures.middle(run.copies), 'copy', COPY_WALL),
        *_memory(run.rows),
        goals.Goal('imports and copies that are wrong', 'all', str(wrong),
                   '0', wrong == 0)]


def _wall(rows: Sequence[Any], own: str,
          limits: dict[str, float]) -> Iterator[goals.Goal]:
    by_name = {row.name: row for row in rows}
    for other, limit in limits.items():
        if own in by_name and other in by_name:
            ratio = by_name[own].wall / by_name[other].wall
            yield _goal(f'wall, {own} to {other}', by_name[own], ratio,
                        limit, _part)


def _against_import(rows: Sequence[rbd_alone.Result]
                    ) -> Iterator[goals.Goal]:
    by_name = {row.name: row for row in rows}
    for own, digests in AGAINST_IMPORT.items():
        if {own, 'import', digests} <= by_name.keys():
            slower = max(by_name['import'].wall, by_name[digests].wall)
            yield _goal(f'wall, {own} to the slower of import and {digests}',
                        by_name[own], by_name[own].wall / slower,
                        IMPORTED_WALL, _ratio)
    if {'pass', 'import'} <= by_name.keys():
        yield _goal('allocated, pass to import', by_name['pass'],
                    by_name['pass'].allocated / by_name['import'].allocated,
                    ALLOCATED, _ratio)


def _memory(rows: Sequence[Any]) -> Iterator[goals.Goal]:
    for what, names in (
            ('most', _OWN),
            (f'S3 stopped for {rbd_imports.PAUSE} s',
             [rbd_imports.STOPPED.name])):
        own = [row for row in rows if row.name in names]
        if own:
            worst = max(own, key=lambda row: row.peak)
            yield _goal(f'memory of our process, {what}', worst, worst.peak,
                        MEMORY, goals.mib)


def _goal(what: str, row: Any, value: float, limit: float,
          words: Any) -> goals.Goal:
    return goals.Goal(what, row.size, words(value), words(limit),
                      value <= limit)


def write_json(run: Run, path: pathlib.Path) -> None:
    report.replace(path, json.dumps({
        'facts': run.facts,
        'imports': [dataclasses.asdict(row) for row in run.imports],
        'alone': [dataclasses.asdict(row) for row in run.alone],
        'copies': [dataclasses.asdict(row) for row in run.copies],
        'goals': [{**dataclasses.asdict(goal), 'verdict': goal.verdict}
                  for goal in judge(run)]}, indent=1))


def progress(row: Any) -> str:
    return (f'{row.size:5} {row.name:16}{row.wall:8.2f} s {row.cpu:8.2f} '
            f'CPU s {goals.mib(row.peak):>8} '
            f'{goals.mib(row.allocated):>10} allocated  {row.wrong}')


def _ratio(value: float) -> str:
    return f'{value:.3f}'


def _part(ratio: float) -> str:
    return f'1/{1 / ratio:.1f}'
