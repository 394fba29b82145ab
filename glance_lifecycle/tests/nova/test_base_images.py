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

"""What we say of Nova's cached images, and what its own manager leaves."""

import random

from glance_lifecycle.planning.caches import base_images
from glance_lifecycle.planning.caches import trace
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.nova import asked

_UNTIL = 2000.0


class BaseImagesTest(base.FunctionalTestCase):

    def test_replay(self) -> None:
        """By chance: short and long ages, servers and intervals."""
        nova = self.useFixture(asked.Asked('nova_asked', {}, {}))
        chance = random.Random(1)
        for _one in range(25):
            rules = base_images.Rules(
                age=chance.choice((0, 7, 60, 300)),
                interval=chance.choice((5, 40, 170)),
                server_seconds=chance.choice((0, 3, 50, 400)))
            boots = sorted((round(chance.uniform(0, _UNTIL), 3),
                            chance.choice('abcde'))
                           for _one in range(chance.randrange(1, 30)))
            real = nova.ask(
                ask='base_images', boots=boots, until=_UNTIL,
                age=rules.age, interval=rules.interval,
                server_seconds=rules.server_seconds)
            kept = base_images.replay([
                trace.Boot(time, 'group', 'host', image)
                for time, image in boots], rules)
            last = _UNTIL // rules.interval * rules.interval
            self.assertEqual(
                (real['downloads'], real['left']),
                ([[one.boot.time, one.boot.image] for one in kept],
                 sorted({one.boot.image for one in kept
                         if one.until > last})), str((rules, boots)))
