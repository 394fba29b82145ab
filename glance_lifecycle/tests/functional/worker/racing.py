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

"""What other processes do to the worker's database, all at once."""

from collections.abc import Callable
import concurrent.futures
import multiprocessing
from typing import TypeVar

from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import store_jobs

T = TypeVar('T')

PROCESSES = 4


def at_once(function: Callable[..., T], *args: object) -> list[T]:
    """What it returns in each of PROCESSES new processes.

    :param function: of this module; its first argument is 0, 1, ...
    """
    context = multiprocessing.get_context('spawn')
    with concurrent.futures.ProcessPoolExecutor(
            PROCESSES, mp_context=context) as pool:
        # Started before the first of them works.
        list(pool.map(abs, range(PROCESSES)))
        futures = [pool.submit(function, number, *args)
                   for number in range(PROCESSES)]
        return [future.result() for future in futures]


def sync(_number: int, url: str) -> str | None:
    database = engine.Database(url)
    migration.sync(database)
    found = migration.version(database)
    database.close()
    return found


def open_all(number: int, url: str, images: int) -> list[tuple[str, bool]]:
    """Id of each image's job, and whether it was another's."""
    database = engine.Database(url)
    found = [jobs.open_job(database, jobs.Wanted(
        f'image{image}', 'copy', {'by': number}, 'It is not there.'),
        actor=f'p{number}') for image in range(images)]
    database.close()
    return [(job.id, joined) for job, joined in found]


def claim_all(number: int, url: str) -> list[str]:
    """The ids of the jobs that this one got, and did, until none is due."""
    database = engine.Database(url)
    mine = []
    while due := claims.due(database, 50):
        for job in due:
            fence = claims.claim(database, job.id, f'p{number}')
            if fence is not None:
                claims.check(database, job.id, fence)
                claims.finish(database, job.id, fence, jobs.State.DONE)
                mine.append(job.id)
    database.close()
    return mine


def crowd(number: int, url: str, limits: dict[str, int]
          ) -> tuple[list[str], list[dict[str, int]]]:
    """The ids of the jobs that this one did, until none is left.

    And, for each, how many ran at each store while it ran.
    """
    database = engine.Database(url)
    mine, seen = [], []
    while jobs.counts(database)[jobs.State.QUEUED]:
        # Also those for which there is no room: whoever counts wrongly, or
        # not in time, begins one too many.
        for job in claims.due(database, 5):
            fence = claims.claim(database, job.id, f'p{number}',
                                 limits=limits)
            if fence is not None:
                seen.append(store_jobs.room(database, limits, {}).running())
                claims.finish(database, job.id, fence, jobs.State.DONE)
                mine.append(job.id)
    database.close()
    return mine, seen
