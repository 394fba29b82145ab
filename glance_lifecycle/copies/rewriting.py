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

"""Copies written again, in the places of those that are missing or wrong.

Their locations stay in Glance. Of what is in one's way, ``room`` knows what
is done; ``copying`` writes, and undoes what it cannot complete.
"""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from glance_lifecycle.copies import copying
from glance_lifecycle.copies import examining
from glance_lifecycle.copies import known
from glance_lifecycle.copies import room
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import targets
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import sink

Entries = Mapping[str, inventory.Entry | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What came of one store.

    :ivar done: it has the image's bytes now
    """

    store: str
    done: bool
    detail: str


def check_still(copy: glance_host.StoredCopy,
                before: inventory.Entry | None, way: known.Way) -> None:
    """Look whether what was found to be bad is the same thing still.

    :raises StoreError: it is not, or somebody uses it
    """
    now = check_same(copy, before)
    if now is not None and way is not known.Way.BESIDE:
        why = room.against(now)
        if why:
            raise exceptions.StoreError(store=copy.store, detail=why)


def check_same(copy: glance_host.StoredCopy, before: inventory.Entry | None
               ) -> inventory.Entry | None:
    """The same, but for who uses it.

    :returns: it, as it is now
    :raises StoreError: it is another thing by now
    """
    now = examining.entry(copy)
    if (before and before.identity) != (now and now.identity):
        raise exceptions.StoreError(
            store=copy.store, detail='what is there is not what was found to '
            'be bad. Run it again')
    return now


class Rewriting:
    """Some copies of one image.

    :param statuses: of images that are copied
    :param good: stores of copies that are the image
    :param entries: what was found to be where the locations lead to
    :param ways: how the places of wrong ones are taken
    :ivar image: as it is after what was written
    """

    def __init__(self, image: glance_host.StoredImage,
                 statuses: Collection[str], good: Collection[str],
                 entries: Entries, ways: Mapping[str, known.Way],
                 begin: examining.Begin) -> None:
        self.image = image
        self._statuses = statuses
        self._good = good
        self._entries = entries
        self._ways = ways
        self._begin = begin
        self._bad = {copy.store: copy for copy in image.copies}

    def write(self, stores: Sequence[str]) -> Iterator[Written]:
        """All in one pass. What is in the way goes, as its way says.

        :raises LifecycleError: it could be written to none
        """
        ready: dict[str, jobs.Target] = {}
        aside: dict[str, room.Aside] = {}
        try:
            for store in stores:
                try:
                    ready[store] = self._made_ready(store, aside)
                except exceptions.LifecycleError as error:
                    yield Written(store, False, error.for_operator())
            for outcome in self._copied(ready) if ready else ():
                if outcome.store in ready:
                    yield self._written(outcome, aside)
        finally:
            # Of those that were not written.
            for one in aside.values():
                one.restore()

    def _made_ready(self, store: str, aside: dict[str, room.Aside]
                    ) -> jobs.Target:
        """:param aside: gets what was put into quarantine"""
        copy, entry, way = (self._bad[store], self._entries.get(store),
                            self._ways[store])
        check_still(copy, entry, way)
        if way not in (known.Way.BESIDE, known.Way.NONE):
            # It may have been registered while all was read.
            why = examining.needed(self.image.id, copy)
            if why:
                raise exceptions.StoreError(store=store, detail=why)
        if way is known.Way.IN_PLACE:
            target = room.target(copy)
            # Which file that is was asked between two looks.
            check_still(copy, entry, way)
            return target
        (target,) = targets.targets([store])
        if way is known.Way.FIRST:
            room.remove(copy, entry)
        elif entry is None:
            room.clear(self.image.id, store)
        elif way is known.Way.ASIDE:
            aside[store] = room.Aside(self.image.id, store)
            aside[store].put(entry)
        return target

    def _copied(self, ready: Mapping[str, jobs.Target]
                ) -> list[copying.Outcome]:
        good = dataclasses.replace(self.image, copies=tuple(
            copy for copy in self.image.copies if copy.store in self._good))
        return copying.Copying(
            good, list(ready), None,
            self._begin('Writing to ' + ', '.join(ready), good.size or 0),
            manner=copying.Manner(
                self._statuses, lambda stores: [ready[s] for s in stores],
                self._register)).run()

    def _register(self, image: glance_host.StoredImage,
                  stored: sink.Stored) -> None:
        copy = self._bad[str(stored.metadata['store'])]
        glance_host.change_location(image, copy, stored)
        self.image = dataclasses.replace(self.image, copies=tuple(
            dataclasses.replace(one, url=stored.url) if one == copy else one
            for one in self.image.copies))

    def _written(self, outcome: copying.Outcome,
                 aside: dict[str, room.Aside]) -> Written:
        store = outcome.store
        one = aside.pop(store, None)
        if outcome.result is not copying.Result.COPIED:
            return Written(store, False, _joined(
                outcome.detail, one.restore() if one else ''))
        # Also what a repair that was killed has put there.
        said = (room.Aside(self.image.id, store).purge()
                if room.keeps(store) else '')
        return Written(store, True, _joined(
            '%d bytes were written.' % (outcome.written or 0), said))


def _joined(*sentences: str) -> str:
    return ' '.join(filter(None, sentences))
