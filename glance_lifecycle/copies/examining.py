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

"""All copies of an image looked at, then read once, for its repair.

A look says which are missing, or of another size; the others are read, and
their digests compared. What is found is kept with its identity, so that it can
be seen again, just before something is done, to be the same thing.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import hashlib
from typing import Any

from oslo_config import cfg

from glance_lifecycle.copies import known
from glance_lifecycle.copies import leading
from glance_lifecycle.copies import looking
from glance_lifecycle.copies import repair_plan
from glance_lifecycle.copies import room
from glance_lifecycle.copies import verifying
from glance_lifecycle.copies import virtual_size
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import inventories
from glance_lifecycle.transfer.backends import inventory

CONF = cfg.CONF

#: Told what begins, and of how many bytes, it returns what is to be told how
#: far that is.
Begin = Callable[[str, int], Callable[[dict[str, Any]], None]]

State = repair_plan.State

# Other images whose copies are looked for before one is said to be missing.
_NEIGHBOURS = 10

_OF_READING = {
    verifying.Result.VERIFIED: State.GOOD,
    verifying.Result.READ: State.READ,
    verifying.Result.CORRUPT: State.WRONG,
    verifying.Result.MISSING: State.MISSING,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Examined:
    """What was found.

    :ivar entries: store -> what lies where its location leads to, None for
        nothing; of stores that can be looked into
    """

    facts: repair_plan.Facts
    seen: list[repair_plan.Seen]
    entries: dict[str, inventory.Entry | None]


def examine(image: glance_host.StoredImage, name: str, begin: Begin
            ) -> Examined:
    """Read all that there is.

    :param name: of the image
    :raises DatabaseError: the database cannot be read
    """
    algorithm = image.os_hash_algo or glance_host.hash_algorithm()
    absent = frozenset(_absent(image))
    entries: dict[str, inventory.Entry | None] = {}
    seen = [_seen(image, copy, algorithm, absent, entries, begin)
            for copy in image.copies]
    facts = repair_plan.Facts(
        image.id, name, image.status, image.size, image.checksum, algorithm,
        absent)
    seen = repair_plan.judged(facts, seen)
    if 'virtual_size' in absent:
        facts = dataclasses.replace(facts, virtual_size=_virtual_size(
            image, [one.store for one in seen if one.state is State.GOOD]))
    return Examined(facts, seen, entries)


def entry(copy: glance_host.StoredCopy) -> inventory.Entry | None:
    """What lies where a location leads to, None for nothing.

    :raises LifecycleError: that cannot be told
    """
    opened = inventories.opened(copy.store)
    try:
        return _entry(opened, copy.store, copy.url)
    finally:
        opened.close()


def _absent(image: glance_host.StoredImage) -> Iterator[str]:
    if not image.os_hash_value:
        yield 'os_hash_value'
        if not image.os_hash_algo:
            yield 'os_hash_algo'
    if image.checksum is None and CONF.lifecycle_transfer.checksum != 'none':
        yield 'checksum'
    if image.size is None:
        yield 'size'
    if image.virtual_size is None and virtual_size.is_known(image):
        yield 'virtual_size'


def _seen(image: glance_host.StoredImage, copy: glance_host.StoredCopy,
          algorithm: str, absent: frozenset[str],
          entries: dict[str, inventory.Entry | None],
          begin: Begin) -> repair_plan.Seen:
    def unclear(why: str) -> repair_plan.Seen:
        return repair_plan.Seen(copy.store, State.UNCLEAR,
                                exceptions.sentence(why))

    if not copy.store:
        return unclear('Glance does not know in which store it is.')
    if image.stores.count(copy.store) > 1:
        return unclear('The image has several locations in this store.')
    if not _is_known(algorithm):
        return unclear('This host cannot compute the digest %s' % algorithm)
    # Before it is read: what it is then is what was read.
    against = ''
    try:
        entries[copy.store] = entry(copy)
    except exceptions.LifecycleError as error:
        against = exceptions.sentence(
            'It cannot be replaced, for the store cannot be looked into: %s'
            % error.detail)
    found = looking.look_at(image, copy)
    if found.present is None:
        return unclear(found.detail)
    if found.present is False or found.size is None:
        one = repair_plan.Seen(
            copy.store, State.WRONG if found.present else State.MISSING,
            exceptions.sentence(found.detail), against=against)
    else:
        one = _read(image, copy, found.size, algorithm, absent, begin)
        one = dataclasses.replace(one, against=against)
    return _with_way(image, copy, one, entries.get(copy.store))


def _read(image: glance_host.StoredImage, copy: glance_host.StoredCopy,
          size: int, algorithm: str, absent: frozenset[str], begin: Begin
          ) -> repair_plan.Seen:
    also = [algorithm]
    if 'checksum' in absent or 'os_hash_value' in absent:
        also.append('md5')
    outcome = verifying.read(
        # It is read to its end, however long Glance thinks that it is.
        dataclasses.replace(image, size=size), copy,
        begin('Reading from ' + copy.store, size), also=also)
    return repair_plan.Seen(
        copy.store, _OF_READING.get(outcome.result, State.UNCLEAR),
        exceptions.sentence(outcome.detail), outcome.digests, outcome.size)


def _with_way(image: glance_host.StoredImage, copy: glance_host.StoredCopy,
              one: repair_plan.Seen, found: inventory.Entry | None
              ) -> repair_plan.Seen:
    if one.state is State.MISSING and found is None:
        return dataclasses.replace(
            one, against=one.against or not_the_store(image, copy))
    if one.state is State.MISSING:
        # In Ceph, an image without the snapshot that the location names.
        one = dataclasses.replace(one, state=State.WRONG)
    if found is None:
        return one
    # It may yet be found to be wrong, by comparison with others.
    way = room.way(image.id, copy.store, found)
    return dataclasses.replace(one, way=way, against=one.against or (
        '' if way is known.Way.BESIDE else room.against(found)
        or needed(image.id, copy)))


def needed(image_id: str, copy: glance_host.StoredCopy) -> str:
    """Which other images need what is there, as a sentence; '' for none.

    Other bytes of the image's name may have been registered as another image,
    to rescue them: wrong for this one, they are all that the other has.

    :raises DatabaseError: that cannot be told
    """
    found = leading.others(image_id, copy)
    return exceptions.sentence('It is not replaced: %s' % '; '.join(
        found)) if found else ''


def not_the_store(image: glance_host.StoredImage,
                  copy: glance_host.StoredCopy) -> str:
    """Why nothing is to be written there; empty for nothing.

    A file system that is not mounted, or another pool, has none of the
    others either; what is written there is lost again when it is back.
    """
    urls = glance_host.some_locations(copy.store, image.id, _NEIGHBOURS)
    if not urls:
        return ''
    try:
        opened = inventories.opened(copy.store)
        try:
            if any(_is_there(opened, copy.store, url) for url in urls):
                return ''
        finally:
            opened.close()
    except exceptions.LifecycleError as error:
        return exceptions.sentence(error.detail)
    return ('Nor are %d other images there that Glance has in this store. See '
            'whether it is the right one, and is mounted.' % len(urls))


def _is_there(opened: inventory.Inventory, store: str, url: str) -> bool:
    try:
        return _entry(opened, store, url) is not None
    except exceptions.StoreError:
        # One that leads elsewhere says nothing.
        return False


def _entry(opened: inventory.Inventory, store: str, url: str
           ) -> inventory.Entry | None:
    spot = opened.spot(url)
    if spot is None:
        raise exceptions.StoreError(
            store=store, detail='a location does not lead into it as it is '
            'configured here')
    return opened.look(inventory.Entry(
        spot.name, inventory.Kind.IMAGE, spot.place,
        opened.subject(spot.name)))


def _virtual_size(image: glance_host.StoredImage, good: list[str]
                  ) -> int | None:
    for copy in image.copies:
        if copy.store in good:
            try:
                return virtual_size.of(image, copy)
            except exceptions.LifecycleError:
                # Another may tell; if none does, that is said.
                continue
    return None


def _is_known(algorithm: str) -> bool:
    try:
        return bool(hashlib.new(algorithm, usedforsecurity=False).digest_size)
    except (ValueError, TypeError):
        return False
