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


"""What an image in quarantine says of itself, in its own metadata.

It is written before the image is moved, and goes after it has come back: so
the pool itself tells by which plan it was taken, and what was there before.
"""

from collections.abc import Callable
import dataclasses
import json
from typing import Any

from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster

#: Its key.
KEY = 'lifecycle_quarantine'

# Characters, of a value that anybody who may write to the pool may have set.
_LONGEST = 1024 * 1024

# The year 2242, in seconds since the epoch.
_LATEST = 2 ** 33

# Seconds by which the trash, which knows whole ones, may seem to be earlier,
# and within which an image is moved that was marked. A silent cluster is
# waited for for less.
_CLOCK, _MOVE = 2, 3600


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """As it was before the removal of the image began."""

    name: str
    protected: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """:ivar plan: that took the image
    :ivar image: its id: a clone and a copy have the metadata of what they
        were made of
    :ivar since: when it was marked, in seconds since the epoch, by the clock
        of the host that did so
    :ivar trashed: it was in the trash before
    :ivar removing: the removal has begun, and these are its snapshots, in
        the order in which they were made; None for not
    :ivar same: the last of them, if nothing was written after it: then it
        can be made again; empty if not
    """

    plan: str
    image: str
    since: float
    trashed: bool = False
    removing: tuple[Snapshot, ...] | None = None
    same: str = ''

    def is_of(self, image_id: str, deleted: float) -> bool:
        """Whether it was we who took an image that is in the trash.

        Whoever was killed while bringing one back has left a mark on it, and
        others may have moved it there since.

        :param deleted: when it was moved there, likewise
        """
        moved_after = deleted - self.since
        return self.image == image_id and (
            moved_after <= _CLOCK if self.trashed
            else -_CLOCK <= moved_after <= _MOVE)

    def to_text(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> 'Mark | None':
        """None where it is not ours, or not whole."""
        if len(text) > _LONGEST:
            return None
        try:
            fields = json.loads(text)
            removing = fields.pop('removing')
            mark = cls(**fields, removing=None if removing is None else
                       tuple(Snapshot(**one) for one in removing))
        except (ValueError, TypeError, KeyError, AttributeError,
                RecursionError):
            return None
        return mark if mark._is_whole() else None

    def _is_whole(self) -> bool:
        return (isinstance(self.plan, str) and quarantine.is_plan(self.plan)
                and isinstance(self.image, str)
                and type(self.since) in (int, float)
                and 0 < self.since < _LATEST
                and isinstance(self.trashed, bool)
                and isinstance(self.same, str)
                and all(isinstance(one.name, str)
                        and isinstance(one.protected, bool)
                        for one in self.removing or ()))


def read(image: Any) -> Mark | None:
    """Of an open image; to be run within ``Cluster.call``."""
    try:
        return Mark.from_text(str(image.metadata_get(KEY)))
    except (KeyError, UnicodeDecodeError):
        # The latter for bytes that we have not written.
        return None


def write(cluster: rbd_cluster.Cluster, mark: Mark) -> None:
    """Mark an image, also one in the trash.

    :raises StoreError: it cannot be marked, or is not there any more
    """
    _change(cluster, 'marking the image', mark.image,
            lambda image: image.metadata_set(KEY, mark.to_text()))


def remove(cluster: rbd_cluster.Cluster, mark: Mark) -> None:
    """The same, without this mark; that of another host stays.

    :raises StoreError: likewise
    """
    def removed(image: Any) -> None:
        found = read(image)
        # What is recorded of a removal may have changed since.
        if found is not None and (found.plan, found.since) == (
                mark.plan, mark.since):
            image.metadata_remove(KEY)
    _change(cluster, 'removing the mark of the image', mark.image, removed)


def _change(cluster: rbd_cluster.Cluster, doing: str, image_id: str,
            change: Callable[[Any], None]) -> None:
    def changed() -> None:
        with cluster.rbd.Image(cluster.ioctx, image_id=image_id) as image:
            change(image)
    cluster.call(doing, changed)
