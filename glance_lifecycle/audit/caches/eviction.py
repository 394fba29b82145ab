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

"""What Glance's pruner and cleaner would remove next.

As glance.image_cache does in the releases 31 to 33: ImageCache.prune() and
clean() of the drivers.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import operator
import os
import stat

from glance_lifecycle.audit.caches import glance_nodes

_MOST = 200_000


@dataclasses.dataclass(frozen=True)
class Directory:
    """The files of a cache, on its own host.

    :ivar files: name -> bytes; only those count against the limit
    :ivar invalid: the same of what is broken
    :ivar incomplete: name -> bytes and time of change
    """

    files: Mapping[str, int]
    invalid: Mapping[str, int]
    incomplete: Mapping[str, tuple[int, float]]


def pruned(cached: Iterable[glance_nodes.Cached], most: int,
           unrecorded: int = 0) -> list[str]:
    """Ids of the images that the pruner would remove, in its order.

    The least recently used first, until no more than ``most`` bytes are left.
    Of two with the same time the driver's database decides.

    :param unrecorded: bytes of files that no record is of: they count, and
        the pruner does not see them
    """
    entries = sorted(cached, key=operator.attrgetter('last_accessed'))
    left = unrecorded + sum(one.size for one in entries)
    found = []
    for one in entries:
        if left <= most:
            break
        found.append(one.image_id)
        left -= one.size
    return found


def stalled(directory: Directory, stall_time: int, now: float
            ) -> dict[str, int]:
    """What the cleaner would remove of unfinished fetches: name -> bytes."""
    return {name: size for name, (size, changed)
            in directory.incomplete.items() if changed < now - stall_time}


def directory(path: str, database: str) -> Directory | None:
    """What lies in image_cache_dir; None where it cannot be read.

    :param database: name of the file of the sqlite driver
    """
    try:
        return Directory(
            {name: one.st_size for name, one in _files(path).items()
             if name != database and not name.endswith('.db')},
            {name: one.st_size for name, one in _files(
                os.path.join(path, 'invalid')).items()},
            {name: (one.st_size, one.st_mtime) for name, one in _files(
                os.path.join(path, 'incomplete')).items()})
    except (OSError, ValueError):
        return None


def _files(path: str) -> dict[str, os.stat_result]:
    found = {}
    with os.scandir(path) as entries:
        for number, entry in enumerate(entries):
            if number == _MOST:
                raise ValueError('too many')
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                found[entry.name] = status
    return found
