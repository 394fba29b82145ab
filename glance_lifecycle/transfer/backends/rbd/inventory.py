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


"""What lies in a pool of a Ceph cluster: its images, name spaces and trash.

A listing of Ceph tells names only, so the header of each image is read; if
that is not as we know it, the image is opened, read only: that leaves no
watch. Who has it open, what was cloned from it and whether its writer has
marked it is asked for where it matters, by ``look``: for clones of the first
format, that is one question for each pool of the cluster.
"""

from collections.abc import Callable
from collections.abc import Iterator
import datetime
import functools
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import headers
from glance_lifecycle.transfer.backends.rbd import in_flight
from glance_lifecycle.transfer.backends.rbd import names
from glance_lifecycle.transfer.backends.rbd import options as rbd_options
from glance_lifecycle.transfer.backends.rbd import plan_mark
from glance_lifecycle.transfer.backends.rbd import source as rbd_source
from glance_lifecycle.transfer.backends.rbd import trash
from glance_lifecycle.transfer.backends.rbd import unfinished

_SCHEME = 'rbd'

# Of an image's children, as many are named.
_SOME = 3

# Of what is looked up by its id: names are not unique there.
_IN_TRASH = (inventory.Kind.TRASH, inventory.Kind.QUARANTINED)

_HALF_MADE = ('It has a name and nothing behind it: it is being made or '
              'removed, or whoever did that has died.')
_IN_NAMESPACE = ('It lies in a name space, into which no location of Glance '
                 'leads.')


