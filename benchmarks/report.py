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

"""The figures as aligned text, reStructuredText and JSON."""

from collections.abc import Sequence
import dataclasses
import json
import pathlib
import re
from typing import Any

from benchmarks import goals
from benchmarks import images
from benchmarks import imports
from benchmarks import latency
from benchmarks import variants

Table = tuple[str, list[str], list[list[str]]]


@dataclasses.dataclass
class Run:
    """Everything that one run has found."""

    facts: dict[str, str]
    yardsticks: goals.Yardsticks
    results: list[imports.Result] = dataclasses.field(default_factory=list)
    latencies: list[latency.Latency] = dataclasses.field(
        default_factory=list)
    data: dict[tuple[str, str], int] = dataclasses.field(
        default_factory=dict)

    def medians(self) -> list[imports.Result]:
        """Of repeated imports the one with the median wall time each."""
        groups: dict[tuple[str, str, int, str], list[imports.Result]] = {}
        for row in self.results:
            groups.setdefault(
                (row.size, row.kind, row.stores, row.variant), []).append(row)
        return [self._middle(rows) for rows in groups.values()]

    @staticmethod
    def _middle(rows: list[imports.Result]) -> imports.Result:
        rows = sorted(rows, key=lambda row: row.wall)
        middle = rows[(len(rows) - 1) // 2]
        # One wrong import among good ones must not hide.
        wrong = '; '.join(row.wrong for row in rows if row.wrong)
        return dataclasses.replace(
            middle, wrong=wrong,
            child_peak=max(row.child_peak for row in rows),
            staging_extra=max(row.staging_extra for row in rows))

    def goals(self) -> list[goals.Goal]:
        return goals.judge(self.medians(), self.yardsticks, self.latencies,
                           self.data)


def tables(run: Run) -> list[Table]:
    return [_facts(run), _imports(run), _yardsticks(run), _latencies(run),
            _goals(run)]


def text(run: Run) -> str:
    return aligned(tables(run))


def aligned(found: Sequence[Table]) -> str:
    """Tables with aligned columns, for a terminal."""
    parts = []
    for title, head, rows in found:
        if not rows:
            continue
        widths = [max(len(row[n]) for row in [head, *rows])
                  for n in range(len(head))]
        # Figures to the right, words to the left.
        right = [all(_is_figure(row[n]) for row in rows)
                 for n in range(len(head))]
        parts.append(f'\n{title}')
        if any(head):
            parts += [_line(head, widths, right),
                      '  '.join('-' * width for width in widths)]
        parts += [_line(row, widths, right) for row in rows]
    return '\n'.join(parts)


def rst(run: Run) -> str:
    return csv_tables(tables(run), 'python -m benchmarks --rst')


def csv_tables(found: Sequence[Table], command: str) -> str:
    """CSV tables, to be included in the documentation.

    :param command: what writes them
    """
    parts = [f'.. Written by: {command}', '']
    for title, head, rows in found:
        if not rows:
            continue
        parts += [f'.. csv-table:: {title}',
                  *([f'   :header: {_csv(head)}'] if any(head) else []),
                  '   :widths: auto', '']
        parts += [f'   {_csv(row)}' for row in rows] + ['']
    return '\n'.join(parts)


def write_json(run: Run, path: pathlib.Path) -> None:
    value: dict[str, Any] = {
        'facts': run.facts,
        'imports': [dataclasses.asdict(row) for row in run.results],
        'yardsticks': {
            'digests': {size: dataclasses.asdict(value) for size, value
                        in run.yardsticks.digests.items()},
            'decompression': {
                f'{size} {kind}': seconds for (size, kind), seconds
                in run.yardsticks.decompression.items()}},
        'data': {f'{size} {kind}': value
                 for (size, kind), value in run.data.items()},
        'latencies': [dataclasses.asdict(one) for one in run.latencies],
        'goals': [{**dataclasses.asdict(goal), 'verdict': goal.verdict}
                  for goal in run.goals()],
    }
    replace(path, json.dumps(value, indent=1))


def replace(path: pathlib.Path, content: str) -> None:
    """Write a file, which is never half written."""
    new = path.with_name(path.name + '.new')
    new.write_text(content)
    new.rename(path)


def progress(row: imports.Result) -> str:
    return (f'{row.size:5} {row.kind:6} {row.stores} {row.variant:15}'
            f'{row.wall:8.2f} s {row.cpu:8.2f} CPU s '
            f'{goals.mib(row.child_peak):>8}  {row.wrong}')


def _facts(run: Run) -> Table:
    return 'The run', ['', ''], [[k, v] for k, v in run.facts.items()]


def _imports(run: Run) -> Table:
    head = ['image', 'kind', 'stores', 'variant', 'wall s', 'to stock',
            'CPU s', 'CPU / least', 'child MiB', 'glance-api MiB',
            'staging+ MiB', 'read MiB', 'written MiB', 'stored MiB']
    order = {v.name: n for n, v in enumerate(variants.ALL)}
    kinds, sizes = list(images.KINDS), list(images.SIZES)
    rows = sorted(run.medians(), key=lambda r: (
        sizes.index(r.size), kinds.index(r.kind), r.stores,
        order[r.variant]))
    stock = {(r.size, r.kind, r.stores): r.wall for r in rows
             if r.variant == variants.SERIAL.name}
    return ('Imports, from the request to the active image', head,
            [_import(run, row, stock.get((row.size, row.kind, row.stores)))
             for row in rows])


def _import(run: Run, row: imports.Result, stock: float | None) -> list[str]:
    variant = next(v for v in variants.ALL if v.name == row.variant)
    least = run.yardsticks.least(row, variant)
    return [
        row.size, row.kind, str(row.stores), row.variant, f'{row.wall:.2f}',
        f'1/{stock / row.wall:.1f}' if stock and stock != row.wall else '-',
        f'{row.cpu:.2f}',
        f'{row.cpu / least:.2f}',
        *(f'{value / images.MIB:.0f}' for value in (
            row.child_peak, row.worker_growth, row.staging_extra,
            row.read, row.written, row.stored))]


def _yardsticks(run: Run) -> Table:
    head = ['image', 'md5 s', 'sha512 s', 'sha256 s', *(
        f'decompress {kind} s' for kind in images.KINDS)]
    rows = []
    for size, value in run.yardsticks.digests.items():
        cells = [run.yardsticks.decompression.get((size, kind))
                 for kind in images.KINDS]
        rows.append([size, *(f'{value.cpu[a]:.2f}' for a in (
            'md5', 'sha512', 'sha256')), *(
                '-' if cell is None else f'{cell:.2f}' for cell in cells)])
    return 'CPU seconds that nobody can do without (least)', head, rows


def _latencies(run: Run) -> Table:
    head = ['variant', 'meanwhile', 'requests', 'p50 ms', 'p99 ms',
            'worst ms', '3 imports s']
    return 'GET /v2/images on MariaDB', head, [
        [one.variant, one.when, str(one.requests), f'{one.p50 * 1000:.0f}',
         f'{one.p99 * 1000:.0f}', f'{one.worst * 1000:.0f}',
         f'{one.imports_wall:.1f}' if one.imports_wall else '-']
        for one in run.latencies]


def _goals(run: Run) -> Table:
    return ('Goals', ['verdict', 'what', 'of', 'found', 'at most'],
            [[g.verdict, g.what, g.subject, g.value, g.limit]
             for g in run.goals()])


def _line(row: Sequence[str], widths: Sequence[int],
          right: Sequence[bool]) -> str:
    return '  '.join(
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(row, widths, right, strict=True)
    ).rstrip()


def _is_figure(cell: str) -> bool:
    return cell == '-' or re.fullmatch(r'(1/)?[\d.]+', cell) is not None


def _csv(row: Sequence[str]) -> str:
    return ', '.join('"{}"'.format(cell.replace('"', '""')) for cell in row)
