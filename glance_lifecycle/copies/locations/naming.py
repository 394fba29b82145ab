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

"""Where the name of a store stands, apart from the locations of images."""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import re
from typing import Any

from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle import glance_host
from glance_lifecycle.transfer import journal_record
from glance_lifecycle.transfer import journals
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.database import opening

CONF = cfg.CONF

# Of each kind; more are counted.
_SHOWN = 5

_PAGE = 100


def mentions(value: Any, name: str) -> bool:
    """Whether plain data have the name as a value, or as a key."""
    if isinstance(value, Mapping):
        return any(mentions(one, name) for pair in value.items()
                   for one in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(mentions(one, name) for one in value)
    return bool(value == name)


def in_options(old: str) -> list[str]:
    """Options of ours that have it, as ``[group] name``."""
    return ['[%s] %s' % (group.name, opt.dest.replace('-', '_'))
            for group, options in opts.list_opts() for opt in options
            if not opt.secret and mentions(
                CONF[group.name][opt.dest], old)]


def in_policy(old: str) -> list[int]:
    """Lines of the policy file that have it as a word.

    Of the file and not of what it means, so that none is missed; a line may
    mean something else.
    """
    path = CONF.lifecycle.policy_file
    if not path:
        return []
    try:
        with open(path, errors='replace') as stream:
            return in_text(stream, old)
    except OSError:
        # Whoever reads the policy says so.
        return []


def in_text(lines: Any, word: str) -> list[int]:
    """Numbers, from 1, of the lines that have it."""
    # Names of stores have dots and dashes in them.
    found = re.compile(r'(?<![\w.-])%s(?![\w.-])' % re.escape(word))
    return [number for number, line in enumerate(lines, 1)
            if found.search(line)]


def in_flight(old: str) -> Iterator[str]:
    """What would fail if the name were gone, as sentences.

    :raises LifecycleError: nobody can tell
    """
    marked = glance_host.importing_to(old)
    if marked:
        yield ('Images are being imported or copied to it: %s. Wait for '
               'them, or run "glance-lifecycle-manage recover".'
               % some(marked))
    records = [record.task_id for record, _alive in
               journals.seen(CONF.lifecycle.state_dir) if _writes(record, old)]
    if records:
        yield ('Imports on this host have it in their journals: tasks %s. '
               'Wait for them, or run "glance-lifecycle-manage recover" '
               'while the store still has its old name.' % some(records))
    database = worker_database()
    if database is None:
        return
    try:
        yield from _in_database(database, old)
    finally:
        database.close()


def _writes(record: journal_record.Record, old: str) -> bool:
    return old in record.stores or any(
        target.store == old for target in record.targets)


def _in_database(database: engine.Database, old: str) -> Iterator[str]:
    waiting = [job.id for job in _open_jobs(database)
               if old in job.stores or mentions(job.action, old)
               or job.purpose.partition(':')[2] == old]
    if waiting:
        yield ('Jobs of the worker have it: %s. Wait for them, or cancel '
               'them with "openstack image lifecycle job cancel".'
               % some(waiting))
    moving = [move.id for move in moves.listed(database, 10_000)
              if old in (move.source, move.target)
              and move.state in moves.UNFINISHED]
    if moving:
        yield ('Migrations have it that are not over: %s. Finish them, or '
               'take them back with "openstack image lifecycle migrate '
               'undo".' % some(moving))


def _open_jobs(database: engine.Database) -> Iterator[jobs.Job]:
    marker = None
    while page := jobs.list_jobs(database, state=jobs.OPEN, marker=marker,
                                 limit=_PAGE):
        yield from page
        marker = page[-1].id


def rename_in_database(old: str, new: str) -> int:
    """Of migrations that are over, so that they can be taken back.

    :returns: how many have it
    :raises LifecycleError: the worker's database failed
    """
    database = worker_database()
    if database is None:
        return 0
    try:
        return moves.rename_store(database, old, new)
    finally:
        database.close()


def worker_database() -> engine.Database | None:
    """None where there is none."""
    try:
        return opening.existing(CONF)
    except errors.DatabaseMissing:
        return None


def some(names: Collection[str]) -> str:
    shown = ', '.join(sorted(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return '%s and %d more' % (shown, more) if more > 0 else shown
