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


"""A judgement is made a second time, of facts that are new then.

A listing takes minutes, and so does reading the database: what was needless
then may be needed now. So each thing that was found is looked at again, in the
database first, and in the store after that.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import itertools
from typing import Protocol

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import leading
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory

# Images that one statement asks for.
_BATCH = 500

Word = judging.Word


class Host(Protocol):
    """Where Glance's database is."""

    def some(self, ids: Sequence[str]) -> Mapping[str, claims.Image]:
        """The images of these ids, as they are now."""

    def busy(self) -> frozenset[str]:
        """Images of tasks and journals, as they are now."""


class Looked(Protocol):
    """What an inventory tells of one thing, as it is now; see there."""

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        """The same thing, and all that there is to know of it."""

    def subject(self, name: str) -> str:
        """The id of the image that a name is of."""

    def leads(self, entry: inventory.Entry, url: str) -> bool:
        """Whether a location leads to it."""


class Confirming:
    """Of one store.

    :param listed: the inventory, open
    :param leads: of that store
    """

    def __init__(self, host: Host, store: claims.Store,
                 listed: Looked, times: judging.Times,
                 leads: leading.Leading) -> None:
        self._host = host
        self._leads = leads
        self._store = store
        self._listed = listed
        self._times = times

    def confirmed(self, verdicts: Iterable[judging.Verdict]
                  ) -> Iterator[judging.Verdict]:
        """Those that are true a second time, or what has become of them.

        :raises DatabaseError: the database cannot be read
        """
        for batch in _batched(verdicts):
            again = [one for one in batch if one.word in judging.TWICE]
            known: Mapping[str, claims.Image] = {}
            busy: frozenset[str] = frozenset()
            if again:
                busy = self._host.busy()
                self._leads.refresh()
                known = self._host.some(sorted({
                    one.claim.image_id for one in again
                    if one.claim is not None}))
            for verdict in batch:
                if verdict.word not in judging.TWICE:
                    yield verdict
                    continue
                yield from self._again(verdict, known, busy)

    def _again(self, verdict: judging.Verdict,
               known: Mapping[str, claims.Image], busy: frozenset[str]
               ) -> Iterator[judging.Verdict]:
        claim = verdict.claim
        assert claim is not None  # noqa: S101 - for mypy
        image = known.get(claim.image_id)
        subject = (self._listed.subject(claim.name) if verdict.entry is None
                   else verdict.entry.subject)
        images = [*([] if image is None else [image]),
                  *(one for one in self._leads.to(subject)
                    if one.id != claim.image_id)]
        made = [one for each in images
                for one in claims.of(each, self._store, each.id in busy)
                if each is image or self._listed.subject(one.name) == subject]
        if image is None and not any(one.alive for one in made):
            # Its row has just been purged: it is not known any more.
            yield dataclasses.replace(
                verdict, word=Word.UNCLEAR, why='The image has just gone '
                'from the database.')
            return
        try:
            yield from self._judged(verdict, claim, images, made)
        except exceptions.StoreError as error:
            yield dataclasses.replace(
                verdict, word=Word.UNCLEAR, why='It could not be looked at '
                'again: %s' % error.detail)

    def _judged(self, verdict: judging.Verdict, claim: claims.Claim,
                images: Sequence[claims.Image], made: Sequence[claims.Claim]
                ) -> Iterator[judging.Verdict]:
        entry = verdict.entry
        found = self._listed.look(entry or inventory.Entry(
            claim.name, inventory.Kind.IMAGE, claim.place,
            self._listed.subject(claim.name)))
        if found is None and entry is not None:
            # It has gone, or is another thing: that is for the next time.
            return
        for second in judging.judge(
                [*([] if found is None else [found]), *self._others(
                    found or inventory.Entry(
                        claim.name, inventory.Kind.IMAGE, claim.place),
                    made)], made, self._times):
            if second.entry is not found or (
                    found is None and (second.claim is None or (
                        second.claim.spot, second.claim.image_id) != (
                            claim.spot, claim.image_id))):
                # Of what is there as well, and has its own turn.
                continue
            doubt = self._doubt(
                found, images) if second.word in judging.NEEDLESS else ''
            if doubt:
                yield dataclasses.replace(second, word=Word.UNCLEAR,
                                          why=doubt)
            elif found is None and second.word is verdict.word:
                # As it was: what lies in the trash was not looked at again.
                yield verdict
            elif second.word not in (Word.GOOD, Word.FOREIGN):
                yield second

    def _others(self, entry: inventory.Entry, made: Sequence[claims.Claim]
                ) -> Iterator[inventory.Entry]:
        """What the image's other locations lead to."""
        for spot in {one.spot for one in made if one.alive}:
            found = self._listed.look(inventory.Entry(
                spot.name, inventory.Kind.IMAGE, spot.place,
                self._listed.subject(spot.name))
            ) if spot != entry.spot else None
            if found is not None:
                yield found

    def _doubt(self, entry: inventory.Entry | None,
               images: Sequence[claims.Image]) -> str:
        """Why what is needless by all claims may be needed; '' for nothing.
        """
        if entry is not None and any(
                self._listed.leads(entry, location.url)
                for image in images for location in image.locations
                if location.status != claims.GONE and location.url):
            return ('A location of the image leads to it on another way, such '
                    'as by a link.' if len(images) == 1 else 'A location of '
                    'an image leads to it on another way.')
        unreadable = self._leads.unreadable()
        return ('Image %s has a location that cannot be decrypted, so that '
                'nobody can tell what it needs. See that [DEFAULT] '
                'metadata_encryption_key is that of glance-api.' % unreadable
                if unreadable else '')


def _batched(verdicts: Iterable[judging.Verdict]
             ) -> Iterator[list[judging.Verdict]]:
    # itertools has it from Python 3.12 on.
    left = iter(verdicts)
    while batch := list(itertools.islice(left, _BATCH)):
        yield batch
