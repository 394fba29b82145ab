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

"""How often a service is asked by who has time.

Imports are not paced: there, somebody waits.
"""

from collections.abc import Callable
import threading
import time

#: Requests a second, of who lists a store or tidies it up.
REQUESTS = 50


class Pace:
    """Requests one after the other, never closer than the rate allows.

    :param rate: requests a second
    :param clock: seconds, monotonic
    """

    def __init__(self, rate: float = REQUESTS,
                 clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._interval = 1 / rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        # When the next one may be sent.
        self._next = clock()

    def wait(self) -> None:
        """Return when a request may be sent; from any thread."""
        with self._lock:
            now = self._clock()
            due = max(now, self._next)
            self._next = due + self._interval
        if due > now:
            self._sleep(due - now)