class RbdInventory(inventory.Inventory):
    """One pool; connected from its beginning to ``close``.

    :param options: what ``rbd_options.describe`` returned
    """

    schemes = (_SCHEME,)

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        super().__init__(store, options)
        self._cluster = rbd_cluster.Cluster(store, options)
        # Name space -> handle of the pool.
        self._handles: dict[str, Any] = {}
        try:
            self._cluster.connect()
            self._fsid = self._cluster.fsid
            self._handles[''] = self._cluster.ioctx
        except BaseException:
            self.close()
            raise

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return rbd_options.describe(conf, store)

    @property
    def places(self) -> tuple[str, ...]:
        return (self._place(''),)

    def _place(self, namespace: str) -> str:
        return '/'.join((self._fsid, self._cluster.pool, namespace))

    # Listing.

    def entries(self) -> Iterator[inventory.Entry]:
        yield from self.bounded(self._entries())

    def _entries(self) -> Iterator[inventory.Entry]:
        rbd = self._cluster.rbd.RBD()
        for namespace in ('', *self._namespaces()):
            handle = self._handle(namespace)
            yield from self._all(
                'listing the images', functools.partial(_names, rbd), handle,
                functools.partial(self._listed, namespace))
            yield from self._all(
                'looking at the trash', rbd.trash_list, handle,
                functools.partial(self._trashed, namespace))

    def _namespaces(self) -> list[str]:
        return [str(name) for name in self._cluster.call(
            'listing the name spaces', lambda: list(
                self._cluster.rbd.RBD().namespace_list(
                    self._cluster.ioctx)))]

    def _handle(self, namespace: str) -> Any:
        if namespace not in self._handles:
            def opened() -> Any:
                handle = self._cluster.open_other(self._cluster.pool)
                handle.set_namespace(namespace)
                return handle
            self._handles[namespace] = self._cluster.call(
                'opening a name space', opened)
        return self._handles[namespace]

    def _all(self, doing: str, listed: Callable[[Any], Any], handle: Any,
             look: Callable[[Any], inventory.Entry | None]
             ) -> Iterator[inventory.Entry]:
        found = self._cluster.call(doing, lambda: list(listed(handle)))
        for entry in in_flight.each(found, look):
            # What has gone since it was listed is not there any more.
            if entry is not None:
                yield entry

    def _listed(self, namespace: str, one: tuple[str, str]
                ) -> inventory.Entry | None:
        """Without opening it, where its header alone tells enough."""
        name, image_id = one
        facts = self._by_header(namespace, image_id) if image_id else None
        if facts is None:
            return self._image(self._look_at, namespace, name)
        return self._named(namespace, name, facts)

    def _by_header(self, namespace: str, image_id: str
                   ) -> dict[str, Any] | None:
        """As ``_look_at`` has it, and the mark."""
        header = self._cluster.call(
            'looking at an image', headers.read, self._cluster,
            self._handle(namespace), image_id)
        return None if header is None else {
            'size': header.size, 'allocated': None,
            'changed': header.changed, 'identity': image_id,
            'usable': rbd_options.SNAPSHOT in header.snapshots,
            'marked': False, 'mark': header.mark,
            'hangs': inventory.Hangs(snapshots=len(header.snapshots))}

    # One image.

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        namespace = entry.place.split('/', 2)[2]
        if entry.kind in _IN_TRASH:
            one = entry.identity and trash.get(
                self._cluster, entry.identity, self._handle(namespace))
            found = (self._trashed(namespace, one, self._all_of) if one
                     else None)
        else:
            found = self._image(self._all_of, namespace, entry.name)
        if found is None or entry.identity not in ('', found.identity):
            return None
        return found

    def _image(self, look: Callable[[Any], dict[str, Any]], namespace: str,
               name: str) -> inventory.Entry | None:
        cluster, handle = self._cluster, self._handle(namespace)

        def opened() -> dict[str, Any] | None:
            try:
                image = cluster.rbd.Image(handle, name, read_only=True)
            except cluster.rbd.ImageNotFound:
                return _half(cluster, handle, name)
            with image:
                return look(image)

        facts = cluster.call('looking at an image', opened)
        return None if facts is None else self._named(namespace, name, facts)

    def _named(self, namespace: str, name: str, facts: dict[str, Any]
               ) -> inventory.Entry:
        image_id = inventory.image_id(name)
        if namespace:
            kind, note = inventory.Kind.FOREIGN, _IN_NAMESPACE
        elif not image_id:
            kind, note = inventory.Kind.FOREIGN, ''
        elif facts['marked'] or not facts['usable']:
            kind, note = inventory.Kind.UNFINISHED, ''
        else:
            kind, note = inventory.Kind.IMAGE, ''
        return self._entry(namespace, name, kind, facts,
                           facts.get('note', '') or note)

    def _trashed(self, namespace: str, one: dict[str, Any],
                 look: Callable[[Any], dict[str, Any]] | None = None
                 ) -> inventory.Entry | None:
        found = self._in_trash(namespace, one, look)
        return None if found is None else found[0]

    def _in_trash(self, namespace: str, one: dict[str, Any],
                  look: Callable[[Any], dict[str, Any]] | None = None
                  ) -> tuple[inventory.Entry, plan_mark.Mark | None] | None:
        """With the mark of the plan that took it, if one did.

        :param look: at what is open; without it, the header has to do
        """
        facts = (self._by_header(namespace, str(one['id']))
                 if look is None else None)
        if facts is None:
            facts = self._opened_in_trash(namespace, one,
                                          look or self._look_at)
        return None if facts is None else self._of_trash(namespace, one,
                                                         facts)

    def _opened_in_trash(self, namespace: str, one: dict[str, Any],
                         look: Callable[[Any], dict[str, Any]]
                         ) -> dict[str, Any] | None:
        cluster, handle = self._cluster, self._handle(namespace)

        def opened() -> dict[str, Any] | None:
            try:
                image = cluster.rbd.Image(handle, image_id=one['id'],
                                          read_only=True)
            except cluster.rbd.ImageNotFound:
                # It goes, in this moment.
                return None
            with image:
                return look(image) | {'mark': plan_mark.read(image)}

        found: dict[str, Any] | None = cluster.call(
            'looking at an image in the trash', opened)
        return found

    def _of_trash(self, namespace: str, one: dict[str, Any],
                  facts: dict[str, Any]
                  ) -> tuple[inventory.Entry, plan_mark.Mark | None]:
        since, mark = seconds(one['deletion_time']), facts['mark']
        if namespace or (mark and not mark.is_of(str(one['id']), since)):
            mark = None
        if mark and mark.trashed:
            since = mark.since
        facts |= {'identity': str(one['id']), 'usable': False,
                  'changed': since}
        if mark is not None:
            kind = inventory.Kind.QUARANTINED
            note = 'It is in quarantine since %s, by the plan %s.' % (
                _time(datetime.datetime.fromtimestamp(since, datetime.UTC)),
                mark.plan)
        else:
            kind = (inventory.Kind.FOREIGN if namespace
                    else inventory.Kind.TRASH)
            note = 'It was put into the trash at %s (%s), and Ceph keeps it ' \
                'until %s at least. Its id there is %s.' % (
                    _time(one['deletion_time']), str(one['source']).lower(),
                    _time(one['deferment_end_time']), one['id'])
        return self._entry(namespace, str(one['name']), kind, facts,
                           note), mark

    def _entry(self, namespace: str, name: str, kind: inventory.Kind,
               facts: dict[str, Any], note: str) -> inventory.Entry:
        # No location leads into a name space, so that there it is no id.
        image_id = '' if namespace else inventory.image_id(name)
        return inventory.Entry(
            name, kind, self._place(namespace), image_id, facts['size'],
            facts['allocated'], facts['changed'], facts['identity'],
            facts['usable'], facts['hangs'],
            '/'.join(filter(None, (self._cluster.pool, namespace, name))),
            note)

    def _look_at(self, image: Any) -> dict[str, Any]:
        """What is known once it is open, without one more question."""
        snapshots = [str(one['name']) for one in image.list_snaps()]
        return {
            'size': int(image.size()), 'allocated': None,
            'changed': max(seconds(image.create_timestamp()),
                           seconds(image.modify_timestamp())),
            'identity': '' if image.old_format() else str(image.id()),
            'usable': rbd_options.SNAPSHOT in snapshots, 'marked': False,
            'hangs': inventory.Hangs(snapshots=len(snapshots))}

    def _all_of(self, image: Any) -> dict[str, Any]:
        """With its clones, of every format and wherever, and what it takes.
        """
        facts = self._look_at(image)
        # Without a snapshot set, of all of them; in the trash as well.
        children = list(image.list_children2())
        self._cluster.heard()
        protected = [one['name'] for one in image.list_snaps()
                     # Of one in the trash of snapshots, nobody may ask.
                     if one.get('namespace', 0) == 0
                     and image.is_protected_snap(one['name'])]
        facts['hangs'] = inventory.Hangs(
            facts['hangs'].snapshots, len(protected), len(children),
            tuple(map(_child, children[:_SOME])),
            len(list(image.watchers_list())))
        facts['marked'] = is_marked(image)
        facts['allocated'] = self._allocated(image, facts['size'])
        return facts

    def _allocated(self, image: Any, size: int) -> int | None:
        """By its object map; without one, it would take minutes to tell."""
        wanted = (self._cluster.rbd.RBD_FEATURE_OBJECT_MAP
                  | self._cluster.rbd.RBD_FEATURE_FAST_DIFF)
        if image.features() & wanted != wanted or image.flags():
            return None
        found = 0

        def note(_offset: int, length: int, exists: bool) -> None:
            nonlocal found
            self._cluster.heard()
            found += length if exists else 0

        image.diff_iterate(0, size, None, note, False, True)
        return found

    # Locations.

    def spot(self, url: str) -> inventory.Spot | None:
        try:
            fsid, pool, name, _snapshot = rbd_source.parsed(self.store, url)
        except exceptions.StoreError:
            return None
        if (fsid or self._fsid) != self._fsid or (
                pool or self._cluster.pool) != self._cluster.pool:
            return None
        return inventory.Spot(self._place(''), name)

    def close(self) -> None:
        others = [handle for namespace, handle in self._handles.items()
                  if namespace]
        self._handles = {}
        if not self._cluster.silent:
            for handle in others:
                handle.close()
        self._cluster.close()


