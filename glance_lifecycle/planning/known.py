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

"""A fact of a cloud, and where it is from."""

from collections.abc import Iterable
import dataclasses
import enum
from typing import Generic
from typing import TypeVar

T = TypeVar('T')


class Source(enum.StrEnum):
    """Where a fact is from, the best first."""

    MEASURED = 'measured'
    READ = 'read'
    GIVEN = 'given'
    ASSUMED = 'assumed'


@dataclasses.dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """One fact.

    :ivar value: a number, or whether something is so
    :ivar spread: how many times more, or less, was seen as well; None: that
        is not known
    """

    value: T
    source: Source
    spread: float | None = None

    @property
    def assumed(self) -> bool:
        return self.source is Source.ASSUMED


_ORDER = tuple(Source)


def weakest(sources: Iterable[Source]) -> Source:
    """Of what is computed from several facts: the worst of theirs."""
    return max(sources, key=_ORDER.index)
