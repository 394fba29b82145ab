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

"""The database that the configuration names, ready to be used."""

import os

from oslo_config import cfg
import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import migration


# Seconds that somebody at a terminal waits while the database fails.
_PATIENCE = 5


def configured(conf: cfg.ConfigOpts, patience: float | None = None, *,
               make: bool = True) -> engine.Database:
    """The handle, whatever is in the database.

    :param patience: see ``engine.Database``, ``make`` too; by default
        ``[lifecycle] database_patience``
    :raises ConfigurationError: its URL is none
    """
    url = conf.lifecycle_worker.connection or sa.URL.create(
        'sqlite', database=os.path.join(
            conf.lifecycle.state_dir, 'worker.db'))
    return engine.Database(
        url, conf.lifecycle.database_patience if patience is None
        else patience, make=make)


def open_database(conf: cfg.ConfigOpts) -> engine.Database:
    """The same with the tables of this release.

    A new file of SQLite gets them here. Another database is an operator's to
    sync, at a time of their choice.

    :raises ConfigurationError: the URL is none, the file cannot be made
    :raises DatabaseOutdated: "db sync" has not been run
    :raises WorkerDatabaseError: it failed
    """
    database = configured(conf)
    found = migration.version(database)
    if database.is_sqlite and found is None:
        migration.sync(database)
        found = migration.version(database)
    _check(found)
    return database


def existing(conf: cfg.ConfigOpts,
             patience: float | None = None) -> engine.Database:
    """The same for those who only ask: nothing is made.

    :param patience: by default that of somebody at a terminal
    :raises ConfigurationError: the URL is none
    :raises DatabaseMissing: it is a file that is not there
    :raises DatabaseForbidden: it is a file that is not for this user
    :raises DatabaseOutdated: "db sync" has not been run
    :raises WorkerDatabaseError: it failed
    """
    database = configured(
        conf, min(_PATIENCE, conf.lifecycle.database_patience)
        if patience is None else patience, make=False)
    try:
        found = migration.version(database)
        _check(found)
    except BaseException:
        database.close()
        raise
    return database


def _check(found: str | None) -> None:
    """:raises DatabaseOutdated: the revision is not that of this release"""
    if found != migration.head():
        raise errors.DatabaseOutdated(
            detail='%s, and this release needs revision %s. Run '
            '"glance-lifecycle-manage db sync" of the newest release that '
            'uses it.' % ('it is of revision ' + found if found else
                          'it is empty', migration.head()))
