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

"""One look of a worker at what lies in the stores of its host: what it tells.

How it is done needs Glance, and is given to the worker: see ``host.Host``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Protocol
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glance_lifecycle.policy import hygiene


class Busy(Exception):
    """Another is at work on the stores of this host."""


class Stopped(Exception):
    """The worker ends, or the policy is another: the run is made anew."""


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What a plan says of one store.

    :ivar steps: objects that can be taken
    :ivar held: bytes that they hold
    :ivar left: objects that are needless, and cannot be taken
    :ivar unclear: objects of which nobody can tell
    :ivar refused: why nothing of it is taken, as a sentence; empty for not
    """

    steps: int
    held: int
    left: int
    unclear: int
    refused: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A plan was made.

    :ivar plan: its digits
    :ivar path: of its file
    """

    plan: str
    path: str
    stores: Mapping[str, Found]


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """What became of one object.

    :ivar result: a word of ``reclaim.outcome``
    :ivar told: whether it is more than that all is as it was
    """

    plan: str
    store: str
    image_id: str
    where: str
    held: int
    result: str
    detail: str
    told: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Halted:
    """Nothing more is applied in this run.

    :ivar why: a sentence
    """

    why: str


Event = Planned | Done | Halted


@dataclasses.dataclass(frozen=True, slots=True)
class Wishes:
    """Of one run.

    :ivar words: of the policy, by store
    :ivar act: do what they say
    :ivar exports: paths of what other Glances need
    :ivar certificates: paths of the certificates of those
    :ivar each: to be called often; raises ``Stopped``
    """

    words: Mapping[str, hygiene.Store]
    act: bool
    exports: Sequence[str]
    certificates: Sequence[str]
    each: Callable[[], None]


class Runs(Protocol):
    """One run, with Glance's configuration."""

    def __call__(self, wishes: Wishes) -> Generator[Event, None, None]:
        """Tell of all that is found and done, as it goes on.

        :raises Busy: another is at work
        :raises Stopped: by ``wishes.each``
        :raises LifecycleError: it cannot go on
        """
