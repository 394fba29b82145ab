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


"""All that could change of an image in a pool, wherever it is."""

from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph


def whole(cluster: ceph.Ceph, image_id: str, pool: str = 'images',
          namespace: str = '') -> dict[str, Any]:
    """All of it, also in the trash.

    But whether something was cloned from it, which Ceph never forgets, and
    the lock that librbd takes, and breaks if its owner has died.
    """
    import rbd
    with cluster.ioctx(pool) as ioctx:
        ioctx.set_namespace(namespace)
        with rbd.Image(ioctx, image_id=image_id, read_only=True) as image:
            facts = {
                'id': image.id(), 'name': image.get_name(),
                'size': image.size(), 'features': image.features()
                & ~rbd.RBD_FEATURE_OPERATIONS,
                'flags': image.flags(), 'data pool': image.data_pool_id(),
                'made': image.create_timestamp(),
                'changed': image.modify_timestamp(),
                'metadata': sorted(image.metadata_list()),
                'bytes': image.read(0, image.size()),
                'snapshots': [
                    (one['name'], one['size'],
                     image.is_protected_snap(one['name']))
                    for one in image.list_snaps() if not one['namespace']]}
        for name, _size, _protected in facts['snapshots']:
            with rbd.Image(ioctx, image_id=image_id, snapshot=name,
                           read_only=True) as image:
                facts[f'bytes of {name}'] = image.read(0, image.size())
    return facts


def places(cluster: ceph.Ceph, pool: str = 'images', namespace: str = ''
           ) -> dict[str, tuple[object, ...]]:
    """Id -> its name, or what the trash says of it."""
    import rbd
    with cluster.ioctx(pool) as ioctx:
        ioctx.set_namespace(namespace)
        found: dict[str, tuple[object, ...]] = {
            str(one['id']): (str(one['name']),)
            for one in rbd.RBD().list2(ioctx)}
        for one in rbd.RBD().trash_list(ioctx):
            found[str(one['id'])] = (
                'in the trash', one['name'], one['source'],
                one['deletion_time'], one['deferment_end_time'])
    return found


def version(cluster: ceph.Ceph, image_id: str, pool: str = 'images',
            namespace: str = '') -> int:
    """Another after each write to its header, also by opening it to write.
    """
    with cluster.ioctx(pool) as ioctx:
        ioctx.set_namespace(namespace)
        ioctx.stat(f'rbd_header.{image_id}')
        return int(ioctx.get_last_version())
