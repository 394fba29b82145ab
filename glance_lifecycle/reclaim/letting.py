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


"""What a worker may plan and take, by the words of the policy. Pure."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from glance_lifecycle.policy import hygiene
from glance_lifecycle.reclaim import outcome

Result = outcome.Result

_DAY = 86400

# Of stores of which the policy lets nothing go, for an operator: the defaults
# of "hygiene plan".
_BY_HAND = hygiene.Store(after=_DAY, objects=1000, percent=10)
_KEEP = 7 * _DAY

# What is no more than that all is as it was.
_SILENT = (Result.KEPT, Result.BRAKED, Result.GONE)

# What goes as it should.
_WELL = (*_SILENT, Result.QUARANTINED, Result.PURGED)


@dataclasses.dataclass(frozen=True)
class Share:
    """Of the stores, those of one plan.

    :ivar word: its limits
    :ivar keep: seconds in quarantine, before which nothing is purged
    :ivar alone: stores that no other Glance uses
    :ivar applied: whether the policy lets the worker do it; then it is of one
        store
    """

    names: Sequence[str]
    word: hygiene.Store
    keep: float
    alone: frozenset[str]
    applied: bool


def shares(words: Mapping[str, hygiene.Store], names: Iterable[str]
           ) -> Iterator[Share]:
    """Each store of which something may go for itself, then the others.

    :param names: of all stores that are configured
    """
    others = []
    for name in names:
        word = words.get(name, hygiene.SILENT)
        if not word.takes:
            others.append(name)
            continue
        yield Share(
            [name], word, float(_KEEP if word.purge is None else word.purge),
            frozenset([name] if word.alone else []), True)
    if others:
        yield Share(others, _BY_HAND, float(_KEEP), frozenset(
            name for name in others
            if words.get(name, hygiene.SILENT).alone), False)


def against(strange: Sequence[str]) -> str:
    """Why nothing is applied in this run, as a sentence; empty for not.

    :param strange: stores of which something may go, that cannot be listed or
        are not understood
    """
    if not strange:
        return ''
    return ('Nothing is taken out of any store in this run: store %s cannot '
            'be listed, or is not what it should be.' % ', '.join(strange))


def goes_on(result: Result) -> bool:
    """Whether the run may, after this became of an object.

    Not where it has changed since it was planned a moment ago, where somebody
    needs it, or where nobody can tell.
    """
    return result in _WELL


def is_told(result: Result) -> bool:
    """Whether it is more than that all is as it was."""
    return result not in _SILENT
