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

"""Stores that are away: their jobs wait, and those of others go on.

A circuit opens when a store has failed several times in a row. Then one job
at a time is let through to try, seldom at first and ever more seldom, until
one goes well.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import threading
import time

#: failures in a row that open it
FAILURES = 3
# Seconds until the first try, and the longest between two.
_FIRST, _LONGEST = 10.0, 1800.0


@dataclasses.dataclass
class _Circuit:
    failures: int = 0
    delay: float = 0.0
    until: float = 0.0
    # Whether a job was let through, and has not failed yet.
    tried: bool = False


class Circuits:
    """Those of all stores, for one worker.

    :param clock: seconds, monotonic
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Circuit] = {}

    def wait(self, stores: Iterable[str]) -> float:
        """Seconds until a job of these stores may run; 0: now.

        Whoever is told 0 tries, and others wait for what comes of that.
        """
        with self._lock:
            now = self._clock()
            found = [self._known[store] for store in stores
                     if self._open(store)]
            longest = max((circuit.until - now for circuit in found),
                          default=0.0)
            if longest > 0:
                return longest
            for circuit in found:
                circuit.until = now + circuit.delay
                circuit.tried = True
            return 0.0

    def failed(self, store: str) -> bool:
        """A job failed by this store; whether that opened the circuit."""
        with self._lock:
            circuit = self._known.setdefault(store, _Circuit())
            circuit.failures += 1
            if circuit.failures < FAILURES or (
                    circuit.failures > FAILURES and not circuit.tried):
                # The latter began before it opened, and tells nothing new:
                # of 64 jobs at once, each would double the delay.
                return False
            circuit.tried = False
            circuit.delay = min(circuit.delay * 2 or _FIRST, _LONGEST)
            circuit.until = self._clock() + circuit.delay
            return circuit.failures == FAILURES

    def worked(self, stores: Collection[str]) -> list[str]:
        """A job went well; the stores whose circuit that closed."""
        with self._lock:
            closed = [store for store in stores if self._open(store)]
            for store in stores:
                self._known.pop(store, None)
            return closed

    def away(self) -> list[str]:
        """The stores of which no job may even try now."""
        with self._lock:
            now = self._clock()
            return sorted(store for store, circuit in self._known.items()
                          if self._open(store) and circuit.until > now)

    def opened(self) -> list[str]:
        """The stores that are taken to be away."""
        with self._lock:
            return sorted(store for store in self._known
                          if self._open(store))

    def _open(self, store: str) -> bool:
        circuit = self._known.get(store)
        return circuit is not None and circuit.failures >= FAILURES
