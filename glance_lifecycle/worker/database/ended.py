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

"""What jobs have ended, and how many bytes they were about."""

import collections
import dataclasses
import datetime

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models

_TABLE = models.JOBS


@dataclasses.dataclass(frozen=True)
class Ended:
    """Jobs of a kind that ended alike.

    :ivar state: one of ``jobs.CLOSED``
    :ivar bytes: of their images, as far as that is known
    """

    kind: str
    state: str
    jobs: int
    bytes: int


def since(database: engine.Database, moment: datetime.datetime
          ) -> list[Ended]:
    """Those that ended since; what is purged is not told.

    Nor is what was not needed any more before anybody began it.
    """
    query = sa.select(
        _TABLE.c.purpose, _TABLE.c.state, sa.func.count().label('jobs'),
        sa.func.sum(_TABLE.c.bytes).label('bytes')).where(
            _TABLE.c.state.in_(sorted(jobs.CLOSED)),
            sa.or_(_TABLE.c.state != jobs.State.DONE, _TABLE.c.fence > 0),
            _TABLE.c.updated_at >= moment).group_by(
                _TABLE.c.purpose, _TABLE.c.state)
    rows = database.read(lambda connection: connection.execute(query).all())
    number: collections.Counter[tuple[str, str]] = collections.Counter()
    held: collections.Counter[tuple[str, str]] = collections.Counter()
    for row in rows:
        # A drop's purpose names its stores, too.
        key = row.purpose.partition(':')[0], row.state
        number[key] += row.jobs
        # PostgreSQL answers with a Decimal.
        held[key] += int(row.bytes or 0)
    return [Ended(*key, number[key], held[key]) for key in sorted(number)]
