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


"""What is computed of all choices at once is what is computed of each."""

import unittest

from glance_lifecycle.planning import formats
from glance_lifecycle.planning import pricing
from glance_lifecycle.planning import sizes
from glance_lifecycle.tests.unit.planning import paper

_CHOICE = pricing.Choice


class PricingTest(unittest.TestCase):

    def setUp(self) -> None:
        self.cloud = paper.cloud('ceph')
        self.pricing = pricing.Pricing(self.cloud)
        self.stores = range(1, 1 << len(self.cloud.stores))

    def items(self) -> list[pricing.Item]:
        """Of each image: as it is and as raw, wherever it lies; the last as
        it is, kept or not.
        """
        found = []
        for image in self.cloud.images:
            today = image.kind
            for kind in {today, formats.Format.RAW}:
                for kept in (False, True):
                    choices, rates = self.pricing.rated((
                        *(_CHOICE(kind, one) for one in self.stores),
                        _CHOICE(today, 1, kept)))
                    found.append(pricing.Item(
                        image, today, 1, choices, rates,
                        *sizes.both(image, kind)))
        return found

    def test_all_at_once(self) -> None:
        for item in self.items():
            for one, found in zip(item.choices,
                                  self.pricing.all_weighed(item),
                                  strict=True):
                self.assertAlmostEqual(self.pricing.weighed(item, one), found)

    def test_cost(self) -> None:
        """As the stores have it, one by one."""
        for item in self.items():
            for one in item.choices:
                self.assertAlmostEqual(sum(
                    sizes.cost(item.image, one.kind, self.cloud.stores[place])
                    for place in pricing.places(one.stores)),
                    self.pricing.cost(item, one))

    def test_cheapest(self) -> None:
        for item in self.items():
            costs = [self.pricing.cost(item, one) for one in item.choices[:-1]]
            self.assertAlmostEqual(min(costs), costs[
                item.cheapest(item.rates[:-1])])
