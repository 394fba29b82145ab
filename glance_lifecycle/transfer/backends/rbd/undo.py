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

"""What a dead transfer left in a pool, and nothing else.

An image is known by its id. That is noted when the image has been created, and
before that the number of the client that will do so, which the ids of its
images begin with: so also one is found whose writer died between the two.
"""

from collections.abc import Sequence
import logging
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import unfinished
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

# RBD_MAX_IMAGE_ID_LENGTH of Ceph's src/include/rbd_types.h, and how many
# digits generate_image_id of src/librbd/Utils.cc puts after the client's.
_ID_LENGTH = 14
_RANDOM_DIGITS = 8


def will_make(cluster: rbd_cluster.Cluster) -> sink.Mark:
    """The mark to note before an image is created."""
    return {'fsid': cluster.fsid, 'client': cluster.client_id}


def made(cluster: rbd_cluster.Cluster, image: Any) -> sink.Mark:
    """The mark of an open image."""
    return {'fsid': cluster.fsid,
            'id': cluster.call('looking at the image', image.id)}


def absent(store: str, image_id: str, options: dict[str, Any]) -> sink.Mark:
    """See Sink.absent."""
    cluster = rbd_cluster.Cluster(store, options)
    try:
        cluster.connect()
        # Also one without snapshot: what comes after it would not be new.
        if unfinished.look(cluster, image_id):
            raise exceptions.StoreDuplicate(
                store=store, detail='an image named %s in pool %s' %
                (image_id, cluster.pool))
        return {'absent': True, 'fsid': cluster.fsid}
    finally:
        cluster.close()


def undo(store: str, image_id: str, options: dict[str, Any],
         created: Sequence[sink.Mark]) -> bool:
    """See Sink.undo."""
    cluster = rbd_cluster.Cluster(store, options)
    try:
        cluster.connect()
        if any(mark.get('fsid', cluster.fsid) != cluster.fsid
               for mark in created):
            raise exceptions.StoreError(
                store=store, detail='rbd_store_ceph_conf names another '
                'cluster than when the image was written; set it back and '
                'recover again')
        return remove(cluster, image_id, created, wait=True)
    finally:
        cluster.close()


def remove(cluster: rbd_cluster.Cluster, name: str,
           created: Sequence[sink.Mark], *, wait: bool) -> bool:
    """Remove what is ours, by name and from the trash.

    :param wait: for the watch of a writer that may be dead, up to 35 s
    :returns: whether there was anything
    :raises StoreError: it cannot be removed now
    """
    removed = False
    found = unfinished.look(cluster, name)
    if found and _is_ours(found, created):
        if wait and not unfinished.is_abandoned(cluster, name, found.id):
            raise exceptions.StoreError(
                store=cluster.store, detail='image %s is open elsewhere; see '
                '"rbd status %s/%s"' % (name, cluster.pool, name))
        removed = unfinished.remove(cluster, name, found.id)
    elif found:
        LOG.warning('Store %s has an image named %s that this transfer has '
                    'not made. It stays.', cluster.store, name)
    if any('id' in mark for mark in created):
        for image_id in unfinished.trashed(cluster):
            if any(mark.get('id') == image_id for mark in created):
                unfinished.remove_trashed(cluster, image_id)
                removed = True
    return removed


def _is_ours(found: unfinished.Found,
             created: Sequence[sink.Mark]) -> bool:
    if any(mark.get('id') == found.id for mark in created):
        return True
    if sink.vouched(created, found.made):
        return True
    if any('client' in mark for mark in created):
        # An image is marked, and whole, only after its id is on record.
        return not found.marked and not found.whole and any(
            may_be_of(mark['client'], found.id) for mark in created
            if 'client' in mark)
    # Nothing that was made is known, as in old journals.
    return found.marked


def may_be_of(client: int, image_id: str) -> bool:
    """Whether a client of that number gives such ids to its images.

    The number and up to 32 random bits, both in hexadecimal without leading
    zeros, of which the last 14 digits are used.
    """
    number = '%x' % client
    return any(
        image_id[:-digits] == number[max(
            0, len(number) + digits - _ID_LENGTH):]
        for digits in range(1, _RANDOM_DIGITS + 1))
