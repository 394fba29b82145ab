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


"""Stores are compared with what Glance knows.

The stores are listed first, then the journals and tasks are read, then the
database: what was begun meanwhile is known by one of these, and what was not
listed is missed by nobody. What is found is looked at again after that.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import time
from typing import Protocol

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import confirming
from glance_lifecycle.audit.hygiene import counting
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import leading
from glance_lifecycle.audit.hygiene import others
from glance_lifecycle.audit.hygiene import packing
from glance_lifecycle.audit.hygiene import sorting
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory

Word = judging.Word

# What is true of a store whoever else uses it.
_OWN = (Word.MISSING, Word.WRONG_SIZE, Word.ELSEWHERE, Word.FOREIGN,
        Word.OTHERS, Word.VERSION)


def nothing() -> None:
    """Nobody wants to know how far it is."""


class Host(confirming.Host, leading.Host, Protocol):
    """Where Glance's database is."""

    def images(self) -> Iterator[claims.Image]:
        """All that it knows, the deleted ones too."""


@dataclasses.dataclass
class Totals:
    """Of one store.

    :ivar objects: how many things it lists
    :ivar held: bytes that they take, as far as it tells
    :ivar found: slug -> how many, and bytes
    """

    objects: int = 0
    held: int = 0
    found: dict[str, tuple[int, int]] = dataclasses.field(
        default_factory=dict)

    def add(self, item: wording.Item) -> None:
        count, held = self.found.get(item.slug, (0, 0))
        self.found[item.slug] = count + 1, held + item.held


@dataclasses.dataclass
class _Listed:
    """A store, once it is listed."""

    store: claims.Store
    inventory: inventory.Inventory
    entries: sorting.Lines
    claims: sorting.Lines
    leads: leading.Leading

    def close(self) -> None:
        self.entries.close()
        self.claims.close()


class Examination:
    """One look at some stores.

    :param inventories: of all that are configured, as far as they can be
        opened; the caller closes them
    :param audited: those that are to be looked at
    :param failed: of these, why they cannot be
    :param other: Glances that use the stores, too
    :param each: is called for each object and image that is read, and ends
        the look by an exception
    :ivar totals: complete when ``items`` has ended
    """

    def __init__(self, host: Host,
                 inventories: Mapping[str, inventory.Inventory],
                 audited: Sequence[str], failed: Mapping[str, str],
                 times: judging.Times, other: others.Others = others.NONE,
                 each: Callable[[], None] = nothing) -> None:
        self._host = host
        self._each = each
        self._other = other
        self._inventories = inventories
        self._audited = audited
        self._failed = failed
        self._times = times
        self.totals: dict[str, Totals] = {}

    def items(self) -> Iterator[wording.Item]:
        """All that is found.

        :raises LifecycleError: the database or the journals cannot be read
        """
        with contextlib.ExitStack() as stack:
            listed: list[_Listed] = []
            for item in self._listing(listed, stack):
                yield self._counted(item)
            for item in self._reading(listed):
                yield self._counted(item)
            for one in listed:
                for item in self._judging(one):
                    yield self._counted(item)

    def _counted(self, item: wording.Item) -> wording.Item:
        self.totals.setdefault(item.store, Totals()).add(item)
        return item

    # The stores.

    def _listing(self, listed: list[_Listed], stack: contextlib.ExitStack
                 ) -> Iterator[wording.Item]:
        seen: set[tuple[str, ...]] = set()
        for name in self._audited:
            found = self._inventories.get(name)
            if found is None:
                yield _not_listed(name, self._failed.get(
                    name, 'it cannot be opened'))
                continue
            places = tuple(sorted(found.places))
            if places in seen:
                # The same as one before, by another name.
                continue
            seen.add(places)
            entries = sorting.Lines()
            stack.callback(entries.close)
            try:
                self._list(name, found, entries)
            except exceptions.StoreError as error:
                entries.close()
                yield _not_listed(name, error.detail)
                continue
            store = described(name, self._inventories)
            one = _Listed(store, found, entries, sorting.Lines(),
                          leading.Leading(self._host, store, found.subject,
                                          since=time.time()))
            stack.callback(one.close)
            listed.append(one)

    def _list(self, name: str, found: inventory.Inventory,
              entries: sorting.Lines) -> None:
        totals = self.totals.setdefault(name, Totals())
        for entry in found.entries():
            self._each()
            totals.objects += 1
            totals.held += entry.held
            entries.add(packing.key(entry.subject), packing.entry(entry))

    # The database.

    def _reading(self, listed: Sequence[_Listed]) -> Iterator[wording.Item]:
        busy = self._host.busy()
        for image in self._host.images():
            self._each()
            yield from _of_image(image)
            unreadable = claims.unreadable(image)
            for one in listed:
                if unreadable:
                    one.leads.note_unreadable(image.id)
                for claim in claims.of(image, one.store, image.id in busy):
                    one.claims.add(
                        packing.key(one.inventory.subject(claim.name)),
                        packing.claim(claim))

    # Both.

    def _judging(self, one: _Listed) -> Iterator[wording.Item]:
        doubtful = _Doubtful()
        try:
            yield from self._judged(one, doubtful)
        finally:
            doubtful.close()

    def _judged(self, one: _Listed, doubtful: '_Doubtful'
                ) -> Iterator[wording.Item]:
        """Counted first, for what most of it is says what it is worth."""
        name = one.store.name
        words = self._sorted_out(one, doubtful)
        missing, there = words[Word.MISSING], words[Word.GOOD]
        if missing > there:
            yield wording.made(
                wording.NOT_THE_ONE, name, '%d of the %d objects that Glance '
                'has there are missing; %d others are there.' % (
                    missing, missing + there, one.entries.count - there),
                store=name)
            return
        strange = words[Word.UNKNOWN_IMAGE]
        known = there + sum(words[word] for word in (
            *judging.NEEDLESS, Word.IN_FLIGHT, Word.UNCLEAR, Word.WRONG_SIZE))
        shared = bool(strange) and strange >= known
        if shared:
            yield wording.made(
                wording.ANOTHER, name, '%d of %d objects have the ids of '
                'images that this Glance does not know.' % (
                    strange, strange + known), store=name)
        counted = counting.Counted()
        for verdict in confirming.Confirming(
                self._host, one.store, one.inventory, self._times,
                one.leads).confirmed(counted.others(_said(
                    map(self._other.seen, doubtful.verdicts(self._times)),
                    shared))):
            yield wording.of_verdict(name, self._other.seen(verdict))
        yield from counted.items(name)

    def _sorted_out(self, one: _Listed, doubtful: '_Doubtful'
                    ) -> collections.Counter[judging.Word]:
        """How many there are of each word, objects and what is missing.

        :param doubtful: gets what is not good
        """
        words: collections.Counter[judging.Word] = collections.Counter()
        for key, entries, made in sorting.groups(one.entries, one.claims):
            if packing.agree(entries, made):
                words[Word.GOOD] += 1
                continue
            verdicts = list(map(self._other.seen, _verdicts(
                entries, made, self._times)))
            # A location without an entry may be good; then it is no object.
            words.update(one.word for one in verdicts
                         if one.word is not Word.GOOD or one.entry)
            if any(one.word is not Word.GOOD for one in verdicts):
                doubtful.add(key, entries, made)
        return words