def _names(rbd: Any, handle: Any) -> Iterator[tuple[str, str]]:
    """Of all images, with their ids; empty ones from before Ceph Nautilus."""
    if hasattr(rbd, 'list2'):
        return ((str(one['name']), str(one['id']))
                for one in rbd.list2(handle))
    return ((str(name), '') for name in rbd.list(handle))


def _half(cluster: rbd_cluster.Cluster, handle: Any, name: str
          ) -> dict[str, Any] | None:
    """A name that is taken, while the image is not there yet or any more."""
    found = unfinished.half_made(cluster, handle, name)
    identity = (found.id if found is not None else
                names.by_directory(cluster, handle, name))
    if identity is None:
        return None
    return {'size': None, 'allocated': None, 'usable': False, 'marked': False,
            'changed': None if found is None else found.made,
            'identity': identity, 'hangs': inventory.NOTHING_ASKED,
            'note': _HALF_MADE}


def is_marked(image: Any) -> bool:
    try:
        image.metadata_get(unfinished.MARK)
    except KeyError:
        return False
    return True


def _child(child: dict[str, Any]) -> str:
    place = '/'.join(filter(None, (
        child['pool'], child.get('pool_namespace', ''), child['image'])))
    return '%s%s' % (place, ' (in the trash)' if child['trash'] else '')


seconds = rbd_cluster.seconds


def _time(moment: datetime.datetime) -> str:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.isoformat(timespec='seconds')
