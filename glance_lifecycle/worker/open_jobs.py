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

"""What a look has to know of jobs that are open, while there may be many."""

from collections.abc import Mapping
import dataclasses
import hashlib
from typing import Any

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import jobs

# Of one query.
_PAGE = 1000

_WAITING = (jobs.State.QUEUED, jobs.State.HELD)


@dataclasses.dataclass(frozen=True, slots=True)
class OpenJob:
    """One of them.

    :ivar told: SHA-256 of its action and its policy
    :ivar does: SHA-256 of what is done, whatever for
    """

    id: str
    image_id: str
    purpose: str
    state: jobs.State
    told: bytes
    does: bytes

    @property
    def waits(self) -> bool:
        return self.state in _WAITING

    @classmethod
    def of(cls, job: jobs.Job) -> 'OpenJob':
        return cls(job.id, job.image_id, job.purpose, job.state,
                   told(job.action, job.policy_digest), does(job.action))


def told(action: Mapping[str, Any], policy: str) -> bytes:
    return _digest({'action': action, 'policy': policy})


def does(action: Mapping[str, Any]) -> bytes:
    return _digest({name: action.get(name)
                    for name in ('arguments', 'unused')})


def _digest(value: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(fields.dump(value).encode()).digest()


def all_open(database: engine.Database) -> dict[str, list[OpenJob]]:
    """Open jobs, by image."""
    found: dict[str, list[OpenJob]] = {}
    marker = None
    while page := jobs.list_jobs(database, state=jobs.OPEN, marker=marker,
                                 limit=_PAGE):
        for job in page:
            if _is_wanted_by_policy(job):
                found.setdefault(job.image_id, []).append(OpenJob.of(job))
        marker = page[-1].id
    return found


def of_image(database: engine.Database, image_id: str) -> list[OpenJob]:
    return [OpenJob.of(job) for job in jobs.list_jobs(
        database, state=jobs.OPEN, image_id=image_id)
        if _is_wanted_by_policy(job)]


def _is_wanted_by_policy(job: jobs.Job) -> bool:
    """Not by its user, as imports are."""
    return not imports.is_import(job.purpose)
