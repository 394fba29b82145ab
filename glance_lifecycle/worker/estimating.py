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

"""How long actions will take, as those before them did.

Pure. Times are those of one action beside whatever else went on then: of
several at once, each has its own.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.worker import action as actions


class Speeds:
    """What was measured.

    :param done: actions that went well, as ``Action.to_dict`` has them, and
        the seconds that each took
    :ivar count: how many there are
    """

    def __init__(self, done: Iterable[tuple[Mapping[str, Any], float]]
                 ) -> None:
        self.count = 0
        # Bytes and seconds of a store; actions and seconds of a kind.
        self._stores: dict[str, tuple[int, float]] = {}
        self._kinds: dict[str, tuple[int, float]] = {}
        for action, seconds in _known(done):
            self.count += 1
            for store in action.stores if action.kind == actions.COPY else ():
                _add(self._stores, store, _each(action), seconds)
            _add(self._kinds, action.kind, 1, seconds)

    def seconds(self, action: actions.Action) -> float | None:
        """Of this one; None where nothing like it was measured.

        A copy is one pass, as slow as the slowest of its stores. What else
        is done does not depend on the size.
        """
        if action.kind != actions.COPY:
            return _mean(self._kinds, action.kind, 1)
        each = [_mean(self._stores, store, _each(action))
                for store in action.stores]
        known = [seconds for seconds in each if seconds is not None]
        return max(known) if known and len(known) == len(each) else None


def total(found: Iterable[float | None]) -> float | None:
    """One after another; None if one of them is not known."""
    seconds = list(found)
    known = [each for each in seconds if each is not None]
    return sum(known) if len(known) == len(seconds) else None


def _known(done: Iterable[tuple[Mapping[str, Any], float]]
           ) -> Iterator[tuple[actions.Action, float]]:
    for value, seconds in done:
        try:
            yield actions.Action.from_dict(value), seconds
        except exceptions.ConfigurationError:
            # An import, or an action of another release.
            continue


def _each(action: actions.Action) -> int:
    """Bytes of one copy: an action has those of all."""
    return action.size // len(action.stores)


def _add(sums: dict[str, tuple[int, float]], name: str, count: int,
         seconds: float) -> None:
    counts, all_seconds = sums.get(name, (0, 0.0))
    sums[name] = counts + count, all_seconds + seconds


def _mean(sums: Mapping[str, tuple[int, float]], name: str, count: int
          ) -> float | None:
    counts, seconds = sums.get(name, (0, 0.0))
    return seconds / counts * count if counts else None
