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

"""Before and after: bytes stored, cost, boot time, bytes moved."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import sums

_Stored = tuple[clouds.Image, formats.Format, tuple[clouds.Copy, ...]]


@dataclasses.dataclass(frozen=True)
class Held:
    """Of one store.

    :ivar stored: bytes, replicas not counted
    :ivar cost: for a month
    """

    stored: float = 0.0
    cost: float = 0.0


@dataclasses.dataclass(frozen=True)
class Totals:
    """Of the whole cloud.

    :ivar stored: bytes, replicas not counted
    :ivar on_disks: bytes, with them
    :ivar cost: for a month
    :ivar stores: name of each -> what it holds
    """

    stored: float
    on_disks: float
    cost: float
    week: boots.Week
    stores: Mapping[str, Held]


def before(cloud: clouds.Cloud, found: sums.Sums) -> Totals:
    """As it is.

    :param found: of that cloud, so that its bytes are not counted twice
    """
    thin = {one.name: one.thin.value for one in cloud.stores}
    stored = dict.fromkeys(thin, 0.0)
    for (name, _kind), both in found.whole.present.items():
        stored[name] += both[thin[name]]
    return _of(cloud, stored, sum((
        matrix.week(cloud, one, one.kind, copy_on_write.ordered(one.copies),
                    cloud.glance)
        for one in cloud.images if one.used), boots.Week()))


def after(cloud: clouds.Cloud, plan: layout.Plan) -> Totals:
    """As it is advised."""
    return placed(cloud, plan.images, plan.glance)


def placed(cloud: clouds.Cloud, images: Iterable[layout.Placed],
           glance: clouds.Glance) -> Totals:
    """As they are placed.

    :param glance: what is shown then
    """
    return _totals(cloud, ((one.image, one.kind, one.copies)
                           for one in images), glance)


def _totals(cloud: clouds.Cloud, images: Iterable[_Stored],
            glance: clouds.Glance) -> Totals:
    stored = dict.fromkeys((one.name for one in cloud.stores), 0.0)
    total = boots.Week()
    for image, kind, copies in images:
        for one in copies:
            stored[one.store.name] += sizes.stored(image, kind, one.store)
        if image.used:
            total += matrix.week(cloud, image, kind, copies, glance)
    return _of(cloud, stored, total)


def _of(cloud: clouds.Cloud, stored: Mapping[str, float], week: boots.Week
        ) -> Totals:
    held = {one.name: Held(stored[one.name], sizes.price(
        one, stored[one.name])) for one in cloud.stores}
    return Totals(
        sum(stored.values()), sum(
            stored[one.name] * one.factor.value for one in cloud.stores),
        sum(one.cost for one in held.values()), week, held)
