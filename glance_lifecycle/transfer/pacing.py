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

"""How many bytes pass in a second, over all transfers that run.

The buckets are the parent's, so that what one transfer does not use is the
others' at once. Its child asks before each window, is told how long to wait,
and waits by itself, where a cancel reaches it. Nobody polls, and a transfer
without a limit never asks.

It is for the load of stores, and no wall: whoever has taken the child over by
its image may read without asking, but takes nothing of the others' share.
"""

from collections.abc import Callable
from collections.abc import Sequence
import json
import queue
import threading
import time
from typing import Any

from glance_lifecycle.transfer import window

Clock = Callable[[], float]

#: Seconds that whoever was late may catch up, so that the limit is reached
#: and not only kept: an answer takes its time, and so does the waking.
BURST = 0.5


class Bucket:
    """Tokens for bytes, in order of asking; for any number of threads.

    In no span of T seconds are more than ``rate * (T + BURST)`` bytes due. Who
    waits for another bucket besides lets them pass later: one window each.

    :param rate: bytes a second, more than 0
    :param clock: seconds, monotonic
    """

    def __init__(self, rate: float, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        # The moment at which all that was asked for has passed.
        self._over = clock()

    def reserve(self, size: int) -> float:
        """Seconds until that many bytes may pass."""
        with self._lock:
            now = self._clock()
            self._over = max(self._over, now - BURST) + size / self._rate
            return max(0.0, self._over - now)


class Pace:
    """One transfer's share of all buckets that it draws from.

    :param buckets: the slowest decides
    """

    def __init__(self, buckets: Sequence[Bucket],
                 clock: Clock = time.monotonic) -> None:
        self._buckets = buckets
        self._clock = clock
        self._until = 0.0

    def ask(self, size: int) -> float:
        """Seconds to wait before that many bytes.

        The child may be in the hands of a hostile image: it gets a window at
        a time, and who asks again without waiting gets nothing. Else it
        could take what belongs to the others for hours.
        """
        now = self._clock()
        if now < self._until:
            return self._until - now
        size = min(max(size, 0), window.SIZE)
        wait = max((b.reserve(size) for b in self._buckets), default=0.0)
        self._until = now + wait
        return wait


class Asking:
    """The child's side, by lines of JSON; one thread asks.

    :param send: to the parent
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._answers: queue.SimpleQueue[float] = queue.SimpleQueue()

    def ask(self, size: int) -> float:
        """As ``Pace.ask``."""
        self._send({'want': size})
        return self._answers.get()

    def told(self, line: str) -> None:
        """The parent's answer."""
        self._answers.put(float(json.loads(line)['wait']))

    def over(self) -> None:
        """No answer comes any more: whoever waits for one is let go."""
        self._answers.put(0.0)


def answer(wait: float) -> bytes:
    """The parent's line."""
    return json.dumps({'wait': wait}).encode() + b'\n'
