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

"""Which workers there are, as they tell in the database."""

from collections.abc import Sequence
import dataclasses
import datetime
import json
import os
import socket

from oslo_log import log as logging

from glance_lifecycle import version
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import marks

LOG = logging.getLogger(__name__)

_PREFIX = 'worker/'


@dataclasses.dataclass(frozen=True, slots=True)
class Worker:
    """One that has told of itself.

    :ivar seen_at: its last sign of life, by its own clock
    :ivar away: the stores that it took to be away then
    :ivar imports: whether it runs imports for the glance-api of its host
    """

    id: str
    host: str
    pid: int
    started_at: datetime.datetime
    mode: str
    version: str
    seen_at: datetime.datetime
    away: tuple[str, ...] = ()
    imports: bool = False


class Presence:
    """What one worker tells of itself.

    :param worker_id: a UUID, new at each start
    :param imports: whether it runs imports
    """

    def __init__(self, database: engine.Database, worker_id: str, *,
                 mode: str, imports: bool = False) -> None:
        self._database = database
        self._name = _PREFIX + worker_id
        self._value = {
            'host': socket.gethostname(), 'pid': os.getpid(),
            'started_at': datetime.datetime.now(datetime.UTC).isoformat(),
            'mode': mode, 'version': version.VERSION, 'imports': imports}

    def beat(self, away: Sequence[str] = ()) -> None:
        """:param away: stores whose jobs it lets wait"""
        marks.set(self._database, self._name, json.dumps(
            {**self._value, 'away': list(away)}))

    def gone(self) -> None:
        marks.remove(self._database, self._name)


def forget(database: engine.Database, worker_id: str) -> None:
    marks.remove(database, _PREFIX + worker_id)


def workers(database: engine.Database) -> list[Worker]:
    """All that have told of themselves, alive or not."""
    found = []
    for mark in marks.listed(database, _PREFIX):
        try:
            found.append(_read(mark))
        except (AttributeError, KeyError, TypeError, ValueError):
            # Of another release, or of a hand. Were it to fail here, no job
            # would be done; its worker's are taken back.
            LOG.warning('The mark %s in the database of the worker cannot be '
                        'read, and is ignored.', mark.name)
    return found


def _read(mark: marks.Mark) -> Worker:
    value = json.loads(mark.value)
    return Worker(
        mark.name.removeprefix(_PREFIX), value['host'], value['pid'],
        datetime.datetime.fromisoformat(value['started_at']),
        value['mode'], value['version'], mark.at,
        tuple(value.get('away', ())), bool(value.get('imports')))
