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


"""The snapshots of an image that is removed for good, and back.

A snapshot that something was cloned from in that moment is not removed:
librbd puts it into a trash of its own. So what is removed is on record, and
is made again where that can be: the last one, if nothing was written after it.
So it is with all images of Glance, which have one.
"""

from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import dependents
from glance_lifecycle.transfer.backends.rbd import plan_mark

# Bytes of which one call says whether they were written.
_STRIDE = 4 * 1024 ** 3


def recorded(cluster: rbd_cluster.Cluster, image: Any
             ) -> tuple[tuple[plan_mark.Snapshot, ...], str]:
    """What ``Mark.removing`` and ``Mark.same`` are to be.

    :raises StoreError: that cannot be told
    """
    found = cluster.call('looking at the snapshots', lambda: [
        (plan_mark.Snapshot(str(one['name']),
                            bool(image.is_protected_snap(one['name']))),
         int(one['size'])) for one in _named(cluster, image)])
    same = ''
    if found and found[-1][1] == cluster.call('asking for its size',
                                              image.size):
        last, size = found[-1]
        if not any(_written(cluster, image, last.name, start,
                            min(_STRIDE, size - start))
                   for start in range(0, size, _STRIDE)):
            same = last.name
    return tuple(one for one, _size in found), same


def _named(cluster: rbd_cluster.Cluster, image: Any) -> list[dict[str, Any]]:
    """Those that users have made, in the order of their making."""
    return sorted((one for one in image.list_snaps() if one['namespace']
                   == cluster.rbd.RBD_SNAP_NAMESPACE_TYPE_USER),
                  key=lambda one: int(one['id']))


def _written(cluster: rbd_cluster.Cluster, image: Any, snapshot: str,
             start: int, length: int) -> bool:
    found = False

    def note(_offset: int, _length: int, _exists: bool) -> None:
        nonlocal found
        cluster.heard()
        found = True
    cluster.call('comparing with the snapshot', image.diff_iterate, start,
                 length, snapshot, note)
    return found


def remove(cluster: rbd_cluster.Cluster, image: Any,
           recorded: tuple[plan_mark.Snapshot, ...]) -> bool:
    """Remove all that there are, the last one first.

    :param image: it, open for writing
    :param recorded: by the mark, which is written
    :returns: whether they have gone; if not, something hangs on them
    :raises StoreError: they cannot be removed
    """
    try:
        for one in recorded:
            if one.protected:
                cluster.call('unprotecting the snapshot', _unprotect, image,
                             one.name)
        # Of an unprotected one, no clone of the first format begins any more.
        if cluster.call('looking for clones', dependents.of, cluster, image,
                        opened_here=True):
            return False
        for one in reversed(recorded):
            cluster.call('removing the snapshot', _remove, image, one.name)
            if cluster.call('looking for clones', lambda: list(
                    image.list_children2())):
                return False
        for left in cluster.call('looking at the snapshots', lambda: list(
                image.list_snaps())):
            cluster.call('removing the snapshot', image.remove_snap_by_id,
                         left['id'])
    except exceptions.StoreError as error:
        if not isinstance(error.__cause__, cluster.rbd.ImageBusy):
            raise
        return False
    return True


def _unprotect(image: Any, name: str) -> None:
    if _is_there(image, name) and image.is_protected_snap(name):
        image.unprotect_snap(name)


def _remove(image: Any, name: str) -> None:
    if _is_there(image, name):
        image.remove_snap(name)


def _is_there(image: Any, name: str) -> bool:
    return any(one['name'] == name for one in image.list_snaps())


def gone(image: Any, mark: plan_mark.Mark) -> str:
    """The first that is lost for good; empty for none.

    To be run within ``Cluster.call``.
    """
    return next((one.name for one in mark.removing or ()
                 if one.name != mark.same
                 and not _is_there(image, one.name)), '')


def put_back(cluster: rbd_cluster.Cluster, image: Any,
             mark: plan_mark.Mark) -> None:
    """Make them as they were; none is ``gone``.

    :param image: it, open for writing
    :raises StoreError: they cannot be made
    """
    for one in mark.removing or ():
        if not cluster.call('looking at the snapshots', _is_there, image,
                            one.name):
            cluster.call('making the snapshot', image.create_snap, one.name)
        if one.protected and not cluster.call(
                'looking at the snapshots', image.is_protected_snap,
                one.name):
            cluster.call('protecting the snapshot', image.protect_snap,
                         one.name)
