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


"""Which image a name in a pool leads to, by each of the two that know.

librbd writes them one after the other: the pool's directory, which lists, and
an object for each name. Where a process died between the two, they differ.
"""

from typing import Any

from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster

# RBD_DIRECTORY and RBD_ID_PREFIX of Ceph's src/include/rbd_types.h, and the
# beginning of the directory's keys, as src/cls/rbd/cls_rbd.cc has it.
_DIRECTORY, _NAME_KEY = 'rbd_directory', 'name_'
ID_OBJECT = 'rbd_id.'


def by_object(cluster: rbd_cluster.Cluster, handle: Any, name: str
              ) -> str | None:
    """The id of the image; None where the name is free.

    :param handle: of the pool, or of a name space in it
    """
    try:
        encoded = handle.read(ID_OBJECT + name)
    except cluster.rados.ObjectNotFound:
        return None
    return _decoded(encoded)


def by_directory(cluster: rbd_cluster.Cluster, handle: Any, name: str
                 ) -> str | None:
    """The same, as the directory has it; a removal takes it there last."""
    key = _NAME_KEY + name
    with cluster.rados.ReadOpCtx() as operation:
        values, _status = handle.get_omap_vals_by_keys(operation, (key,))
        try:
            handle.operate_read_op(operation, _DIRECTORY)
        except cluster.rados.ObjectNotFound:
            return None
        found = dict(values)
    return _decoded(bytes(found[key])) if key in found else None


def leads_to(cluster: rbd_cluster.Cluster, name: str) -> set[str]:
    """All images that a name of the pool leads to, on whichever way.

    :raises StoreError: that cannot be told
    """
    found = cluster.call('looking for the name', lambda: {
        by_object(cluster, cluster.ioctx, name),
        by_directory(cluster, cluster.ioctx, name)})
    return {str(one) for one in found if one is not None}


def _decoded(encoded: bytes) -> str:
    # Its length comes first, in four bytes.
    return encoded[4:].decode(errors='replace')
