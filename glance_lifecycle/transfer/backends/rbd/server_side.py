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

"""From one RBD image to another in the same cluster, by librbd alone.

A clone that is flattened: no byte goes through Python, and holes are not
looked at. Until the end it is unfinished as any image that the rbd sink
writes, and removed likewise when its writer dies.
"""

from collections.abc import Callable
import errno
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import sink as rbd_sink
from glance_lifecycle.transfer import sink

# What the cluster answers to a user that may not clone from there, and to a
# snapshot that cannot be cloned. Reading and writing may still work.
_NOT_THIS_WAY = (errno.EPERM, errno.EACCES, errno.EINVAL)


class NotThisWay(exceptions.StoreError):
    """It cannot be cloned; it may be copied all the same."""


def possible(source: dict[str, Any], target: dict[str, Any]) -> bool:
    """Whether both are in one cluster, for one user.

    :param source: options of ``StoredRbd``
    :param target: options of ``RbdSink``
    """
    same = all(source['options'][name] == target[name]
               for name in ('conf_file', 'user'))
    return same and bool(source['fsid'] and source['snapshot'])


class ServerSide(rbd_sink.RbdSink):
    """One image in one pool, made of a snapshot in the same cluster.

    ``run()`` instead of the calls of a sink.

    :param source: options of ``StoredRbd``
    """

    def __init__(self, store: str, image_id: str, options: dict[str, Any],
                 source: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self._source = source

    def run(self, size: int, data_size: int,
            progress: Callable[[int], None]) -> sink.Stored:
        """Clone, flatten, and complete it.

        :param size: bytes of the source
        :param data_size: how many of them are not holes
        :param progress: called with the bytes done
        :raises NotThisWay: the cluster does not let us clone
        :raises StoreError: as ``begin`` and ``commit`` of a sink
        """
        try:
            self.begin(size, data_size)
            self._flatten(progress)
            self._position = size
            return self.commit()
        except BaseException:
            self.abort()
            raise

    def _create(self, cluster: rbd_cluster.Cluster) -> bool:
        """Whether the clone is new, and ours."""
        if cluster.fsid != self._source['fsid']:
            raise NotThisWay(store=self.store, detail='the copy is in '
                             'another cluster')
        # One connection for both: librbd wants it so.
        parent = cluster.call(
            'opening the pool of the copy', cluster.open_other,
            self._source['options']['pool'])
        try:
            cluster.call(
                'cloning the copy', cluster.rbd.RBD().clone, parent,
                self._source['image'], self._source['snapshot'],
                cluster.ioctx, self.image_id,
                features=cluster.features(),
                order=self.options['order'])
        except exceptions.StoreError as error:
            if isinstance(error.__cause__, cluster.rbd.ImageExists):
                return False
            if getattr(error.__cause__, 'errno', 0) in _NOT_THIS_WAY:
                raise NotThisWay(store=self.store, detail=error.fields[
                    'detail']) from error
            raise
        finally:
            parent.close()
        self._created = True
        return True

    def _flatten(self, progress: Callable[[int], None]) -> None:
        cluster, image = self._cluster, self._image
        assert cluster is not None  # noqa: S101 - for mypy

        def report(done: int, total: int) -> int:
            cluster.heard()
            progress(self._size * done // max(total, 1))
            return 0

        cluster.call('copying the data', image.flatten, on_progress=report)
