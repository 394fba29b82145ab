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


"""A judgement as a finding, with what it is about and what it holds."""

from collections.abc import Iterator
import dataclasses
import datetime

from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import pages
from glance_lifecycle.transfer.backends import inventory

# Of a path, or a name, that a stranger wrote.
_LONGEST = 300

_PAGES = {one.slug: one for one in pages.PAGES}

#: Of what is said of an image, and of a store, and not of a verdict.
WITHOUT_LOCATION = 'image-without-location'
WITHOUT_HASH = 'image-without-hash'
ANOTHER = 'store-of-another'
NOT_THE_ONE = 'store-not-the-one'
NOT_LISTED = 'store-not-listed'

#: Of what is found when blocks are shared.
OTHER_BYTES = 'same-hash-other-bytes'

_TAKE = ('Ask whoever else uses the store, and have it taken back by '
         '"openstack image lifecycle hygiene plan".')
_REPAIR = ('Have it written again from a good copy with "openstack image '
           'lifecycle repair". If there is none, import the image again.')

_REMEDIES = {
    'orphan-object': _TAKE,
    'orphan-segment': _TAKE,
    'unfinished-upload': 'Start glance-api on the host that wrote it, which '
                         'then removes it. If that host is gone: ' + (
                             _TAKE[0].lower() + _TAKE[1:]),
    'orphan-in-trash': 'Have the trash of the pool purged when its time has '
                       'come.',
    'orphan-with-clones': 'Leave it. It can go when the last clone is '
                          'flattened or deleted.',
    'unregistered-copy': 'Copy the image into the store with "openstack image '
                         'lifecycle store copy" if it is to be there, after '
                         'this one was taken away. ' + _TAKE,
    'object-of-unknown-image': 'Ask who else uses the store, and look for the '
                               'id in the logs of glance-api.',
    'object-in-flight': 'Nothing is to be done. If it lasts, diagnose the '
                        'image.',
    'object-unclear': 'Leave it until that is known.',
    'needed-by-another': 'Nothing is to be done.',
    'foreign-objects': 'Nothing is to be done, if you know whose they are.',
    'in-quarantine': 'Purge it with "openstack image lifecycle hygiene apply '
                     '--purge" when nobody has missed it, or bring it back '
                     'with "openstack image lifecycle hygiene undo".',
    'noncurrent-version': 'Have them removed by a lifecycle rule of the '
                          'bucket, NoncurrentVersionExpiration.',
    OTHER_BYTES: 'Verify both copies with "openstack image lifecycle store '
                 'verify", and have a wrong one written again with "openstack '
                 'image lifecycle repair".',
    'missing-object': _REPAIR,
    'wrong-size': _REPAIR,
    WITHOUT_LOCATION: 'Deactivate or delete the image, and import it again.',
    WITHOUT_HASH: 'Fill it in with "openstack image lifecycle repair", if it '
                  'has to be verified from now on.',
    'location-elsewhere': 'Compare the configuration of the store with the '
                          'locations of the image.',
    ANOTHER: 'Find out who else uses the store.',
    NOT_THE_ONE: 'See what is mounted and configured there, and look again.',
    NOT_LISTED: 'Correct what the evidence says, and look again.',
}


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """A finding of hygiene.

    :ivar slug: of the finding's code
    :ivar store: empty for what is said of an image
    :ivar where: the object; empty for none
    :ivar held: bytes that it takes; 0 where that is not known, or nothing
    :ivar entry: the object itself, as it was last looked at
    :ivar deleted: its image is
    """

    slug: str
    finding: finding.Finding
    store: str = ''
    where: str = ''
    held: int = 0
    entry: inventory.Entry | None = None
    deleted: bool = False


def made(slug: str, subject: str, evidence: str, *, store: str = '',
         where: str = '', held: int = 0) -> Item:
    page = _PAGES[slug]
    return Item(slug, finding.Finding(
        page.code, page.severity, shown(subject), evidence,
        _REMEDIES[slug]), store, where, held)


def of_verdict(store: str, verdict: judging.Verdict) -> Item:
    entry, claim = verdict.entry, verdict.claim
    slug = str(verdict.word)
    if entry is None:
        assert claim is not None  # noqa: S101 - one of the two is there
        return made(slug, claim.image_id, verdict.why or 'Image %s is %s.' % (
            shown(claim.image_id), claim.status), store=store,
            where=shown(claim.name))
    item = made(
        slug, entry.image_id or entry.name, ' '.join(filter(None, (
            masking.plain(verdict.why), *_said(entry, verdict.why)))),
        store=store,
        where=shown(entry.where or entry.name), held=entry.held)
    return dataclasses.replace(
        item, entry=entry, deleted=claim is not None and claim.deleted)


def of_image(slug: str, image: claims.Image) -> Item:
    return made(slug, image.id, 'Its status is %s, and its size %d bytes.'
                % (image.status, image.size or 0))


def shown(text: str) -> str:
    """What a stranger wrote, on one line and not without end."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + '...'
    return masking.plain(text)


def time(moment: float) -> str:
    try:
        return datetime.datetime.fromtimestamp(
            moment, datetime.UTC).isoformat(timespec='seconds')
    except (OverflowError, ValueError, OSError):
        return 'at no time that there is'


def _said(entry: inventory.Entry, said: str) -> Iterator[str]:
    if entry.note not in said:
        yield masking.plain(entry.note)
    hangs = entry.hangs
    size = ('%d bytes' % entry.size if entry.size is not None
            else 'a size that is not known')
    if entry.allocated is not None and entry.allocated != entry.size:
        size += ', takes %d' % entry.allocated
    yield 'It has %s%s.' % (size, '' if entry.changed is None else
                            ', and last changed %s' % time(entry.changed))
    if hangs.links:
        yield ('It has %d more names, so that removing this one frees '
               'nothing.' % hangs.links)
    if hangs.shared:
        yield ('Other files share up to %d bytes of it, which do not come '
               'back when only this one goes.' % hangs.shared)
    if hangs.snapshots:
        yield 'It has %d snapshots%s.' % (
            hangs.snapshots, '' if hangs.protected is None else
            ', %d of them protected' % hangs.protected)
    if hangs.children:
        yield 'It has %d clones: %s%s.' % (
            hangs.children, ', '.join(map(shown, hangs.some)),
            ', ...' if hangs.children > len(hangs.some) else '')
    if hangs.watchers:
        yield '%d clients have it open.' % hangs.watchers
