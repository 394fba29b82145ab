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

"""Nova's rules, worked out by hand; tests/nova has them against Nova."""

import math
import unittest

from glance_lifecycle.planning.caches import base_images
from glance_lifecycle.planning.caches import trace

# A pass each 10 seconds.
RULES = base_images.Rules(age=25, interval=10, server_seconds=12)


def boot(time: float, image: str = 'a', host: str = 'h') -> trace.Boot:
    return trace.Boot(time, 'group', host, image)


class BaseImagesTest(unittest.TestCase):

    def kept(self, *boots: trace.Boot,
             rules: base_images.Rules = RULES) -> list[tuple[float, float]]:
        return [(one.boot.time, one.until)
                for one in base_images.replay(boots, rules)]

    def test_removed(self) -> None:
        """Used until 13: the pass at 10 renews it, that of 40 removes it."""
        self.assertEqual([(1, 40)], self.kept(boot(1)))

    def test_before_a_pass(self) -> None:
        """Used until 13.5, renewed at 10 and by the boot itself at 1.5."""
        self.assertEqual([(1.5, 40)], self.kept(boot(1.5)))
        # No pass sees this server.
        self.assertEqual([(1, 30)], self.kept(
            boot(1), rules=base_images.Rules(25, 10, 5)))

    def test_young(self) -> None:
        """A pass that finds it in use does not remove it, whatever its age.
        """
        self.assertEqual([(1, 20)], self.kept(
            boot(1), rules=base_images.Rules(0, 10, 12)))

    def test_found(self) -> None:
        """A boot before that finds it, and one after that downloads it."""
        self.assertEqual([(1, 80)], self.kept(boot(1), boot(39)))
        self.assertEqual([(1, 40), (40, 80)], self.kept(boot(1), boot(40)))

    def test_others(self) -> None:
        """Other hosts and images have their own."""
        self.assertEqual([(1, 40), (2, 40), (3, 40)], self.kept(
            boot(1), boot(2, 'b'), boot(3, host='other')))

    def test_never(self) -> None:
        self.assertEqual([(1, math.inf)], self.kept(
            boot(1), boot(10 ** 9), rules=base_images.Rules(25, -1, 12)))

    def test_always(self) -> None:
        """0 means as often as can be."""
        self.assertEqual([(1, 26)], self.kept(
            boot(1), rules=base_images.Rules(25, 0, 12)))

    def test_peaks(self) -> None:
        """Together at most; what goes at a time makes room for what comes."""
        kept = base_images.replay(
            [boot(1), boot(2, 'b'), boot(40, 'b', 'other'), boot(40, 'c')],
            RULES)
        self.assertEqual({'h': 3, 'other': 2}, dict(base_images.peaks(
            kept, {'a': 1, 'b': 2, 'c': 3})))
