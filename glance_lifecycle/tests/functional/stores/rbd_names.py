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


"""Clones of images that have a name, and of those that have none any more."""

from glance_lifecycle.tests.functional.fixtures import ceph

#: Format of a clone -> the option of "rbd clone".
FORMATS = {1: ('--rbd-default-clone-format', '1'),
           2: ('--rbd-default-clone-format', '2')}


def clone(cluster: ceph.Ceph, image: str, name: str, version: int) -> None:
    """:param image: its name

    :param name: of the clone, with its pool
    """
    cluster.tool('rbd', 'clone', *FORMATS[version], f'images/{image}@snap',
                 name)


def late_clone(cluster: ceph.Ceph, image_id: str, name: str, version: int
               ) -> None:
    """By whoever found the image before it was moved into the trash.

    :param image_id: Ceph's
    """
    give(cluster, image_id, 'late')
    try:
        clone(cluster, 'late', name, version)
    finally:
        with cluster.ioctx('images') as ioctx:
            ioctx.remove_object('rbd_id.late')
            ioctx.execute('rbd_directory', 'rbd', 'dir_remove_image',
                          encoded('late') + encoded(image_id))


def give(cluster: ceph.Ceph, image_id: str, name: str, *,
         to_list: bool = True, to_object: bool = True) -> None:
    """As librbd does, in two steps."""
    with cluster.ioctx('images') as ioctx:
        if to_list:
            ioctx.execute('rbd_directory', 'rbd', 'dir_add_image',
                          encoded(name) + encoded(image_id))
        if to_object:
            ioctx.write_full(f'rbd_id.{name}', encoded(image_id))


def encoded(text: str) -> bytes:
    return len(text).to_bytes(4, 'little') + text.encode()
