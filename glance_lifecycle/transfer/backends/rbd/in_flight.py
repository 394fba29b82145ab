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


"""Many questions to a cluster at the same time, answered in order."""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent import futures
from typing import TypeVar

T = TypeVar('T')
U = TypeVar('U')

#: An answer takes some milliseconds of waiting, and hardly any work.
MOST = 16


def each(things: Iterable[T], look: Callable[[T], U]) -> Iterator[U]:
    """``look`` of each of them.

    At most so many run, and as many more wait to be taken: whoever takes
    none has none asked.

    :raises Exception: what ``look`` raises; what is not begun is dropped
    """
    pool = futures.ThreadPoolExecutor(MOST, 'rbd-look')
    waiting: collections.deque[futures.Future[U]] = collections.deque()
    try:
        for thing in things:
            if len(waiting) >= 2 * MOST:
                yield waiting.popleft().result()
            waiting.append(pool.submit(look, thing))
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Each call of a cluster ends by itself.
        pool.shutdown(wait=False, cancel_futures=True)
