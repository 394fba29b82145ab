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

"""Images that are being written, or were when their writer died.

Such an image carries its final name already, because rbd has no rename that
cannot be interrupted, and says in its metadata who writes it. An image without
that mark is whole, or not ours: one without a snapshot may be an upload of
stock Glance that goes on.

A dead client's watch on an image lasts for 30 s, in which nobody can remove
the image. A client that is dead for certain is cut off instead, as librbd
does with the owner of a lock that it breaks.

Nor does the end of its watch mean that nothing more comes from a client: an
OSD that stood still ends the watch first, and then does what had reached it
before. A write that came after the removal would leave an object that no image
has. So whoever wrote an image is cut off before it is removed.
"""

import dataclasses
import json
import os
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import names
from glance_lifecycle.transfer.backends.rbd import trash

MARK = 'lifecycle_unfinished'

# Seconds: osd_client_watch_timeout and some more.
WATCH_LASTS = 35.0
_WATCH_INTERVAL = 0.25

# Long enough for whatever the dead client had sent to arrive. Nobody will
# ever have its address and nonce again.
_BLOCKLIST_SECONDS = 300

# RBD_TRASH of Ceph's src/include/rbd_types.h.
_TRASH = 'rbd_trash'


@dataclasses.dataclass(frozen=True, slots=True)
class Process:
    """A process, so that another one can tell whether it is dead.

    :ivar client: its client id in the cluster
    :ivar address: the client's; empty where it is not known, as with Ceph
        before Octopus
    :ivar boot: this run of this kernel
    :ivar namespace: within which ``pid`` means something
    :ivar born: the kernel's start time
    """

    client: int
    boot: str
    namespace: str
    pid: int
    born: str
    address: str = ''

    @classmethod
    def current(cls, client: int, address: str) -> 'Process':
        return cls(client, *_here(), os.getpid(), _born(os.getpid()), address)

    @classmethod
    def from_json(cls, text: str) -> 'Process | None':
        """None where it is no description of a process."""
        try:
            process = cls(**json.loads(text))
        except (ValueError, TypeError):
            return None
        fields = dataclasses.fields(cls)
        whole = all(type(getattr(process, f.name)) is f.type for f in fields)
        return process if whole else None

    def is_dead(self) -> bool | None:
        """None where it cannot be known from here."""
        if (self.boot, self.namespace) != _here():
            return None
        return _born(self.pid) != self.born


def _here() -> tuple[str, str]:
    with open('/proc/sys/kernel/random/boot_id') as stream:
        return stream.read().strip(), os.readlink('/proc/self/ns/pid')


def _born(pid: int) -> str:
    try:
        with open('/proc/%d/stat' % pid) as stream:
            state, *fields = stream.read().rpartition(')')[2].split()
    except OSError:
        return ''
    # A zombie has given its sockets back.
    return '' if state in 'ZX' else fields[18]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """An image that is there.

    :ivar id: the cluster's own, which no other image of the name has
    :ivar made: when it was created, in seconds since the epoch
    :ivar marked: it is unfinished, and of this package
    :ivar whole: it has a snapshot
    :ivar watchers: client id -> address of those that have it open
    """

    id: str
    made: float
    marked: bool
    whole: bool
    process: Process | None
    watchers: dict[int, str]


def make_removable(cluster: rbd_cluster.Cluster) -> None:
    """See to it that an image can be removed while the pool is full.

    librbd removes an image by way of the pool's trash, an object that the
    first removal makes. On a full pool that fails, and so does the removal.
    """
    def make_trash() -> None:
        with cluster.rados.WriteOpCtx() as operation:
            operation.new(cluster.rados.LIBRADOS_CREATE_IDEMPOTENT)
            cluster.ioctx.operate_write_op(operation, _TRASH)

    cluster.call('preparing the pool', make_trash)


def mark(cluster: rbd_cluster.Cluster, image: Any) -> None:
    """Say in the image's metadata that this process writes it."""
    process = Process.current(cluster.client_id, cluster.address)
    cluster.call('marking the image', image.metadata_set, MARK,
                 json.dumps(dataclasses.asdict(process)))


def look(cluster: rbd_cluster.Cluster, name: str) -> Found | None:
    """What is there by that name; None where the name is free."""
    def look() -> Found | None:
        try:
            # Read only: that leaves no watch of ours.
            image = cluster.rbd.Image(cluster.ioctx, name, read_only=True)
        except cluster.rbd.ImageNotFound:
            return half_made(cluster, cluster.ioctx, name)
        with image:
            marked, process = _read_mark(image)
            return Found(
                '' if image.old_format() else image.id(),
                rbd_cluster.seconds(image.create_timestamp()), marked,
                bool(list(image.list_snaps())), process,
                {w['id']: w['addr'] for w in image.watchers_list()})

    found: Found | None = cluster.call('looking at the image', look)
    return found