class _Doubtful:
    """What is judged a second time."""

    def __init__(self) -> None:
        self._entries = sorting.Lines()
        self._claims = sorting.Lines()

    def add(self, key: bytes, entries: Sequence[bytes],
            made: Sequence[bytes]) -> None:
        for line in entries:
            self._entries.add(key, line)
        for line in made:
            self._claims.add(key, line)

    def verdicts(self, times: judging.Times) -> Iterator[judging.Verdict]:
        for _key, entries, made in sorting.groups(self._entries,
                                                  self._claims):
            yield from _verdicts(entries, made, times)

    def close(self) -> None:
        self._entries.close()
        self._claims.close()


def described(name: str, inventories: Mapping[str, inventory.Inventory]
              ) -> claims.Store:
    """One of the stores, as it is told from the others."""
    found = inventories[name]
    others = [other for key, other in inventories.items() if key != name]
    return claims.Store(
        name, found.schemes, found.spot,
        lambda url: any(other.spot(url) is not None for other in others))


def _verdicts(entries: Sequence[bytes], made: Sequence[bytes],
              times: judging.Times) -> Iterator[judging.Verdict]:
    return judging.judge(list(map(packing.to_entry, entries)),
                         list(map(packing.to_claim, made)), times)


def _said(verdicts: Iterable[judging.Verdict], shared: bool
          ) -> Iterator[judging.Verdict]:
    """Of a store that is another's, only what Glance itself says."""
    for verdict in verdicts:
        if verdict.word is not Word.GOOD and (
                not shared or verdict.word in _OWN):
            yield verdict


def _not_listed(name: str, why: str) -> wording.Item:
    return wording.made(wording.NOT_LISTED, name, 'Store %s: %s' % (
        wording.shown(name), wording.shown(exceptions.sentence(why))),
        store=name)


def _of_image(image: claims.Image) -> Iterator[wording.Item]:
    # What Nova makes of a server with a volume has no bytes, and no location.
    if image.deleted or image.status != 'active' or not image.size:
        return
    if not any(location.status != claims.GONE
               for location in image.locations):
        yield wording.of_image(wording.WITHOUT_LOCATION, image)
    elif not image.hashed:
        yield wording.of_image(wording.WITHOUT_HASH, image)
