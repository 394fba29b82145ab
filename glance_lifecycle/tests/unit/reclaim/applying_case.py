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

"""A store in a real directory, from which needless objects are taken."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import pathlib
import time
from typing import Any

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.reclaim import applying
from glance_lifecycle.reclaim import brake
from glance_lifecycle.reclaim import outcome
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.tests.unit.audit.hygiene import helpers as hygiene
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import quarantine as file
from glance_lifecycle.transfer.backends import inventory

A, B, C = hygiene.A, hygiene.B, hygiene.C
Result = outcome.Result
LONG_AGO = time.time() - 100 * hygiene.DAY


class Database(hygiene.Host):
    """One that answers something else from the nth question on."""

    def __init__(self, *images: hygiene.Image) -> None:
        super().__init__(*images)
        self.now = {one.id: one for one in images}
        self.then: dict[str, hygiene.Image] | Exception | None = None
        self.after = 1
        self.tasks: set[str] = set()

    def some(self, ids: Sequence[str]) -> Mapping[str, claims.Image]:
        self.after -= 1
        if self.after < 0 and self.then is not None:
            if isinstance(self.then, Exception):
                raise self.then
            return {one: self.then[one] for one in ids if one in self.then}
        return {one: self.now[one] for one in ids if one in self.now}

    def locations(self, since: float | None = None
                  ) -> Iterator[tuple[str, str]]:
        yield from hygiene.locations(self.now.values())

    def busy(self) -> frozenset[str]:
        return frozenset(self.tasks)


class ApplyingCase(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.path, 'images')
        self.top.mkdir()
        self.found = file.FileQuarantine(
            's1', {'datadirs': [[str(self.top), 0]]})
        self.addCleanup(self.found.close)
        self.database = Database()

    def gone(self, image_id: str = A, **other: Any) -> hygiene.Image:
        return hygiene.Image(image_id, 'deleted', deleted=True, **{
            'created': LONG_AGO, 'changed': LONG_AGO, **other})

    def alive(self, image_id: str = A, **other: Any) -> hygiene.Image:
        return hygiene.Image(image_id, **{
            'created': LONG_AGO, 'changed': LONG_AGO, 'size': 5000,
            'locations': (hygiene.Location(
                f'file://{self.top}/{image_id}'),), **other})

    def orphan(self, image_id: str = A, data: bytes = b'o' * 5000
               ) -> inventory.Entry:
        self.database.now[image_id] = self.gone(image_id)
        (self.top / image_id).write_bytes(data)
        return next(one for one in self.found.entries()
                    if one.name == image_id)

    def plan(self, *entries: inventory.Entry, **other: Any) -> plans.Plan:
        return plans.Plan(**{
            'made': 'now', 'grace': 0.0, 'keep': 0.0, 'most': 1000,
            'percent': 100.0, 'alone': (),
            'stores': (plans.Store('s1', 10, 1_000_000),),
            'steps': tuple(plans.Step.of('s1', 'GLC020', one, True, '')
                           for one in entries), **other})

    def apply(self, plan: plans.Plan, failed: Mapping[str, str] | None = None,
              limits: brake.Brake | None = None, **wishes: Any
              ) -> list[outcome.Outcome]:
        store = applying.Store(claims.Store(
            's1', self.found.schemes, self.found.spot, lambda _url: False),
            self.found)
        return list(applying.Applying(
            plan, self.database, {} if failed else {'s1': store},
            failed or {}, applying.Wishes(**wishes), limits).run())

    def assert_becomes(self, result: Result, plan: plans.Plan, why: str = '',
                       **wishes: Any) -> None:
        one, = self.apply(plan, **wishes)
        self.assertIs(result, one.result, one.detail)
        self.assertIn(why, one.detail)
        self.assertTrue(one.detail.endswith('.') or not one.detail)

    def rescued(self) -> None:
        """B is registered with what was stored for A."""
        self.database.now[B] = self.alive(B, locations=(
            hygiene.Location(f'file://{self.top}/{A}'),))

    def there(self, image_id: str = A) -> bool:
        return (self.top / image_id).exists()
