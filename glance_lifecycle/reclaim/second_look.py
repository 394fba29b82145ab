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

"""One thing is judged again, of facts that are new then.

By the same code as when it was found. When it is out of sight, it is judged as
if it lay where it was: a location that has come meanwhile leads to it.
"""

from collections.abc import Container
from collections.abc import Iterable
import dataclasses
import enum
import time
from typing import Protocol

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import confirming
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import leading
from glance_lifecycle.reclaim import planning
from glance_lifecycle.transfer.backends import inventory


class Now(enum.Enum):
    """What it is now.

    NEEDED: a location leads to it. UNCLEAR: in flight, too. ANOTHER: there is
    another thing of its name.
    """

    NEEDLESS = enum.auto()
    NEEDED = enum.auto()
    UNCLEAR = enum.auto()
    ANOTHER = enum.auto()
    GONE = enum.auto()


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """:ivar why: a sentence; empty where there is nothing to say
    :ivar entry: as it is now, where it is needless
    """

    now: Now
    why: str = ''
    entry: inventory.Entry | None = None


class Host(confirming.Host, leading.Host, Protocol):
    """Where Glance's database is."""


class SecondLook:
    """Of one store.

    :param grace: see ``judging.Times``
    :param needed: see ``planning.Wishes``
    :param entries: all that will be looked at, by their subjects
    """

    def __init__(self, host: Host, store: claims.Store,
                 listed: inventory.Inventory, grace: float,
                 needed: Container[str],
                 entries: Iterable[inventory.Entry]) -> None:
        self._host = host
        self._store = store
        self._listed = listed
        self._grace = grace
        self._needed = needed
        self._leads = leading.Leading(
            host, store, listed.subject,
            frozenset(one.subject for one in entries))

    def there(self, entry: inventory.Entry) -> Judged:
        """What lies where it was.

        :param entry: as the plan has it
        :raises DatabaseError: the database cannot be read
        :raises StoreError: it cannot be looked at
        """
        judged = self._judged(self._listed, entry)
        if judged.now is Now.NEEDED and self._listed.look(entry) is None:
            if self._another(entry):
                return Judged(Now.ANOTHER, 'It has changed, or is another '
                              'thing by now.')
            return Judged(Now.GONE, 'It is not there any more.')
        return judged

    def away(self, entry: inventory.Entry) -> Judged:
        """What is out of sight, as if it were not.

        :param entry: as it was, with the place that it has now
        """
        judged = self._judged(_AsIfThere(self._listed, entry), entry)
        if judged.now is Now.NEEDED:
            another = self._another(entry)
            if another is not None:
                return self._beside(entry, another)
        return judged

    def forgotten(self, entry: inventory.Entry) -> bool:
        """Whether Glance's database knows nothing of its image any more.

        Not if it knows of no image in this store at all: then it is empty, or
        half restored, or that of a Glance that does not use the store.
        """
        return (self._leads.anywhere()
                and entry.image_id not in self._host.busy()
                and not self._host.some([entry.image_id])
                and not planning.is_needed(entry, self._needed)
                and not any(self._leads.to(entry.subject))
                and not self._leads.unreadable())

    def _another(self, entry: inventory.Entry) -> inventory.Entry | None:
        """What has its name."""
        return self._listed.look(dataclasses.replace(entry, identity=''))

    def _beside(self, entry: inventory.Entry, another: inventory.Entry
                ) -> Judged:
        """What is needed, if it is not the other that is."""
        image = self._host.some([entry.image_id]).get(entry.image_id)
        if (image is not None and another.usable and not image.busy
                and another.size is not None and another.size == image.size
                and entry.image_id not in self._host.busy()
                and not planning.is_needed(entry, self._needed)):
            return Judged(Now.NEEDLESS, 'Its location leads to another '
                          'object, which is whole.', entry)
        return Judged(Now.ANOTHER, 'Another object has its name by now.')

    def _judged(self, listed: confirming.Looked, entry: inventory.Entry
                ) -> Judged:
        if planning.is_needed(entry, self._needed):
            return Judged(Now.NEEDED, 'Another Glance has an image of that '
                          'id.')
        claim = claims.Claim(
            entry.image_id, '', None, False, 0.0, 0.0, False,
            claims.State.NONE, '', entry.image_id, False, False)
        found = list(confirming.Confirming(
            self._host, self._store, listed,
            judging.Times(time.time(), self._grace), self._leads).confirmed([
                judging.Verdict(judging.Word.ORPHAN, '', entry, claim)]))
        if not found:
            return Judged(Now.NEEDED, 'A location leads to it.')
        verdict = found[0]
        if verdict.word is judging.Word.WRONG_SIZE:
            return Judged(Now.NEEDED, 'A location leads to it. %s'
                          % verdict.why)
        if (verdict.word not in judging.NEEDLESS
                or verdict.word is judging.Word.CLONED):
            return Judged(Now.UNCLEAR, verdict.why)
        return Judged(Now.NEEDLESS, verdict.why, verdict.entry)


class _AsIfThere:
    """A store, with one more thing in it; see ``confirming.Looked``."""

    def __init__(self, listed: inventory.Inventory, entry: inventory.Entry
                 ) -> None:
        self._listed = listed
        self._entry = entry

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        if entry.spot == self._entry.spot:
            return self._entry
        return self._listed.look(entry)

    def subject(self, name: str) -> str:
        return self._listed.subject(name)

    def leads(self, entry: inventory.Entry, url: str) -> bool:
        return self._listed.leads(entry, url)
