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

"""The sink of glance_store's rbd driver.

Same image, snapshot, location and metadata as the driver's, so that Nova
and Cinder clone it; but zeros are never sent, writes overlap, and a cluster
that is full or does not answer is an error and not a wait.
"""

from collections.abc import Sequence
import logging
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import options as rbd_options
from glance_lifecycle.transfer.backends.rbd import undo as rbd_undo
from glance_lifecycle.transfer.backends.rbd import unfinished
from glance_lifecycle.transfer.backends.rbd import writer
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)


class RbdSink(sink.Sink):
    """One image in one pool.

    ``abort`` after a commit that succeeded does nothing; ``undo`` takes
    such a copy back. Options: see ``rbd_options.describe``.
    """

    # Bytes that librados and librbd take for their 30 threads.
    address_space = 192 * 1024 * 1024

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self._cluster: rbd_cluster.Cluster | None = None
        self._image: Any = None
        self._writer: writer.Writer | None = None
        self._written = 0
        self._created = False
        self._committed = False

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return rbd_options.describe(conf, store)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return rbd_options.reach(options)

    @classmethod
    def undo(cls, store: str, image_id: str, options: dict[str, Any],
             created: Sequence[sink.Mark]) -> bool:
        return rbd_undo.undo(store, image_id, options, created)

    @classmethod
    def absent(cls, store: str, image_id: str,
               options: dict[str, Any]) -> sink.Mark:
        return rbd_undo.absent(store, image_id, options)

    @property
    def bytes_written(self) -> int:
        return self._written

    def begin(self, size: int, data_size: int | None = None) -> None:
        self._size = size
        cluster = rbd_cluster.Cluster(self.store, self.options)
        self._cluster = cluster
        cluster.connect()
        cluster.check_room(size if data_size is None else data_size)
        unfinished.make_removable(cluster)
        self._made(rbd_undo.will_make(cluster))
        if not self._create(cluster):
            self._clear(cluster)
            if not self._create(cluster):
                raise self._busy()
        self._image = cluster.call('opening the image', cluster.rbd.Image,
                                   cluster.ioctx, self.image_id)
        self._made(rbd_undo.made(cluster, self._image))
        unfinished.mark(cluster, self._image)
        self._writer = writer.Writer(cluster, self._image,
                                     1 << self.options['order'])

    def write(self, offset: int, data: memoryview) -> None:
        self._expect(offset, len(data))
        assert self._writer is not None  # noqa: S101 - for mypy
        # librbd may need it long after the engine has used the buffer again.
        # A slice of all of it is no copy.
        kept = bytes(data)
        for start, end in writer.data_runs(offset, kept):
            self._writer.write(offset + start, kept[start:end])
            self._written += end - start
        self._position += len(data)

    def zero(self, offset: int, length: int) -> None:
        # What was never written reads as zeros.
        self._expect(offset, length)
        self._position += length

    def commit(self) -> sink.Stored:
        cluster, image = self._cluster, self._image
        if cluster is None or not self._writer or (
                self._position != self._size):
            raise self._not_whole()
        self._writer.drain()
        cluster.call('making the snapshot', image.create_snap,
                     rbd_options.SNAPSHOT)
        cluster.call('protecting the snapshot', image.protect_snap,
                     rbd_options.SNAPSHOT)
        self._check_snapshot(cluster)
        url = rbd_options.location(cluster.fsid, cluster.pool, self.image_id)
        cluster.call('completing the image', image.metadata_remove,
                     unfinished.MARK)
        self._committed = True
        self._close(cluster)
        return sink.Stored(url=url, metadata={'store': self.store})

    def abort(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is None:
            return
        try:
            self._close_image(cluster)
            if self._created:
                rbd_undo.remove(cluster, self.image_id, self.marks,
                                wait=False)
        except Exception as error:
            LOG.error('Cannot remove image %s from store %s: %s '
                      'Recovery, or the next import of this image, removes '
                      'it.', self.image_id,
                      self.store, error)
        finally:
            cluster.close()

    def _create(self, cluster: rbd_cluster.Cluster) -> bool:
        """Whether the image is new, and ours."""
        try:
            cluster.call(
                'creating the image', cluster.rbd.RBD().create,
                cluster.ioctx, self.image_id, self._size,
                self.options['order'], old_format=False,
                features=cluster.features())
        except exceptions.StoreError as error:
            if isinstance(error.__cause__, cluster.rbd.ImageExists):
                return False
            raise
        self._created = True
        return True

    def _clear(self, cluster: rbd_cluster.Cluster) -> None:
        """Remove what a writer of ours that died has left by our name."""
        found = unfinished.look(cluster, self.image_id)
        if found is None:
            return
        if not found.marked:
            raise exceptions.StoreDuplicate(
                store=self.store, detail='an image named %s in pool %s%s' %
                (self.image_id, cluster.pool, '' if found.whole else
                 ', without a snapshot: another program writes it, or has '
                 'left it'))
        if not unfinished.is_abandoned(cluster, self.image_id, found.id):
            raise self._busy()
        LOG.info('Store %s: removing what an earlier transfer left of image '
                 '%s.', self.store, self.image_id)
        unfinished.remove(cluster, self.image_id, found.id)

    def _check_snapshot(self, cluster: rbd_cluster.Cluster) -> None:
        """Open it as Nova and Cinder will.

        On a full pool a snapshot is made without its object map, for which
        there is no room. librbd reports that as a success, and nobody can
        open the snapshot.
        """
        def check() -> None:
            cluster.rbd.Image(cluster.ioctx, self.image_id,
                              rbd_options.SNAPSHOT, read_only=True).close()
        try:
            cluster.call('opening the snapshot', check)
        except exceptions.StoreError as error:
            if cluster.silent:
                raise
            raise cluster.or_full(error) from error.__cause__

    def _busy(self) -> exceptions.StoreDuplicate:
        return exceptions.StoreDuplicate(
            store=self.store,
            detail='another transfer is writing it now')

    def _close_image(self, cluster: rbd_cluster.Cluster) -> None:
        image, self._image = self._image, None
        self._writer = None
        if image is not None:
            cluster.close_image(image)

    def _close(self, cluster: rbd_cluster.Cluster) -> None:
        self._cluster = None
        try:
            self._close_image(cluster)
        except exceptions.StoreError as error:
            LOG.warning('Image %s is complete, but: %s', self.image_id, error)
        cluster.close()
