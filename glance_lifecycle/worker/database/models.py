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

"""The tables. ``migrations/`` makes them; a test compares the two."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

#: No other than these and alembic's is touched, whoever shares the database.
PREFIX = 'lifecycle_'
VERSION_TABLE = 'lifecycle_alembic_version'

#: The newest of ``migrations/versions``, to which the tables belong.
REVISION = 'e4b7c2915d60'

_MYSQL = ('mysql', 'mariadb')

METADATA = sa.MetaData()


class Moment(sa.TypeDecorator[datetime.datetime]):
    """UTC, to the microsecond, and in Python always with its time zone.

    MariaDB's own DATETIME knows whole seconds only, which it rounds.
    """

    impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None,
                           dialect: sa.Dialect) -> datetime.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError('a time without a time zone')
        return value.astimezone(datetime.UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime.datetime | None,
                             dialect: sa.Dialect
                             ) -> datetime.datetime | None:
        return None if value is None else value.replace(tzinfo=datetime.UTC)


# MariaDB's TEXT ends at 64 KiB.
_LONG = sa.Text().with_variant(mysql.MEDIUMTEXT(), *_MYSQL)

# SQLite counts only what is called INTEGER.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

# Names of images hold whatever Unicode has. Purposes and keys are compared
# byte by byte in the other databases.
_TABLE: dict[str, Any] = {
    'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin'}

JOBS = sa.Table(
    'lifecycle_jobs', METADATA,
    sa.Column('id', sa.String(36), primary_key=True),
    sa.Column('image_id', sa.String(36), nullable=False),
    sa.Column('image_name', sa.String(255), nullable=False),
    sa.Column('project', sa.String(255), nullable=False),
    sa.Column('purpose', sa.String(255), nullable=False),
    # "image_id/purpose" while it is open, so that there is one such job.
    sa.Column('open_key', sa.String(300), nullable=True),
    sa.Column('action', _LONG, nullable=False),
    sa.Column('rule', sa.String(255), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('policy_digest', sa.String(128), nullable=False),
    sa.Column('state', sa.String(16), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('not_before', Moment(), nullable=False),
    sa.Column('created_at', Moment(), nullable=False),
    sa.Column('updated_at', Moment(), nullable=False),
    sa.Column('worker', sa.String(36), nullable=True),
    # Of one call of claim(): it knows its own where the answer was lost.
    sa.Column('claim', sa.String(36), nullable=True),
    sa.Column('fence', sa.BigInteger(), nullable=False),
    sa.Column('cancel_requested', sa.Boolean(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=True),
    # The image while it runs, so that there is one such job of an image.
    sa.Column('running', sa.String(36), nullable=True),
    # Names of those that it touches, as JSON; NULL of an older release.
    sa.Column('stores', sa.Text(), nullable=True),
    sa.UniqueConstraint('open_key', name='uq_lifecycle_jobs_open_key'),
    sa.Index('uq_lifecycle_jobs_running', 'running', unique=True),
    sa.Index('ix_lifecycle_jobs_due', 'state', 'not_before'),
    sa.Index('ix_lifecycle_jobs_image', 'image_id', 'created_at'),
    sa.Index('ix_lifecycle_jobs_created', 'created_at', 'id'),
    **_TABLE)

HISTORY = sa.Table(
    'lifecycle_history', METADATA,
    sa.Column('id', _SERIAL, primary_key=True, autoincrement=True),
    sa.Column('at', Moment(), nullable=False),
    sa.Column('image_id', sa.String(36), nullable=False),
    sa.Column('job_id', sa.String(36), nullable=True),
    sa.Column('actor', sa.String(255), nullable=False),
    sa.Column('event', sa.String(32), nullable=False),
    sa.Column('rule', sa.String(255), nullable=False),
    sa.Column('policy_digest', sa.String(128), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('proof', _LONG, nullable=True),
    sa.Index('ix_lifecycle_history_image', 'image_id', 'id'),
    sa.Index('ix_lifecycle_history_job', 'job_id', 'id'),
    sa.Index('ix_lifecycle_history_at', 'at'),
    **_TABLE)

MARKS = sa.Table(
    'lifecycle_marks', METADATA,
    sa.Column('name', sa.String(64), primary_key=True),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('at', Moment(), nullable=False),
    **_TABLE)

# What a look at all images met: see members.py.
MEMBERS = sa.Table(
    'lifecycle_members', METADATA,
    sa.Column('image_id', sa.String(36), primary_key=True),
    # SHA-256 of what makes the family.
    sa.Column('family', sa.String(64), nullable=False),
    sa.Column('created', Moment(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('usable', sa.Boolean(), nullable=False),
    sa.Column('seen_at', Moment(), nullable=False),
    sa.Index('ix_lifecycle_members_family', 'family'),
    sa.Index('ix_lifecycle_members_seen', 'seen_at'),
    **_TABLE)

# Images that move from store to store: see moves.py.
MIGRATIONS = sa.Table(
    'lifecycle_migrations', METADATA,
    sa.Column('id', sa.String(36), primary_key=True),
    sa.Column('source', sa.String(255), nullable=False),
    sa.Column('target', sa.String(255), nullable=False),
    # What the plan says of how, as JSON.
    sa.Column('settings', _LONG, nullable=False),
    sa.Column('state', sa.String(16), nullable=False),
    # The wave that moves now, from 1, and what is done to it since when.
    sa.Column('wave', sa.Integer(), nullable=False),
    sa.Column('phase', sa.String(16), nullable=False),
    sa.Column('phase_at', Moment(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('actor', sa.String(255), nullable=False),
    # The migration that this one takes back.
    sa.Column('undoes', sa.String(36), nullable=True),
    sa.Column('created_at', Moment(), nullable=False),
    sa.Column('updated_at', Moment(), nullable=False),
    sa.Index('ix_lifecycle_migrations_state', 'state'),
    **_TABLE)

MIGRATION_WAVES = sa.Table(
    'lifecycle_migration_waves', METADATA,
    sa.Column('migration_id', sa.String(36), primary_key=True),
    sa.Column('number', sa.Integer(), primary_key=True,
              autoincrement=False),
    sa.Column('canary', sa.Boolean(), nullable=False),
    # Seconds that its copies take.
    sa.Column('forecast', sa.Float(), nullable=False),
    sa.Column('actual', sa.Float(), nullable=True),
    sa.Column('begun_at', Moment(), nullable=True),
    sa.Column('ended_at', Moment(), nullable=True),
    **_TABLE)

MIGRATION_IMAGES = sa.Table(
    'lifecycle_migration_images', METADATA,
    sa.Column('migration_id', sa.String(36), primary_key=True),
    sa.Column('image_id', sa.String(36), primary_key=True),
    sa.Column('image_name', sa.String(255), nullable=False),
    sa.Column('project', sa.String(255), nullable=False),
    sa.Column('wave', sa.Integer(), nullable=False),
    # Its place in the wave.
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    # Whether the copy in the source is to go.
    sa.Column('drops', sa.Boolean(), nullable=False),
    # Whether the copy in the target is the migration's own; NULL for not
    # begun.
    sa.Column('made', sa.Boolean(), nullable=True),
    sa.Column('state', sa.String(16), nullable=False),
    sa.Column('job_id', sa.String(36), nullable=True),
    sa.Column('copied_at', Moment(), nullable=True),
    # That its copy took.
    sa.Column('seconds', sa.Float(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Index('ix_lifecycle_migration_images_state', 'migration_id', 'state'),
    sa.Index('ix_lifecycle_migration_images_wave', 'migration_id', 'wave',
             'turn'),
    **_TABLE)


def include_object(item: object, name: str | None, kind: str,
                   _reflected: bool, _other: object) -> bool:
    """For alembic: what of a database is ours."""
    return kind != 'table' or (
        (name or '').startswith(PREFIX) and name != VERSION_TABLE)
