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


"""What is due on a host, and what is written down of it."""

import pathlib
from typing import Any

import fixtures
import testtools

from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle.recovery import plan as plans
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import cleaning
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker import upkeep

ID, OTHER = image_api.image_id(1), image_api.image_id(2)


class UpkeepTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.base / 'staging').mkdir()
        self.api = self.useFixture(image_api.ImageApi(image_api.image(2)))
        self.database = engine.Database(f'sqlite:///{self.base}/worker.db')
        self.addCleanup(self.database.close)
        migration.sync(self.database)
        self.found: list[plans.Plan] = []
        self.recoveries = 0
        self.stopped = False

    def upkeep(self, *, act: bool = True, recover_interval: float = 3600,
               clean_interval: float = 3600, clean: bool = True
               ) -> upkeep.Upkeep:
        def recover() -> Any:
            self.recoveries += 1
            return self.found
        places = cleaning.Places(str(self.base / 'staging'), str(self.base),
                                 lambda image_id: None)
        return upkeep.Upkeep(
            self.database, 'worker 7', recover,
            (lambda: cleaning.Cleaner(places, self.api.cloud(), 0, act=act))
            if clean else None, recover_interval=recover_interval,
            clean_interval=clean_interval, stopped=lambda: self.stopped)

    def remember(self, image_id: str = ID) -> None:
        verified.write(str(self.base), image_id, 's1',
                       verified.now('sha512:ab', 'url', 'f'))

    def known(self) -> list[str]:
        return sorted(verified.listed(str(self.base)))

    def events(self, image_id: str = ID) -> list[tuple[str, str, str]]:
        return [(line.event, line.actor, line.text)
                for line in history.of_image(self.database, image_id)]

    def test_recovered(self) -> None:
        """What was not done, and is looked at again, is not history."""
        self.found = [
            plans.Plan(ID, 'task', undo=('s1',)),
            plans.Plan(OTHER, 'task', failed='The store is away')]
        keeper = self.upkeep()
        keeper.turn(False)
        keeper.turn(False)
        self.assertEqual(1, self.recoveries)
        (event, actor, text), = self.events()
        self.assertEqual(('recovered', 'worker 7'), (event, actor))
        self.assertIn('unfinished copies removed from s1', text)
        self.assertEqual([], self.events(OTHER))

    def test_again(self) -> None:
        keeper = self.upkeep(recover_interval=0)
        keeper.turn(False)
        keeper.turn(False)
        self.assertEqual(2, self.recoveries)

    def test_cleaned(self) -> None:
        """Not before all images were seen, and once in a while."""
        self.remember()
        keeper = self.upkeep()
        keeper.turn(False)
        self.assertEqual([ID], self.known())
        keeper.turn(True)
        self.assertEqual([], self.known())
        (event, actor, text), = self.events()
        self.assertEqual(('cleaned', 'worker 7'), (event, actor))
        self.assertIn('1 records of verified copies', text)
        self.remember()
        keeper.turn(True)
        self.assertEqual([ID], self.known())

    def test_observed(self) -> None:
        self.remember()
        self.upkeep(act=False).turn(True)
        self.assertEqual(([ID], []), (self.known(), self.events()))

    def test_nothing_to_clean(self) -> None:
        """There is no Glance on this host."""
        self.remember()
        self.upkeep(clean=False).turn(True)
        self.assertEqual([ID], self.known())

    def test_stopped(self) -> None:
        """The rest waits for the next worker."""
        self.stopped = True
        self.remember()
        self.remember(image_api.image_id(3))
        self.upkeep().turn(True)
        self.assertEqual(1, len(self.known()))

    def test_api_away(self) -> None:
        """Then it is not said to be done, and nobody else is stopped."""
        self.remember()
        keeper = self.upkeep(recover_interval=0)
        self.api.fail = {'/v2/images': 503}
        keeper.turn(True)
        self.assertEqual([ID], self.known())
        self.api.fail = {}
        keeper.turn(True)
        self.assertEqual([], self.known())

    def test_database_away(self) -> None:
        self.found = [plans.Plan(ID, 'task')]
        self.database.close()
        (self.base / 'worker.db').unlink()
        self.assertRaises(exceptions.LifecycleError,
                          lambda: self.upkeep().turn(False))
