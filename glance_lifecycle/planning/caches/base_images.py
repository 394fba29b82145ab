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

"""Nova's cached images (``_base``), by its own rules, as boots go by.

As nova.virt.libvirt.imagecache does, 2025.2 to 2026.2: a boot renews the time
of change of the file it uses, and so does each pass of the manager while a
server of the host is of that image. A pass removes what no server uses and
whose time of change is at least ``age`` ago. There is no limit of size.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import math

from glance_lifecycle.planning.caches import trace


@dataclasses.dataclass(frozen=True)
class Rules:
    """Of nova.conf, and of the servers.

    :ivar age: ``remove_unused_original_minimum_age_seconds``
    :ivar interval: ``manager_interval``, seconds; below 0 nothing is removed
    :ivar server_seconds: how long a server exists
    """

    age: float
    interval: float
    server_seconds: float


@dataclasses.dataclass(frozen=True)
class Kept:
    """One file, from its download until it is removed.

    :ivar boot: that downloaded it
    :ivar until: seconds of the trace; infinite for ever
    """

    boot: trace.Boot
    until: float


@dataclasses.dataclass
class _File:
    boot: trace.Boot
    changed: float
    used_until: float


def replay(boots: Sequence[trace.Boot], rules: Rules) -> list[Kept]:
    """Each download, in their order; all other boots found the file.

    :param boots: of hosts that have no directory in common, by time
    """
    files: dict[tuple[str, str], _File] = {}
    found: list[tuple[_File, float]] = []
    for boot in boots:
        file = files.get((boot.host, boot.image))
        if file is None or (gone := _removed(file, rules)) <= boot.time:
            if file is not None:
                found.append((file, gone))
            file = files[boot.host, boot.image] = _File(boot, 0, 0)
        file.changed = boot.time
        file.used_until = max(
            file.used_until, boot.time + rules.server_seconds)
    found += [(file, _removed(file, rules)) for file in files.values()]
    return sorted((Kept(file.boot, gone) for file, gone in found),
                  key=lambda one: one.boot.time)


def _removed(file: _File, rules: Rules) -> float:
    """When that is, if no other server comes."""
    interval = rules.interval
    if interval < 0:
        return math.inf
    if not interval:
        return max(file.used_until, file.changed + rules.age)
    # The pass at the very end of a server finds it gone.
    after = math.ceil(file.used_until / interval)
    changed = max(file.changed, (after - 1) * interval)
    return max(after, math.ceil((changed + rules.age) / interval)) * interval


def peaks(kept: Sequence[Kept], sizes: Mapping[str, float]
          ) -> Iterator[tuple[str, float]]:
    """Of each host, the most bytes that its files had at once.

    :param sizes: of the file of an image
    """
    changes: dict[str, list[tuple[float, float]]] = {}
    for one in kept:
        size = sizes[one.boot.image]
        changes.setdefault(one.boot.host, []).extend(
            ((one.boot.time, size), (one.until, -size)))
    for host, listed in changes.items():
        most = now = 0.0
        for _time, change in sorted(listed):
            now += change
            most = max(most, now)
        yield host, most
