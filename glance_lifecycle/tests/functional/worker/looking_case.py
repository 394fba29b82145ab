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
"""A worker that looks at what lies in the stores of its host."""

import pathlib
import socket
from typing import Any

from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import reclaim_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import hygiene_schedule

# Of what tests store, one object is much, and all of it is young.
TAKE = '{apply: quarantine, after: 0 seconds, at_most: {percent: 100}%s}'


def policy(*stores: str, more: str = '') -> str:
    return 'version: 1\nhygiene: {stores: {%s}}\n' % ', '.join(
        '%s: %s' % (store, TAKE % more) for store in stores)


class LookingCase(reclaim_case.ReclaimCase):

    def looks(self, document: str, kind: Any = worker.Worker,
               **options: object) -> Any:
        return self.useFixture(kind(self.api, document, **{
            'hygiene_interval': 3600, **options}))

    def ended(self, daemon: worker.Worker) -> bool:
        return marks.get(daemon.database, 'hygiene/%s'
                         % socket.gethostname()) is not None

    def until_ended(self, daemon: worker.Worker) -> None:
        waiting.until('a look has ended', lambda: self.ended(daemon))

    def story(self, daemon: worker.Worker, word: str) -> list[str]:
        return [line for line in daemon.story(hygiene_schedule.SUBJECT)
                if line.startswith(word)]

    def plans(self) -> dict[str, tuple[pathlib.Path, plans.Plan]]:
        """Names of the stores -> file and plan; the newest of each."""
        found = {}
        for path in sorted((self.api.state_dir / 'hygiene').iterdir()):
            plan = plans.load(path.read_bytes())
            found[' '.join(one.name for one in plan.stores)] = path, plan
        return found

    def again(self, daemon: worker.Worker) -> None:
        """A look, as if its time had come."""
        daemon.terminate()
        daemon.configure(hygiene_interval=1)
        daemon.start()
