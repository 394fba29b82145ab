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

"""How a test waits: for an event, with one generous bound.

A test machine may be busy with other things, so no test says how many seconds
anything takes. One that wants to show that something is not waited for says
what has, or has not, happened by then. test_waiting.py sees to it.
"""

from collections.abc import Callable
import os
import time
from typing import TypeVar

import fixtures

T = TypeVar('T')


def _seconds() -> int:
    """As oslotest reads it; 0 and less mean no limit."""
    try:
        seconds = int(os.environ.get('OS_TEST_TIMEOUT', DEFAULT))
    except ValueError:
        seconds = DEFAULT
    return seconds if seconds > 0 else _NO_LIMIT


#: Seconds that a functional test may take where OS_TEST_TIMEOUT is not set.
DEFAULT = 900

# Ten days. Not all that take a number of seconds take an infinite one.
_NO_LIMIT = 864000

#: Seconds that any wait may last. Less than the whole test may: so the wait
#: ends first, and says what did not come.
BOUND = _seconds() / 2


def until(what: str, done: Callable[[], object], timeout: float = BOUND,
          interval: float = 0.01) -> None:
    """Poll until ``done()`` is true.

    :param what: of the message: what is waited for
    :param timeout: seconds; for benchmarks, tests leave it as it is
    :param interval: seconds; much is there for a moment only
    :raises TimeoutError: it is not, ``timeout`` seconds long
    """
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f'{timeout:.0f} s, and still not: {what}')
        time.sleep(interval)


def next_second() -> None:
    """Until what has happened was in another second than this one.

    Some services round the time of a change, up as well.
    """
    begun = int(time.time())
    until('the next second has begun', lambda: int(time.time()) > begun)


def settled(value: Callable[[], T], interval: float = 0.7) -> T:
    """What ``value()`` is once it does not change any more.

    For what tells nobody that it has come to rest.
    """
    last: list[T] = []

    def same() -> bool:
        last.append(value())
        return last[-2:-1] == last[-1:]
    until('it has come to rest', same, interval=interval)
    return last[-1]


def bounded() -> fixtures.Timeout:
    """A context that raises in what would last for ever."""
    return fixtures.Timeout(int(BOUND), gentle=True)
