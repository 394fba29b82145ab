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

"""``glance-lifecycle-manage db``: the worker's database, for operators."""

import argparse
import datetime
import sys
from typing import Any

from oslo_config import cfg

from glance_lifecycle.cmd import asking
from glance_lifecycle.osc.common import amounts
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import opening
from glance_lifecycle.worker.database import purging

CONF = cfg.CONF


def add_parser(commands: Any) -> None:
    """:param commands: what argparse's ``add_subparsers()`` gave"""
    database = commands.add_parser(
        'db', help="Look after the worker's database.",
        description="Look after the worker's database, which [lifecycle_worker"
        "] connection names. Glance's own is not touched.")
    actions = database.add_subparsers(required=True, metavar='ACTION')
    sync = actions.add_parser(
        'sync', help='Make its tables those of this release.',
        description='Make its tables those of this release. A step of each '
        'upgrade; safe to run again.')
    sync.set_defaults(function=_sync)
    version = actions.add_parser(
        'version', help='Print the revision of its tables.')
    version.set_defaults(function=_version)
    purge = actions.add_parser(
        'purge', help='DESTRUCTIVE: remove old history, jobs and migrations.',
        description='DESTRUCTIVE: remove the history of images, and jobs and '
        'migrations that are over, that are older than a number of days. What '
        'is open stays.')
    purge.add_argument(
        '--days', type=amounts.number_from(1, 36500), metavar='N',
        help='Keep so many days. Default: [lifecycle_worker] history_days.')
    purge.add_argument('--dry-run', action='store_true',
                       help='Only say what would be removed.')
    purge.add_argument('-y', '--yes', action='store_true',
                       help='Do not ask.')
    purge.set_defaults(function=_purge)


def _sync(_args: argparse.Namespace) -> int:
    database = opening.configured(CONF)
    migration.sync(database)
    print('The database is of revision %s.' % migration.version(database))
    return 0


def _version(_args: argparse.Namespace) -> int:
    """Of a file of SQLite that is not there, too: it is not made."""
    try:
        found = migration.version(opening.configured(CONF, make=False))
    except errors.DatabaseMissing:
        found = None
    print(found or 'none: run "glance-lifecycle-manage db sync"')
    return 0


def _purge(args: argparse.Namespace) -> int:
    database = opening.existing(CONF, CONF.lifecycle.database_patience)
    days = args.days or CONF.lifecycle_worker.history_days
    before = (datetime.datetime.now(datetime.UTC)
              - datetime.timedelta(days=days))
    old = purging.count(database, before)
    what = _said(old)
    if args.dry_run:
        print('Would be removed, from before %s: %s.' % (
            before.isoformat(' ', 'seconds'), what))
        return 0
    if old == purging.Purged(0, 0, 0):
        print('Nothing to remove.')
        return 0
    if not args.yes:
        print('DESTRUCTIVE: removes for ever, from before %s: %s.' % (
            before.isoformat(' ', 'seconds'), what), file=sys.stderr)
        if not asking.agreed():
            print('Nothing is changed.')
            return 1
    print('Removed: %s.' % _said(purging.purge(database, before)))
    return 0


def _said(number: purging.Purged) -> str:
    return ('lines of history: %d, jobs that are over: %d, migrations that '
            'are over: %d' % (number.history, number.jobs,
                              number.migrations))
