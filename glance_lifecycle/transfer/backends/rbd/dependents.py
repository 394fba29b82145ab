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


"""What hangs on an image, as it is at this moment.

For whoever is about to take it away. Nothing that can be asked in advance
holds: a clone takes no lock of its parent.
"""

from typing import Any

from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster

# Of a lock that librbd itself takes for whoever writes, as
# src/librbd/managed_lock/Types.h has it. Its owner has the image open, or is
# dead: librbd breaks the lock of one that has not.
_INTERNAL = 'internal'


def of(cluster: rbd_cluster.Cluster, image: Any, *,
       opened_here: bool = False) -> str:
    """To be run within ``Cluster.call``.

    :param image: it, open; read only unless ``opened_here``
    :returns: what hangs on it, as a word or two; empty for nothing
    """
    # Without a snapshot set, of all of them; in the trash as well.
    children = len(list(image.list_children2()))
    cluster.heard()
    watchers = len(list(image.watchers_list()))
    lockers = image.list_lockers()
    mirrored = image.mirror_image_get_info()['state']
    found = {
        '%d clones' % children: children,
        '%d clients that have it open' % watchers: watchers > opened_here,
        'a lock': lockers and lockers['tag'] != _INTERNAL,
        'a group': image.group()['name'],
        'its mirror': mirrored != cluster.rbd.RBD_MIRROR_IMAGE_DISABLED,
        'a snapshot of a group or a mirror': any(
            one['namespace'] in (
                cluster.rbd.RBD_SNAP_NAMESPACE_TYPE_GROUP,
                cluster.rbd.RBD_SNAP_NAMESPACE_TYPE_MIRROR)
            for one in image.list_snaps())}
    return ', '.join(word for word, there in found.items() if there)
