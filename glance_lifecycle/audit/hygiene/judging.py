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


"""What is to be said of one image's objects, and of its locations.

Pure. In doubt, nothing is an orphan: not what is young, being written, open,
or in the way of a location that cannot be followed; not what bears the id of
an image that this Glance does not know, which may be another Glance's; and not
what is older than the image whose id it bears, for users choose the ids of
images.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import enum

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.transfer.backends import inventory

# Seconds by which the clocks of a store and of a database may differ.
_CLOCKS = 3600.0

# The others are on their way, or nobody knows where to.
_SETTLED = ('active', 'deactivated')


class Word(enum.StrEnum):
    """A judgement, by the name of its page."""

    GOOD = 'good'
    FOREIGN = 'foreign-objects'
    QUARANTINED = 'in-quarantine'
    VERSION = 'noncurrent-version'
    UNKNOWN_IMAGE = 'object-of-unknown-image'
    OTHERS = 'needed-by-another'
    IN_FLIGHT = 'object-in-flight'
    UNCLEAR = 'object-unclear'
    ORPHAN = 'orphan-object'
    SEGMENT = 'orphan-segment'
    UNFINISHED = 'unfinished-upload'
    TRASH = 'orphan-in-trash'
    CLONED = 'orphan-with-clones'
    UNREGISTERED = 'unregistered-copy'
    MISSING = 'missing-object'
    WRONG_SIZE = 'wrong-size'
    ELSEWHERE = 'location-elsewhere'


#: Judgements that something is needless.
NEEDLESS = frozenset((Word.ORPHAN, Word.SEGMENT, Word.UNFINISHED, Word.TRASH,
                      Word.CLONED, Word.UNREGISTERED))

#: Those that are to be made a second time, of facts that are new then.
TWICE = NEEDLESS | {Word.MISSING, Word.WRONG_SIZE}

# Of what a location does not lead to, whatever its name.
_AWAY = (inventory.Kind.TRASH, inventory.Kind.QUARANTINED,
         inventory.Kind.VERSION)

_OF_KIND = {inventory.Kind.SEGMENT: Word.SEGMENT,
            inventory.Kind.UNFINISHED: Word.UNFINISHED,
            inventory.Kind.TRASH: Word.TRASH}


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """Of one entry, or of one location that leads to none.

    :ivar why: a sentence
    :ivar entry: None where nothing is there
    :ivar claim: of the image of that id, or the one that led to the verdict;
        None where there is none
    """

    word: Word
    why: str = ''
    entry: inventory.Entry | None = None
    claim: claims.Claim | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """:ivar now: seconds since the epoch
    :ivar grace: seconds since the last change, below which nothing is judged
    """

    now: float
    grace: float

    def is_young(self, changed: float) -> bool:
        # What is of the future too.
        return self.now - changed < self.grace


def judge(entries: Sequence[inventory.Entry],
          made: Sequence[claims.Claim], times: Times) -> Iterator[Verdict]:
    """All that is to be said of what has one subject.

    :param entries: of the store
    :param made: of all images to those names, and of the image of that id
    """
    linked = any(one.kind is inventory.Kind.FOREIGN and one.image_id
                 for one in entries)
    there = {one.spot for one in entries
             if one.kind not in _AWAY}
    for entry in entries:
        mine = [one for one in made if one.state and one.spot == entry.spot]
        if entry.kind is inventory.Kind.QUARANTINED:
            yield Verdict(Word.QUARANTINED, entry.note, entry)
        elif entry.kind is inventory.Kind.VERSION:
            yield Verdict(Word.VERSION, entry.note, entry, next(
                (one for one in made if one.image_id == entry.image_id),
                None))
        elif entry.kind is inventory.Kind.TRASH:
            yield _trashed(entry, mine, made, times, there)
        elif any(one.alive for one in mine):
            yield _needed(entry, mine, times)
        elif entry.kind is inventory.Kind.FOREIGN:
            yield Verdict(Word.FOREIGN, entry.note, entry)
        else:
            yield _unclaimed(entry, mine, made, times, linked, there)
    yield from _without(entries, made, times, there)


def _needed(entry: inventory.Entry, mine: Sequence[claims.Claim],
            times: Times) -> Verdict:
    claim = next(one for one in mine if one.alive)
    if entry.kind is inventory.Kind.FOREIGN:
        # As far as that can be told: the driver follows links, and stores may
        # have been filled by hand.
        return Verdict(Word.GOOD, '', entry, claim)
    if claim.busy or times.is_young(claim.changed):
        return Verdict(Word.GOOD, '', entry, claim)
    if not entry.usable:
        return Verdict(
            Word.MISSING, 'An image of that name is there, and the snapshot '
            'that the location names is not.', entry, claim)
    if claim.size is not None and entry.size is not None and (
            claim.size != entry.size):
        return Verdict(
            Word.WRONG_SIZE, 'It has %d bytes, and Glance says %d.' % (
                entry.size, claim.size), entry, claim)
    return Verdict(Word.GOOD, '', entry, claim)


def _unclaimed(entry: inventory.Entry, mine: Sequence[claims.Claim],
               made: Sequence[claims.Claim], times: Times, linked: bool,
               there: set[inventory.Spot]) -> Verdict:
    """Of what no location leads to."""
    if mine and any(one.state == claims.State.LEAVING for one in mine):
        return Verdict(Word.IN_FLIGHT, 'Its location waits to be removed by '
                       'the scrubber.', entry, mine[0])
    claim = next((one for one in made if one.image_id == entry.image_id),
                 None)
    if claim is None:
        return Verdict(
            Word.UNKNOWN_IMAGE, 'This Glance knows no image of that id.',
            entry)
    moving = _moving(entry, claim, times)
    if moving:
        return Verdict(Word.IN_FLIGHT, moving, entry, claim)
    doubt = _doubt(entry, made, linked, any(
        one.alive and one.spot not in there for one in made))
    if doubt:
        return Verdict(Word.UNCLEAR, doubt, entry, claim)
    known = any(one.image_id == claim.image_id
                and one.state == claims.State.GONE for one in mine)
    if not known and _older(entry, claim):
        return Verdict(
            Word.UNKNOWN_IMAGE, 'It is older than the image of that id, so '
            'that it may be of another Glance.', entry, claim)
    return _needless(entry, claim)


def _moving(entry: inventory.Entry, claim: claims.Claim, times: Times) -> str:
    """Why it may change in a moment; empty for not."""
    if claim.busy:
        return ('The image is being imported, staged or copied, or its '
                'journal says that this has not ended.')
    if not claim.deleted and claim.status not in _SETTLED:
        return 'The image is %s.' % claim.status
    if entry.hangs.watchers:
        return 'Somebody has it open.'
    if entry.changed is not None and times.is_young(entry.changed):
        return 'It changed lately.'
    if times.is_young(claim.changed):
        return 'The image changed lately, or was deleted.'
    return ''


def _doubt(entry: inventory.Entry, made: Sequence[claims.Claim],
           linked: bool, lost: bool) -> str:
    """Why nobody can tell whether it is needed; empty for nothing.

    :param lost: a location leads to where nothing is
    """
    if entry.changed is None:
        return 'The store does not tell when it changed.'
    stray = next((one for one in made if one.stray), None)
    if stray is not None:
        return ('%s has a location of which this host does not know where it '
                'leads to.' % (
                    'The image' if stray.image_id == entry.image_id
                    else 'Image %s' % stray.image_id))
    if lost:
        return ('A location of the image leads nowhere, and this may be what '
                'is left of what it led to.')
    if linked:
        return 'Something else has that name, and may lead to it.'
    return ''


def _older(entry: inventory.Entry, claim: claims.Claim) -> bool:
    return entry.changed is not None and (
        entry.changed < claim.created - _CLOCKS)


def _needless(entry: inventory.Entry, claim: claims.Claim) -> Verdict:
    word = _OF_KIND.get(entry.kind)
    if word is None and claim.deleted:
        word = Word.CLONED if entry.hangs.children else Word.ORPHAN
    if word is None:
        word = Word.UNREGISTERED
    return Verdict(
        word, 'The image is deleted.' if claim.deleted else 'The image is '
        '%s, and no location leads to it.' % claim.status, entry, claim)


def _trashed(entry: inventory.Entry, mine: Sequence[claims.Claim],
             made: Sequence[claims.Claim], times: Times,
             there: set[inventory.Spot]) -> Verdict:
    """Of what was removed already, in Ceph."""
    if not entry.image_id:
        return Verdict(Word.FOREIGN, entry.note, entry)
    if any(one.alive for one in mine):
        return Verdict(
            Word.UNCLEAR, 'A location leads to its name, %s. %s' % (
                'which another has by now' if entry.spot in there
                else 'and nothing else is there', entry.note), entry, mine[0])
    verdict = _unclaimed(entry, mine, made, times, False, there)
    return dataclasses.replace(verdict, why=' '.join(filter(None, (
        verdict.why, entry.note))))


def _without(entries: Sequence[inventory.Entry],
             made: Sequence[claims.Claim], times: Times,
             there: set[inventory.Spot]) -> Iterator[Verdict]:
    """Of locations that lead to nothing."""
    lost: set[str] = set()
    for claim in made:
        if claim.lost and not claim.deleted and claim.image_id not in lost:
            lost.add(claim.image_id)
            yield Verdict(Word.ELSEWHERE, '', None, claim)
        if not claim.alive or claim.spot in there:
            continue
        if claim.busy or times.is_young(claim.changed):
            # It may have come after the listing was made.
            yield Verdict(Word.GOOD, '', None, claim)
            continue
        away = next((one for one in entries if one.spot == claim.spot), None)
        yield Verdict(
            Word.MISSING, 'Nothing is there.' if away is None else
            'It is in %s. %s' % (
                'the trash' if away.kind is inventory.Kind.TRASH
                else 'quarantine', away.note), None, claim)