def half_made(cluster: rbd_cluster.Cluster, handle: Any,
              name: str) -> Found | None:
    """A name that is taken, while the image is not there yet or any more.

    :param handle: of the pool, or of a name space in it
    """
    image_id = names.by_object(cluster, handle, name)
    if image_id is None:
        return None
    _size, changed = handle.stat(names.ID_OBJECT + name)
    return Found(image_id, time.mktime(changed), False, False, None, {})


def _read_mark(image: Any) -> tuple[bool, Process | None]:
    try:
        return True, Process.from_json(image.metadata_get(MARK))
    except KeyError:
        return False, None


def is_abandoned(cluster: rbd_cluster.Cluster, name: str,
                 image_id: str) -> bool:
    """Whether nobody has the image open, now or within 35 s.

    Then nothing more comes from who wrote it, either.
    """
    deadline = time.monotonic() + WATCH_LASTS
    cut_off = False
    while (found := look(cluster, name)) and found.id == image_id:
        process = found.process
        open_there = process and found.watchers.get(process.client)
        dead = process.is_dead() if process and open_there else None
        if dead is False:
            return False
        if process and not cut_off and (dead or not found.watchers):
            cut_off = True
            _cut_off(cluster, open_there or process.address)
        if not found.watchers:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_WATCH_INTERVAL)
    return True


def _cut_off(cluster: rbd_cluster.Cluster, address: str) -> None:
    if not address:
        return
    try:
        cluster.blocklist(address, _BLOCKLIST_SECONDS)
    except exceptions.StoreError:
        # Old capabilities do not allow it; its watch ends by itself.
        if cluster.silent:
            raise


def remove(cluster: rbd_cluster.Cluster, name: str, image_id: str) -> bool:
    """Remove an image that ``is_abandoned``, with its snapshots.

    :returns: False where the name is free, or another image's by now
    :raises StoreError: it is open elsewhere, something was cloned from it,
        or the cluster fails
    """
    try:
        return _remove(cluster, name, image_id)
    except exceptions.StoreError as error:
        if not isinstance(error.__cause__, cluster.rbd.ImageBusy):
            raise
    # Its lock is a dead client's, and old capabilities do not allow librbd
    # to cut that off before it breaks the lock. It never breaks a lock whose
    # owner has the image open.
    cluster.configure('rbd_blocklist_on_break_lock', 'false')
    return _remove(cluster, name, image_id)


def _remove(cluster: rbd_cluster.Cluster, name: str, image_id: str) -> bool:
    # By its id, so that no other image ever loses one. librbd knows no
    # removal by id, but it removes no image with a snapshot: whatever gets
    # the name in this moment, it is none that is whole.
    cluster.call('removing the snapshot', _remove_snapshots, cluster,
                 image_id)
    if not _has_name(cluster, name, image_id):
        return False
    try:
        cluster.call('removing the image', cluster.rbd.RBD().remove,
                     cluster.ioctx, name, on_progress=trash.progress(cluster))
    except exceptions.StoreError as error:
        if not isinstance(error.__cause__, cluster.rbd.ImageNotFound):
            raise
        if _has_name(cluster, name, image_id):
            # So says librbd of an image that it cannot put into the trash.
            raise cluster.or_full(exceptions.StoreError(
                store=cluster.store, detail='image %s cannot be removed'
                % name)) from error.__cause__
        # A name without an image behind it has gone.
    return True


def _has_name(cluster: rbd_cluster.Cluster, name: str,
              image_id: str) -> bool:
    found = cluster.call('looking at the image', names.by_object, cluster,
                         cluster.ioctx, name)
    return bool(found == image_id)


def _remove_snapshots(cluster: rbd_cluster.Cluster, image_id: str) -> None:
    try:
        image = cluster.rbd.Image(cluster.ioctx, image_id=image_id)
    except cluster.rbd.ImageNotFound:
        # Half made, or half removed: the next step tells.
        return
    with image:
        for snapshot in list(image.list_snaps()):
            if image.is_protected_snap(snapshot['name']):
                image.unprotect_snap(snapshot['name'])
            image.remove_snap(snapshot['name'])


def trashed(cluster: rbd_cluster.Cluster) -> list[str]:
    """Ids of the pool's images in the trash.

    librbd puts there what it removes, for as long as that takes; so does
    who moves an image there by hand.
    """
    return [str(one['id']) for one in cluster.call(
        'looking at the trash',
        lambda: list(cluster.rbd.RBD().trash_list(cluster.ioctx)))]


def remove_trashed(cluster: rbd_cluster.Cluster, image_id: str) -> None:
    """:raises StoreError: as ``remove``"""
    cluster.call('removing the snapshot', _remove_snapshots, cluster,
                 image_id)
    if not trash.remove(cluster, image_id):
        raise exceptions.StoreError(
            store=cluster.store, detail='an image in the trash, %s, cannot '
            'be removed: it is open elsewhere, or something was cloned from '
            'it; see "rbd status --image-id"' % image_id)
