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

"""What ``benchmarks.niceness`` has found, in tables."""

from collections.abc import Sequence
import dataclasses
from typing import Any

from benchmarks import busy
from benchmarks import latency
from benchmarks import report

#: An API's p99 under three imports, to that of an idle one; at most.
LATENCY_GOAL = 2.0
#: An import's share to its fair share, at any load; at least.
SHARE_GOAL = 0.2


@dataclasses.dataclass(frozen=True)
class Share:
    """What one import got beside busy processes.

    :ivar load: busy processes for each core
    :ivar cores: CPU seconds of its process a second
    :ivar wall: seconds until it was active; None if it took longer than it
        was watched
    """

    candidate: str
    load: int
    cores: float
    wall: float | None


@dataclasses.dataclass
class Run:
    """Everything that one run has found."""

    facts: dict[str, str]
    idle: latency.Latency | None = None
    floor: latency.Latency | None = None
    stock: list[latency.Latency] = dataclasses.field(default_factory=list)
    latencies: dict[str, latency.Latency] = dataclasses.field(
        default_factory=dict)
    shares: list[Share] = dataclasses.field(default_factory=list)

    def fair(self, load: int) -> float:
        """Cores that an import should get, as one process among equals.

        Not more than it uses of an idle machine.
        """
        wanted = [share.cores for share in self.shares if share.load == 0]
        cores = busy.cores()
        even = cores / (1 + load * cores)
        return min([even if load else cores, *([max(wanted)] if wanted
                                               else [])])


def tables(run: Run) -> list[report.Table]:
    return [('The run', ['', ''], [[k, v] for k, v in run.facts.items()]),
            _latencies(run), _shares(run), _goals(run)]


def _latencies(run: Run) -> report.Table:
    found = [*([run.idle] if run.idle else []),
             *([run.floor] if run.floor else []), *run.latencies.values(),
             *run.stock]
    return ('GET /v2/images under three imports, nothing else running',
            ['candidate', 'requests', 'p50 ms', 'p99 ms', 'worst ms',
             'p99 to idle', '3 imports s'],
            [[one.variant, str(one.requests), f'{one.p50 * 1000:.0f}',
              f'{one.p99 * 1000:.0f}', f'{one.worst * 1000:.0f}',
              f'{one.p99 / run.idle.p99:.2f}' if run.idle else '-',
              f'{one.imports_wall:.1f}' if one.imports_wall else '-']
             for one in found])


def _shares(run: Run) -> report.Table:
    window = float(run.facts.get('window', 0))
    return ('One import beside busy processes',
            ['candidate', 'busy a core', 'cores', 'fair', 'to fair',
             'import s'],
            [[one.candidate, str(one.load), f'{one.cores:.3f}',
              f'{run.fair(one.load):.3f}', f'{_to_fair(run, one):.2f}',
              wall(one, window)] for one in run.shares])


def _goals(run: Run) -> report.Table:
    rows = []
    for name, found in run.latencies.items():
        late = found.p99 / run.idle.p99 if run.idle else 0.0
        least = min((_to_fair(run, one) for one in run.shares
                     if one.candidate == name and one.load), default=0.0)
        met = late <= LATENCY_GOAL and least >= SHARE_GOAL
        rows.append(['PASS' if met else 'short', name, f'{late:.2f}',
                     f'{least:.2f}'])
    return (f'Both: p99 to idle at most {LATENCY_GOAL:.0f}, share to fair at '
            f'least {SHARE_GOAL}',
            ['verdict', 'candidate', 'p99 to idle', 'least to fair'], rows)


def _to_fair(run: Run, share: Share) -> float:
    return share.cores / run.fair(share.load)


def wall(share: Share, window: float) -> str:
    return f'{share.wall:.1f}' if share.wall else f'> {window:.0f}'


def plain(run: Run) -> dict[str, Any]:
    def all_of(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [dataclasses.asdict(one) for one in found]
    return {'facts': run.facts,
            'idle': all_of([run.idle] if run.idle else []),
            'floor': all_of([run.floor] if run.floor else []),
            'stock': all_of(run.stock),
            'latencies': all_of(list(run.latencies.values())),
            'shares': all_of(run.shares)}
