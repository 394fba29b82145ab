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


"""What glance-api has loaded is not looked at again."""

import gc

import testtools

from glance_lifecycle.plugin import pauses


class PausesTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(gc.unfreeze)
        self.addCleanup(pauses.shorten_pauses.cache_clear)
        pauses.shorten_pauses.cache_clear()
        gc.unfreeze()

    def test_once(self) -> None:
        pauses.shorten_pauses()
        frozen = gc.get_freeze_count()
        self.assertGreater(frozen, 10_000)
        made: list[list[int]] = [[] for _ in range(100)]
        pauses.shorten_pauses()
        self.assertEqual(frozen, gc.get_freeze_count())
        self.assertTrue(all(gc.is_tracked(each) for each in made))

    def test_garbage_goes(self) -> None:
        """What is made later is collected as ever."""
        pauses.shorten_pauses()
        gc.collect()
        for _ in range(100):
            cycle: list[object] = []
            cycle.append(cycle)
        del cycle
        self.assertGreaterEqual(gc.collect(), 100)
