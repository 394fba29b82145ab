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

"""How long a service on the network may be silent, or away.

A limit for the time without any sign of life, not for a call: a store that
is slow, or paused for less, only takes longer.
"""

from collections.abc import Callable
import threading
import time
from typing import TypeVar

T = TypeVar('T')

# A service that answers with an error each time is not asked for ever; and
# one that was restarted is back after the first few pauses.
_ATTEMPTS = 10
_PAUSES = (0.2, 8.0)


class Patience:
    """Of all the threads that talk to one service.

    :param seconds: without a sign of life
    :ivar most: those seconds, whatever ``resume`` says
    :ivar silent: a call got no answer: one more would take as long
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.most = seconds
        self.silent = False
        self._heard = time.monotonic()
        self._stopped = threading.Event()

    def heard(self) -> None:
        """The service took or sent something just now."""
        self._heard = time.monotonic()

    def stop(self) -> None:
        """Nothing is tried again from now on."""
        self._stopped.set()

    def resume(self, seconds: float) -> None:
        """Try again after a ``stop``, but for less time."""
        self.seconds = min(self.seconds, seconds)
        self._stopped.clear()

    def insist(self, attempt: Callable[[], T],
               may_pass: Callable[[Exception], bool]) -> T:
        """What ``attempt`` returns, trying again after what may pass.

        :param may_pass: whether an error may be gone the next time
        :raises Exception: the last error of ``attempt``
        """
        started = time.monotonic()
        pause, longest = _PAUSES
        for tried in range(1, _ATTEMPTS + 1):
            try:
                result = attempt()
                self.heard()
                return result
            except Exception as error:
                left = self._left(started) - pause
                if (not may_pass(error) or tried == _ATTEMPTS or left <= 0
                        or self._stopped.is_set()):
                    raise
            # A stop ends the pause.
            self._stopped.wait(pause)
            pause = min(longest, 2 * pause)
        raise AssertionError('unreachable')

    def _left(self, started: float) -> float:
        return max(started, self._heard) + self.seconds - time.monotonic()
