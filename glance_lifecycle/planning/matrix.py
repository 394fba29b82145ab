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

"""The whole catalogue in one store and one format: what that would take."""

import dataclasses

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import sizes

#: What a plan can have Glance show.
SHOWN = clouds.Glance(show_image_direct_url=True,
                      show_multiple_locations=True)

Rank = tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class Cell:
    """One store with one format.

    :ivar stored: bytes, replicas not counted
    :ivar cost: for a month
    """

    store: clouds.Store
    kind: sizes.Format
    stored: float
    cost: float
    week: boots.Week

    @property
    def rank(self) -> Rank:
        """The least is the best."""
        return rank(self.week, self.cost)


def rank(week: boots.Week, cost: float) -> Rank:
    """Clones first, then seconds to boot, then money; the least is best.

    Differences that nobody can measure do not count.
    """
    return -week.cloned, round(week.seconds, 3), round(cost, 6)


def matrix(cloud: clouds.Cloud) -> list[Cell]:
    """All stores, in all formats that can be compared."""
    return [_cell(cloud, store, kind) for store in cloud.stores
            for kind in sizes.CHOICES]


def week(cloud: clouds.Cloud, image: clouds.Image, kind: sizes.Format,
         copies: tuple[clouds.Copy, ...], glance: clouds.Glance
         ) -> boots.Week:
    """What all consumers need of an image that is stored so."""
    if not image.used:
        return boots.Week()
    return sum((boots.week(image, kind, copies, one, glance)
                for one in cloud.consumers if image.uses(one)), boots.Week())


def _cell(cloud: clouds.Cloud, store: clouds.Store, kind: sizes.Format
          ) -> Cell:
    stored = cost = 0.0
    total = boots.Week()
    for image in cloud.images:
        fits = kind if kind in sizes.choices(image) else sizes.Format.AS_IS
        stored += sizes.stored(image, fits, store)
        cost += sizes.cost(image, fits, store)
        total += week(cloud, image, fits, (clouds.Copy(store),), SHOWN)
    return Cell(store, kind, stored, cost, total)
