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


"""Something begins while a plan is applied, at each of its steps."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import json
import pathlib
from typing import NamedTuple
import uuid

from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import reclaim_case

_APPLYING = 'glance_lifecycle.reclaim.applying:_OfStore.'

#: What is called first for each thing: to take it, and when it is in
#: quarantine.
TAKEN, KEPT = _APPLYING + '_take', _APPLYING + '_keep'

_LOOK = 'glance_lifecycle.reclaim.second_look:SecondLook.'

#: Before it is judged: where it lies, and out of sight.
THERE, AWAY = _LOOK + 'there', _LOOK + 'away'


class Race(NamedTuple):
    """:ivar before: the function; see ``points.before``
    :ivar event: what happens to the image whose id it gets
    """

    before: str
    event: Callable[[str], object]


class RaceCase(reclaim_case.ReclaimCase):
    """Each thing of a plan is a copy that no location leads to."""

    def races(self, steps: Iterable[str],
              events: Sequence[Callable[[str], object]]) -> list[Race]:
        """Each event at each step."""
        return [Race(step, event) for step in steps for event in events]

    def raced(self, plan: pathlib.Path, each: str, races: Sequence[Race],
              *argv: str, code: int = 3) -> dict[str, str]:
        """Image -> result."""
        images = self.planned_images(plan)
        self.assertEqual(len(races), len(images))
        directory = self.work / f'stops-{each}'
        directory.mkdir()
        stops = points.Stops(
            each, tuple(race.before for race in races), directory)
        applying = self.operator().fork(
            *self.reclaiming('apply', str(plan), *argv), first=stops)
        for number, (image, race) in enumerate(zip(images, races)):
            stops.wait(number)
            race.event(image)
            stops.go_on(number)
        answer = applying.end()
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return self.outcomes(answer)

    def planned_images(self, plan: pathlib.Path) -> list[str]:
        return [step['image_id'] for step in json.loads(
            plan.read_text())['steps']]

    # What happens.

    def import_begins(self, image_id: str) -> None:
        """As Glance notes it, for a copy to another store, too."""
        self.api.sql(
            'insert into tasks (id, type, status, owner, image_id, '
            'created_at, updated_at, deleted) values ('
            f"'{uuid.uuid4()}', 'api_image_import', 'processing', 'admin', "
            f"'{image_id}', datetime('now'), datetime('now'), 0)")

    def copy_begins(self, image_id: str) -> None:
        """As ``store copy`` notes it before all else."""
        journals = self.api.state_dir / 'transfers'
        journals.mkdir(exist_ok=True)
        (journals / f'copy-{image_id}.json').write_text(json.dumps({
            'version': 2, 'task_id': f'copy-{image_id}',
            'image_id': image_id}))

    def deleted(self, image_id: str) -> None:
        """Within the grace: without one, only the future is."""
        self.admin.delete(image_id)
        self.api.sql(
            "update images set updated_at = datetime('now', '+1 day'), "
            "deleted_at = datetime('now', '+1 day') where id = "
            f"'{image_id}'")
