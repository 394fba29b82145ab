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

"""What is to be reached, and whether this run did."""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from benchmarks import images
from benchmarks import imports
from benchmarks import latency
from benchmarks import variants
from benchmarks import yardstick

#: ours to the other variant's, import request to active; by stores
WALL = {
    (3, variants.OURS.name, variants.SERIAL.name): 1 / 8,
    (3, variants.OURS.name, variants.PARALLEL.name): 1 / 4,
    (3, variants.OURS_SHA256.name, variants.SERIAL.name): 1 / 15,
    (3, variants.OURS_SIGNED.name, variants.SERIAL.name): 1 / 6,
    (1, variants.OURS.name, variants.SERIAL.name): 1 / 3.3,
}
#: reads of the staged file that a signature may add: to verify it
SIGNED_READS = 1.02
#: stores -> CPU of ours to that of the digests and the decompression
CPU = {1: 1.35, 3: 1.5}
SMALL = 1.2
MEMORY = 200 * images.MIB


@dataclasses.dataclass(frozen=True)
class Goal:
    """One figure beside its limit.

    :ivar subject: image and stores
    :ivar value: as text, with its unit
    """

    what: str
    subject: str
    value: str
    limit: str
    met: bool

    @property
    def verdict(self) -> str:
        return 'PASS' if self.met else 'short'


@dataclasses.dataclass(frozen=True)
class Yardsticks:
    """CPU seconds measured in this run.

    :ivar digests: size -> digests of the image
    :ivar decompression: (size, kind) -> CPU seconds
    """

    digests: dict[str, yardstick.Digests]
    decompression: dict[tuple[str, str], float]

    def least(self, result: imports.Result,
              variant: variants.Variant) -> float:
        """What the import cannot do without, CPU seconds."""
        return (self.digests[result.size].seconds(*variant.digests)
                + self.decompression[result.size, result.kind])


def judge(results: Sequence[imports.Result], yardsticks: Yardsticks,
          latencies: Sequence[latency.Latency],
          data: dict[tuple[str, str], int]) -> list[Goal]:
    """All goals that this run has figures for.

    :param results: one a (size, kind, stores, variant)
    :param data: (size, kind) -> bytes of data in the image
    """
    big = [size for size in ('10g', '1g')
           if any(r.size == size for r in results)][:1]
    found: list[Goal] = []
    for size in big:
        rows = [r for r in results if r.size == size]
        found += _wall(rows)
        found += _reads(rows)
        found += _cpu(rows, yardsticks)
    found += _small([r for r in results if r.size == '64m'])
    found += _limits(results, data)
    found += _latency(latencies)
    wrong = sum(bool(row.wrong) for row in results)
    if results:
        found.append(Goal('imports that are wrong', 'all', str(wrong), '0',
                          wrong == 0))
    return found


def _wall(rows: Sequence[imports.Result]) -> Iterator[Goal]:
    by_key = {(r.kind, r.stores, r.variant): r for r in rows}
    for kind in dict.fromkeys(r.kind for r in rows):
        for (stores, name, other), limit in WALL.items():
            one = by_key.get((kind, stores, name))
            two = by_key.get((kind, stores, other))
            if one and two:
                yield Goal(
                    f'wall, {name} to {other}', _subject(one),
                    _part(one.wall / two.wall), _part(limit),
                    one.wall / two.wall <= limit)


def _reads(rows: Sequence[imports.Result]) -> Iterator[Goal]:
    plain = {(r.kind, r.stores): r for r in rows
             if r.variant == variants.OURS.name}
    for row in rows:
        other = plain.get((row.kind, row.stores))
        if row.variant == variants.OURS_SIGNED.name and other:
            more = (row.read - other.read) / row.staged
            yield Goal('reads of the staged file that the signatures add',
                       _subject(row), f'{more:.3f}', f'{SIGNED_READS:.2f}',
                       more <= SIGNED_READS)


def _cpu(rows: Sequence[imports.Result],
         yardsticks: Yardsticks) -> Iterator[Goal]:
    for row in rows:
        if row.variant == variants.OURS.name:
            ratio = row.cpu / yardsticks.least(row, variants.OURS)
            limit = CPU[row.stores]
            yield Goal('CPU, ours to digests + decompression',
                       _subject(row), f'{ratio:.2f}', f'{limit:.2f}',
                       ratio <= limit)


def _small(rows: Sequence[imports.Result]) -> Iterator[Goal]:
    ours = {(r.kind, r.stores): r for r in rows
            if r.variant == variants.OURS.name}
    for row in rows:
        own = ours.get((row.kind, row.stores))
        if row.variant == variants.SERIAL.name and own:
            ratio = own.wall / row.wall
            yield Goal(f'wall, ours to {row.variant}', _subject(row),
                       f'{ratio:.2f}', f'{SMALL:.2f}', ratio <= SMALL)


def _limits(results: Sequence[imports.Result],
            data: dict[tuple[str, str], int]) -> Iterator[Goal]:
    ours = [r for r in results
            if r.variant.startswith(variants.OURS.name)]
    if not ours:
        return
    worst = max(ours, key=lambda r: r.staging_extra)
    yield Goal('staging beyond the staged file, most', _subject(worst),
               mib(worst.staging_extra), mib(0), worst.staging_extra == 0)
    worst = max(ours, key=lambda r: r.child_peak)
    yield Goal("memory of ours' child, most", _subject(worst),
               mib(worst.child_peak), mib(MEMORY), worst.child_peak < MEMORY)

    def over(row: imports.Result) -> float:
        # Glance writes a raw image's holes into staging as zeros.
        source = row.staged if row.kind == 'raw' else data[row.size, row.kind]
        return row.mapped / source
    worst = max(ours, key=over)
    yield Goal('allocated in a store to data of the image, most',
               _subject(worst), f'{over(worst):.3f}', '1.000',
               over(worst) <= 1)


def _latency(latencies: Sequence[latency.Latency]) -> Iterator[Goal]:
    busy = {one.variant: one for one in latencies if one.when == 'imports'}
    own = busy.get(variants.OURS.name)
    if own is None:
        return
    for name, other in busy.items():
        if name != variants.OURS.name:
            yield Goal(
                f'GET /v2/images p99 under 3 imports, {name}',
                'ours', f'{own.p99 * 1000:.0f} ms',
                f'{other.p99 * 1000:.0f} ms', own.p99 <= other.p99)


def mib(value: float) -> str:
    return f'{value / images.MIB:.0f} MiB'


def _part(ratio: float) -> str:
    return f'1/{1 / ratio:.1f}'


def _subject(row: imports.Result) -> str:
    stores = f'{row.stores} store{"s" if row.stores > 1 else ""}'
    return f'{row.size} {row.kind}, {stores}'
