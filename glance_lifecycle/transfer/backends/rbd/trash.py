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


"""The trash of a pool: moves that are known to be of that very image.

librbd moves by name, and says of what was broken off only that it is busy.
"""

from collections.abc import Callable
import errno
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import names

#: Seconds that Ceph itself keeps what we move there: "rbd trash purge", by
#: hand or on a schedule, leaves it alone for so long.
DELAY = 30 * 24 * 3600

#: What people and their programs have moved there; what librbd itself is
#: removing, migrating or mirroring has other sources.
BY_USERS = 'USER'


def get(cluster: rbd_cluster.Cluster, image_id: str, handle: Any = None
        ) -> dict[str, Any] | None:
    """What the trash knows of an image; None where it is not there.

    :param handle: of a name space of the pool
    :raises StoreError: that cannot be told
    """
    def ask() -> Any:
        try:
            return cluster.rbd.RBD().trash_get(
                cluster.ioctx if handle is None else handle, image_id)
        except cluster.rbd.ImageNotFound:
            return None
    found: dict[str, Any] | None = cluster.call('looking at the trash', ask)
    return found


def move(cluster: rbd_cluster.Cluster, name: str, image_id: str) -> bool:
    """Move an image there.

    :returns: whether it is there now; if not, it is as it was
    :raises StoreError: nobody can tell
    """
    return (names.leads_to(cluster, name) == {image_id}
            and _moved(cluster, name, image_id))


def _moved(cluster: rbd_cluster.Cluster, name: str, image_id: str) -> bool:
    began = int(time.time())
    was_there = get(cluster, image_id) is not None
    try:
        cluster.call('moving the image into the trash',
                     cluster.rbd.RBD().trash_move, cluster.ioctx, name, DELAY)
    except exceptions.StoreError as error:
        if _number(error) in (errno.ENOENT, errno.EBUSY, errno.EMLINK):
            # It has another name, is being migrated, or is in a group.
            return False
        raise
    is_there = get(cluster, image_id) is not None
    if was_there or not is_there:
        _give_back(cluster, name, image_id, began)
    return is_there


def _give_back(cluster: rbd_cluster.Cluster, name: str, image_id: str,
               began: int) -> None:
    """Undo the move of another image that got the name in that moment.

    :param began: seconds since the epoch, by this host's clock, which librbd
        has from there too
    """
    for one in cluster.call('looking at the trash', lambda: list(
            cluster.rbd.RBD().trash_list(cluster.ioctx))):
        if (one['name'] == name and one['id'] != image_id
                and one['source'] == BY_USERS
                and rbd_cluster.seconds(one['deletion_time']) >= began):
            restore(cluster, str(one['id']), name)


def restore(cluster: rbd_cluster.Cluster, image_id: str, name: str) -> bool:
    """Bring an image back under a name.

    :returns: whether it is back; if not, the name is another's
    :raises StoreError: nobody can tell, or its removal has begun
    """
    for _again in range(2):
        if names.leads_to(cluster, name) - {image_id}:
            return False
        number = _restored(cluster, image_id, name)
        if number != errno.EBUSY:
            return number == 0
        # Its move into the trash was broken off.
        if not _moved(cluster, name, image_id):
            break
    raise exceptions.StoreError(
        store=cluster.store, detail='the removal of image %s has begun, and '
        'it cannot come back' % name)


def _restored(cluster: rbd_cluster.Cluster, image_id: str, name: str) -> int:
    """0, EEXIST for a name that is another's, or EBUSY."""
    try:
        cluster.call('bringing the image back',
                     cluster.rbd.RBD().trash_restore, cluster.ioctx, image_id,
                     name)
    except exceptions.StoreError as error:
        if _number(error) in (errno.EEXIST, errno.EBUSY):
            return _number(error)
        raise
    return 0


def settle(cluster: rbd_cluster.Cluster, image_id: str, name: str) -> bool:
    """End what was broken off between the name and the trash.

    :returns: whether it is in the trash
    :raises StoreError: nobody can tell
    """
    if get(cluster, image_id) is None:
        return False
    if names.leads_to(cluster, name) == {image_id} and _restored(
            cluster, image_id, name) == errno.EBUSY:
        _moved(cluster, name, image_id)
    return get(cluster, image_id) is not None


def remove(cluster: rbd_cluster.Cluster, image_id: str, name: str = ''
           ) -> bool:
    """Remove an image that has no snapshots from there, for good.

    :param name: that it had; empty where nobody knows
    :returns: whether it has gone; if not, something hangs on it
    :raises StoreError: it cannot be removed
    """
    for _again in range(2):
        try:
            cluster.call('removing the image', cluster.rbd.RBD().trash_remove,
                         cluster.ioctx, image_id, force=True,
                         on_progress=progress(cluster))
            return True
        except exceptions.StoreError as error:
            number = _number(error)
            if number == errno.ENOENT:
                return True
            if number in (errno.EBUSY, errno.ENOTEMPTY, errno.EMLINK):
                return False
            # Its move there was broken off.
            if number != errno.EUCLEAN or not name or names.leads_to(
                    cluster, name) - {image_id} or not _moved(
                    cluster, name, image_id):
                raise
    return False


def progress(cluster: rbd_cluster.Cluster) -> Callable[[int, int], int]:
    """A callback of librbd: as long as it is called, nobody is silent."""
    def heard(_done: int, _total: int) -> int:
        cluster.heard()
        return 0
    return heard


def _number(error: exceptions.StoreError) -> int:
    return getattr(error.__cause__, 'errno', None) or 0
