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

"""What the user reads in the task's message while the bytes move."""

from collections.abc import Mapping
import time
from typing import Any

GIB = 1024 ** 3
MIB = 1024 ** 2


class Progress:
    """Turns the child's reports into sentences."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def message(self, report: Mapping[str, Any]) -> str:
        """For example: ``42 % of 10.0 GiB, 510 MiB/s, to s1, s2 (s2 is at
        40 %)``.
        """
        if report['phase'] == 'prepare':
            return 'Converting: %d s so far' % self.seconds
        total, done = report['total'], report['done']
        text = '%d %% of %s, %d MiB/s' % (
            _percent(done, total), size(total),
            done / MIB / max(self.seconds, 0.001))
        stores = {s: at for s, at in report['stores'].items() if s}
        live = {s: at for s, at in stores.items() if at >= 0}
        if live:
            text += ', to ' + ', '.join(live)
            slowest = min(live, key=lambda s: live[s])
            if len(live) > 1 and live[slowest] < max(live.values()):
                text += ' (%s is at %d %%)' % (
                    slowest, _percent(live[slowest], total))
        dropped = sorted(s for s, at in stores.items() if at < 0)
        if dropped:
            text += ', failed: ' + ', '.join(dropped)
        return text

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started


def size(value: int) -> str:
    if value >= GIB:
        return '%.1f GiB' % (value / GIB)
    return '%.1f MiB' % (value / MIB)


def _percent(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 100
