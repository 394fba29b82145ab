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

"""How long a clone takes, as Nova and Cinder make one: to measure a store."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import statistics
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import options as rbd_options

# The first one also finds out which OSDs to talk to.
_TIMES = 5


@contextlib.contextmanager
def _connected(store: str, options: dict[str, Any]
               ) -> Iterator[rbd_cluster.Cluster]:
    cluster = rbd_cluster.Cluster(store, options)
    with contextlib.closing(cluster):
        cluster.connect()
        yield cluster


def seconds(store: str, options: dict[str, Any], name: str, clone: str
            ) -> float:
    """The median of some clones, each removed before the next is made.

    :param options: what ``rbd_options.describe`` returned
    :param name: of an image that has the snapshot that Nova clones
    :param clone: of the clone, in the same pool
    :raises StoreError: it cannot be cloned, or the clone not be removed
    """
    taken = []
    with _connected(store, options) as cluster:
        rbd = cluster.rbd.RBD()
        for _time in range(_TIMES):
            started = time.monotonic()
            cluster.call('cloning the image', rbd.clone, cluster.ioctx, name,
                         rbd_options.SNAPSHOT, cluster.ioctx, clone,
                         features=cluster.features())
            taken.append(time.monotonic() - started)
            cluster.call('removing the clone', rbd.remove, cluster.ioctx,
                         clone)
    return statistics.median(taken)


def remove(store: str, options: dict[str, Any], clone: str) -> bool:
    """Remove what ``seconds`` has left if it was killed.

    :returns: whether it was there
    :raises StoreError: it cannot be removed now
    """
    with _connected(store, options) as cluster:
        try:
            cluster.call('removing the clone', cluster.rbd.RBD().remove,
                         cluster.ioctx, clone)
        except exceptions.StoreError as error:
            if not isinstance(error.__cause__, cluster.rbd.ImageNotFound):
                raise
            return False
    return True


def names(store: str, options: dict[str, Any],
          wanted: Callable[[str], object]) -> list[str]:
    """Of all images in the pool, those that are wanted.

    :raises StoreError: they cannot be listed
    """
    with _connected(store, options) as cluster:
        found: list[str] = cluster.call(
            'listing the images', lambda: [
                name for name in cluster.rbd.RBD().list(cluster.ioctx)
                if wanted(name)])
    return found
