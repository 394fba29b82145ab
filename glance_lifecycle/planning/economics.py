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


"""What images cost, today and then: by store, project and class."""

from collections.abc import Iterable
from typing import Any

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import sizes

_UNKNOWN = 'not known'

# What it is by -> its name -> before and after: images, bytes, cost.
_Sums = dict[str, dict[str, list[float]]]


def group(image: clouds.Image) -> str:
    """The class that an image is counted with."""
    if image.group:
        return image.group
    return 'golden' if image.golden else 'booted' if image.used else 'idle'


def table(images: Iterable[layout.Placed]) -> dict[str, list[dict[str, Any]]]:
    """``stores``, ``projects`` and ``classes``: the dearest first."""
    found: _Sums = {'stores': {}, 'projects': {}, 'classes': {}}
    for placed in images:
        image, today = placed.image, placed.image.kind
        _count(found, image, today, (one.store for one in image.copies), 0)
        _count(found, image, placed.kind, placed.stores, 3)
    return {what: [_row(name, *sums) for name, sums in sorted(
        rows.items(), key=lambda one: -max(one[1][2], one[1][5]))]
        for what, rows in found.items()}


def _count(found: _Sums, image: clouds.Image, kind: formats.Format,
           stores: Iterable[clouds.Store], start: int) -> None:
    whole = cost = 0.0
    for store in stores:
        size = sizes.stored(image, kind, store)
        price = sizes.price(store, size)
        _add(found['stores'], store.name, start, size, price)
        whole += size
        cost += price
    _add(found['projects'], image.project or _UNKNOWN, start, whole, cost)
    _add(found['classes'], group(image), start, whole, cost)


def _add(rows: dict[str, list[float]], name: str, start: int, size: float,
         cost: float) -> None:
    sums = rows.get(name)
    if sums is None:
        sums = rows[name] = [0.0] * 6
    sums[start] += 1
    sums[start + 1] += size
    sums[start + 2] += cost


def _row(name: str, *sums: float) -> dict[str, Any]:
    return {'name': name,
            'images_before': int(sums[0]), 'images_after': int(sums[3]),
            'stored_before': round(sums[1]), 'stored_after': round(sums[4]),
            'cost_before': round(sums[2], 6), 'cost_after': round(sums[5], 6)}
