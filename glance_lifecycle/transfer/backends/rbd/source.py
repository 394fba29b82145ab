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

"""A copy in a store of glance_store's rbd driver."""

from collections.abc import Iterator
import threading
from typing import Any
import urllib.parse

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster
from glance_lifecycle.transfer.backends.rbd import options as rbd_options
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import extents

_SCHEME = 'rbd://'

# Of one walk over the map: the worst one, a hole in every other block of
# 4 KiB, then holds half a million extents at a time.
_STRIDE = 4 * 1024 ** 3


class StoredRbd(stored.StoredSource):
    """The snapshot of an RBD image, open for reading only.

    What was never written is known (``diff_iterate``) and not read. Every
    call ends within the store's timeout, however silent the cluster is.

    :param fsid: of the cluster; empty where the location does not say
    :param snapshot: empty for an old location, which names none
    :param options: what ``rbd_options.describe`` returned
    """

    address_space = 192 * 1024 * 1024

    # A read takes a millisecond of waiting for each of work.
    workers = 8

    def __init__(self, fd: int = -1, *, store: str, image: str,
                 snapshot: str, fsid: str, options: dict[str, Any],
                 size: int | None = None) -> None:
        super().__init__(fd, store=store, size=size)
        self._name = '%s/%s' % (options['pool'], image)
        self._snapshot = snapshot
        self._bytes_read = 0
        self._lock = threading.Lock()
        self._image: Any = None
        self._cluster = cluster.Cluster(store, options)
        try:
            self._cluster.connect()
            self._check_cluster(fsid)
            self._image = self._open(image)
            self.virtual_size = int(self._call('asking for its size',
                                               self._image.size))
            self.check_size()
        except BaseException:
            self.close()
            raise

    @classmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        fsid, pool, image, snapshot = parsed(store, url)
        options = rbd_options.describe(conf, store)
        return {'store': store, 'image': image, 'snapshot': snapshot,
                'fsid': fsid, 'size': size,
                'options': {**options, 'pool': pool or options['pool']}}

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return rbd_options.reach(options['options'])

    def extents(self) -> Iterator[extents.Extent]:
        for start in range(0, self.virtual_size, _STRIDE):
            end = min(start + _STRIDE, self.virtual_size)
            yield from whole(self._allocated(start, end), start, end)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        data = self._call('reading the copy', self._image.read, offset,
                          len(buffer))
        if len(data) != len(buffer):
            raise exceptions.CopyCorrupt(
                store=self.store, detail='it ends at byte %d of %d'
                % (offset + len(data), self.virtual_size))
        buffer[:] = data
        with self._lock:
            self._bytes_read += len(data)

    @property
    def bytes_read(self) -> int:
        return self._bytes_read

    @property
    def fingerprint(self) -> str:
        """Of the snapshot, whose bytes nobody can change."""
        if not self._snapshot:
            return ''

        def ask() -> str:
            found = next(s['id'] for s in self._image.list_snaps()
                         if s['name'] == self._snapshot)
            return '%s:%d' % (self._image.id(), found)
        return str(self._call('looking at the snapshot', ask))

    def close(self) -> None:
        image, self._image = self._image, None
        try:
            if image is not None:
                self._cluster.close_image(image)
        except exceptions.StoreError:
            # Nothing was written: there is nothing to lose.
            pass
        self._cluster.close()

    def _call(self, doing: str, function: Any, *args: Any,
              **kwargs: Any) -> Any:
        return self._cluster.call(doing, function, *args, **kwargs)

    def _check_cluster(self, fsid: str) -> None:
        if fsid and fsid != self._cluster.fsid:
            raise stored.not_of(self.store)

    def _open(self, image: str) -> Any:
        rbd = self._cluster.rbd
        try:
            return self._call(
                'opening the copy', rbd.Image, self._cluster.ioctx, image,
                snapshot=self._snapshot or None, read_only=True)
        except exceptions.StoreError as error:
            if isinstance(error.__cause__, rbd.ImageNotFound):
                raise self.missing('RBD image %s%s' % (
                    self._name, self._snapshot and '@' + self._snapshot)
                ) from error
            raise

    def _allocated(self, start: int, end: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []

        def note(offset: int, length: int, exists: bool) -> None:
            self._cluster.heard()
            if exists:
                found.append((offset, offset + length))

        self._call('looking for holes', self._image.diff_iterate, start,
                   end - start, None, note)
        return found


def parsed(store: str, url: str) -> tuple[str, str, str, str]:
    """fsid, pool, image, snapshot of a location.

    Only the image is known of the old kind, ``rbd://image``.

    :raises StoreError: it is no location of the rbd driver
    """
    parts = [urllib.parse.unquote(part)
             for part in url.removeprefix(_SCHEME).split('/')]
    if not url.startswith(_SCHEME) or not all(parts):
        raise stored.not_of(store)
    if len(parts) == 1:
        return '', '', parts[0], ''
    if len(parts) != 4:
        raise stored.not_of(store)
    fsid, pool, image, snapshot = parts
    return fsid, pool, image, snapshot


def whole(allocated: list[tuple[int, int]], start: int,
          end: int) -> Iterator[extents.Extent]:
    """Extents without gap or overlap from what is allocated, in any order.

    :param allocated: (start, end) of each run
    """
    position = start
    for begin, stop in sorted(allocated):
        begin, stop = max(begin, position), min(stop, end)
        if begin >= stop:
            continue
        if begin > position:
            yield extents.Extent(position, begin - position,
                                 extents.Kind.ZERO)
        yield extents.Extent(begin, stop - begin, extents.Kind.DATA)
        position = stop
    if position < end:
        yield extents.Extent(position, end - position, extents.Kind.ZERO)
