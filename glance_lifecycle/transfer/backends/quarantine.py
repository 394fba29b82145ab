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


"""What a quarantine is: an inventory that can also take things out of sight.

One module a glance_store driver, found by the entry points
``glance_lifecycle.quarantines``. What is in quarantine lies in the same store,
under another name, where no location of Glance leads to; it comes back as it
was, or goes for good. What is there, since when and by which plan is told by
the store itself, so that it can be brought back from any host, and by whoever
has lost the plan.

Whoever calls has judged, and judges again after ``put``. Here, only what
nobody can see from outside the store is checked, at the last moment: that it
is the same thing still, that nothing was cloned from it, that nobody has it
open.
"""

import abc
from collections.abc import Iterator
import dataclasses
import re
from typing import ClassVar

from glance_lifecycle.transfer.backends import inventory

# The beginning of a plan's digest, in hexadecimal digits.
_PLAN = re.compile('[0-9a-f]{16}')


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """One thing in quarantine.

    :ivar plan: by which it came there
    :ivar entry: it, with the place and the name that it had, and the identity
        that it has now
    :ivar since: seconds since the epoch, by the clock of the store, since
        when it has been there
    """

    plan: str
    entry: inventory.Entry
    since: float


class Quarantine(inventory.Inventory):
    """Of one store.

    Each call can be made again after whoever made it was killed, and then
    ends what was begun: nothing is there in half, and nothing is lost.

    :cvar kinds: of what it can take
    """

    kinds: ClassVar[frozenset[inventory.Kind]]

    @abc.abstractmethod
    def put(self, entry: inventory.Entry, plan: str) -> bool:
        """Take it out of sight.

        :param entry: as ``look`` returned it
        :returns: whether it is in quarantine, also when it was before; if
            not, it is as it was, or it is another thing by now, or something
            hangs on it
        :raises StoreError: nobody can tell; it may be in either place
        """

    @abc.abstractmethod
    def kept(self, plan: str = '') -> Iterator[Kept]:
        """What is in quarantine, in any order.

        :param plan: by this plan only
        :raises StoreError: that cannot be told to its end
        """

    @abc.abstractmethod
    def restore(self, kept: Kept) -> bool:
        """Bring it back, with all that was known of it.

        :returns: whether it is back, also when it was before; if not, its
            name is another thing's by now, and it stays in quarantine
        :raises StoreError: nobody can tell; it may be in either place
        """

    @abc.abstractmethod
    def purge(self, kept: Kept) -> bool:
        """Remove it for good.

        :returns: whether it has gone, also when it had before; if not, it is
            another thing by now, or something hangs on it, and it stays
        :raises StoreError: it cannot be removed
        """


def is_plan(text: str) -> bool:
    """Whether it can be the name of a plan."""
    return bool(_PLAN.fullmatch(text))
