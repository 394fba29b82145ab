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

"""The catalogue: images of the Image API -> those of the document."""

import collections
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle.planning import cloud_schema
from glance_lifecycle.planning import staying
from glance_lifecycle.transfer.backends.object_store import pace

GIB = 1024 ** 3
_DAY = 86400
_WEEK = 7 * _DAY

#: The store of a Glance that has no names for stores.
ONLY_STORE = 'default'

_FORMATS = frozenset(('raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso',
                      'ami', 'aki', 'ari', 'ploop'))
# Whose size is that of the disk.
_FLAT = frozenset(('raw', 'iso', 'ami', 'aki', 'ari'))
_MOST_COPIES = 50
_RBD = 'rbd://'


@dataclasses.dataclass
class Catalogue:
    """What was found of all images.

    :ivar items: those of the document, without what made disks of them
    :ivar names: id of an image -> its name in the document
    :ivar schemes: store -> how many locations of which scheme were shown
    :ivar fsids: store -> how many locations are in which cluster of Ceph
    :ivar shown: whether an image has shown ``direct_url``, and ``locations``
    :ivar held: store -> bytes of images in it
    :ivar grown: store -> bytes of those among them that are new
    :ivar new: ids of images that may be new
    """

    items: list[document.Item] = dataclasses.field(default_factory=list)
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    schemes: dict[str, collections.Counter[str]] = dataclasses.field(
        default_factory=dict)
    fsids: dict[str, collections.Counter[str]] = dataclasses.field(
        default_factory=dict)
    shown: set[str] = dataclasses.field(default_factory=set)
    held: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)
    grown: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)
    new: set[str] = dataclasses.field(default_factory=set)
    settled: int = 0

    def fsid(self, store: str) -> str:
        """Of the cluster with most of its images; empty if none is known."""
        most = self.fsids.get(store, collections.Counter()).most_common(1)
        return most[0][0] if most else ''


def listed(client: Any, progress: Callable[[int], None] = lambda count: None,
           paced: pace.Pace | None = None
           ) -> Iterator[Mapping[str, Any]]:
    """All images of all projects, as far as this user sees them.

    :param progress: called with how many there were
    :param paced: how often Glance is asked
    :raises LifecycleError: Glance does not list them
    """
    paced = paced or pace.Pace()
    ask = image_api.getter(client)

    def get(path: str, query: Mapping[str, Any]) -> Any:
        paced.wait()
        return ask(path, query)

    with image_api.asking('list all images'):
        for count, image in enumerate(drift.catalogue(
                get, visibility='all'), 1):
            yield image
            if not count % drift.PAGE:
                progress(count)


def collect(images: Iterable[Mapping[str, Any]], stores: Mapping[str, str],
            note: document.Note, since: datetime.datetime | None = None
            ) -> Catalogue:
    """Those that have bytes.

    :param stores: name of each -> the fsid of its cluster of Ceph, or empty;
        none where Glance has no names for them
    :param since: in UTC: what was created later is new
    """
    # As Glance writes it.
    begin = since.strftime('%Y-%m-%dT%H:%M:%SZ') if since else None
    found = Catalogue()
    ids: list[str] = []
    left: collections.Counter[str] = collections.Counter()
    for image in images:
        if image.get('status') not in drift.SETTLED:
            continue
        found.settled += 1
        if len(ids) >= document.MOST_IMAGES:
            left['there are more than %d' % document.MOST_IMAGES] += 1
            continue
        located = _locations(found, image, stores)
        item = _item(image, stores)
        if isinstance(item, str):
            left[item] += 1
            continue
        ids.append(str(image.get('id')))
        found.items.append(item)
        created = str(image.get('created_at') or '')
        if not begin or not created or created > begin:
            found.new.add(ids[-1])
        _count(found, item, bool(begin and created > begin))
        for place, store in enumerate(item['copies']):
            if _is_odd(located.get(store, ''), stores.get(store, '')):
                item['copies'][place] = {
                    'store': store,
                    'location': document.name(located[store])}
    for why, count in left.items():
        note('%d images are left out: %s.' % (count, why))
    guessed = sum(item.get('virtual_size', {}).get('from') == 'assumed'
                  for item in found.items)
    if guessed:
        note('Glance does not say how large the disks of %d images are. '
             'min_disk is taken for it, or the size.' % guessed)
    _named(found, ids)
    return found


def _count(found: Catalogue, item: document.Item, grown: bool) -> None:
    for store in item['copies']:
        found.held[store] += item['size']['value']
        if grown:
            found.grown[store] += item['size']['value']


