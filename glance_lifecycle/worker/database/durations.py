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

"""How long what was done has taken."""

from collections.abc import Iterator
from collections.abc import Mapping
import json
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models

#: Jobs that are looked at: enough for a mean, and all of recent times.
LATEST = 500


def latest(database: engine.Database, limit: int = LATEST
           ) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Actions that went well, the newest first, and their seconds.

    As plain data: other releases may have written them. What was done before
    this was written down is left out.

    :raises WorkerDatabaseError: the database fails
    """
    lines, done = models.HISTORY.c, models.JOBS.c
    rows = database.read(lambda connection: connection.execute(
        sa.select(done.action, lines.proof)
        .join_from(models.HISTORY, models.JOBS, done.id == lines.job_id)
        .where(lines.event == jobs.State.DONE, lines.proof.is_not(None))
        .order_by(lines.id.desc()).limit(limit)).all())
    for row in rows:
        seconds = json.loads(row.proof).get(history.SECONDS)
        if isinstance(seconds, (int, float)) and seconds > 0:
            yield json.loads(row.action), float(seconds)