def unknown_boots(found: Catalogue, covered: bool, note: document.Note
                  ) -> None:
    """Mark those that may have been booted lately.

    :param covered: whether all boots were seen of as long a time as an image
        has to be idle
    """
    new = {found.names[image_id] for image_id in found.new}
    count = 0
    for item in found.items:
        if 'boots_per_week' in item or 'volumes_per_week' in item:
            continue
        if not covered or item['name'] in new:
            item['last_boot'] = cloud_schema.NOT_KNOWN
            count += 1
    if count:
        note('Of %d images no boot was seen, and nobody knows whether there '
             'was one in the last %d days: they stay as fast as they are. '
             '--weeks %d looks at all of that time, as far as Nova and Cinder '
             'tell.' % (count, staying.IDLE // _DAY,
                        -(-staying.IDLE // _WEEK)))


def _item(image: Mapping[str, Any], stores: Collection[str]
          ) -> document.Item | str:
    """Of the document; why it can be none, if not."""
    disk_format, size = image.get('disk_format'), document.number(
        image.get('size'))
    if disk_format not in _FORMATS:
        return 'their disk_format is none that is known of disks'
    if size is None:
        return 'Glance does not say how large they are'
    copies = [store for store in dict.fromkeys(_stores(image, stores))
              if not stores or store in stores][:_MOST_COPIES]
    if not copies:
        return 'they are in no store that Glance has now'
    item = {'name': str(image.get('name') or ''),
            'disk_format': disk_format, 'size': document.read(size),
            'copies': copies}
    owner = image.get('owner')
    if owner and document.name(owner) == owner:
        item['project'] = owner
    if image.get('protected') is True:
        # What "migrate plan" takes for golden, too.
        item['golden'] = True
    if disk_format not in _FLAT:
        item['virtual_size'] = _virtual_size(image, size)
    return item


def _virtual_size(image: Mapping[str, Any], size: int) -> document.Item:
    virtual = document.number(image.get('virtual_size'))
    if virtual:
        return document.read(virtual)
    disk = document.number(image.get('min_disk')) or 0
    return document.assumed(max(size, min(disk, 2 ** 20) * GIB))


def _stores(image: Mapping[str, Any], stores: Collection[str]) -> list[str]:
    return image_api.stores_of(image) if stores else [ONLY_STORE]


def _is_odd(url: str, fsid: str) -> bool:
    """Whether nobody clones from there, though the store is one of Ceph.

    Only of Ceph: other locations may hold a key.
    """
    if not url.startswith(_RBD):
        return False
    parts = url.removeprefix(_RBD).split('/')
    return len(parts) != 4 or fsid not in ('', parts[0].lower())


def _locations(found: Catalogue, image: Mapping[str, Any],
               stores: Collection[str]) -> dict[str, str]:
    """Note what they say of stores.

    :returns: store -> its URL, as far as shown
    """
    shown: list[tuple[str, str]] = []
    held = _stores(image, stores)
    if 'direct_url' in image:
        found.shown.add('direct_url')
        if len(held) == 1:
            shown.append((held[0], str(image['direct_url'])))
    if isinstance(image.get('locations'), list):
        found.shown.add('locations')
        for one in image['locations']:
            if isinstance(one, Mapping):
                metadata = one.get('metadata')
                store = (metadata.get('store') if isinstance(
                    metadata, Mapping) else None) or (
                        held[0] if len(held) == 1 else '')
                shown.append((str(store), str(one.get('url'))))
    for store, url in shown:
        scheme = url.partition('://')[0]
        found.schemes.setdefault(store, collections.Counter())[scheme] += 1
        parts = url.removeprefix(_RBD).split('/')
        if url.startswith(_RBD) and len(parts) == 4:
            found.fsids.setdefault(store, collections.Counter())[
                parts[0].lower()] += 1
    return dict(shown)


def _named(found: Catalogue, ids: list[str]) -> None:
    """By its name where no other has that, else by the name and the id."""
    names = [document.name(item['name'] or image_id)
             for image_id, item in zip(ids, found.items, strict=True)]
    count = collections.Counter(names)
    for image_id, item, shown in zip(ids, found.items, names, strict=True):
        name = item['name']
        if count[shown] > 1:
            shown = '%s (%s)' % (shown[:200], document.name(image_id)[:50])
            while shown in count:
                # Somebody has called another image that.
                shown += "'"
        if shown != name:
            # A policy matches what Glance calls it.
            item['glance_name'] = name if document.name(name) == name else ''
        item['name'] = found.names[image_id] = shown
