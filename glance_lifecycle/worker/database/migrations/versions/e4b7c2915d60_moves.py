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

"""Images that move from store to store.

Run again after it was killed, it must do the rest: MariaDB commits each
statement.

Revision ID: e4b7c2915d60
Revises: c3e81f5a06d7
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from glance_lifecycle.worker.database import models

revision = 'e4b7c2915d60'
down_revision = 'c3e81f5a06d7'

_MIGRATIONS = 'lifecycle_migrations'
_WAVES = 'lifecycle_migration_waves'
_IMAGES = 'lifecycle_migration_images'

_LONG = sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')

_INDEXES = (
    ('ix_lifecycle_migrations_state', _MIGRATIONS, ['state']),
    ('ix_lifecycle_migration_images_state', _IMAGES,
     ['migration_id', 'state']),
    ('ix_lifecycle_migration_images_wave', _IMAGES,
     ['migration_id', 'wave', 'turn']))


def upgrade() -> None:
    _create(
        _MIGRATIONS,
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('source', sa.String(255), nullable=False),
        sa.Column('target', sa.String(255), nullable=False),
        sa.Column('settings', _LONG, nullable=False),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('wave', sa.Integer(), nullable=False),
        sa.Column('phase', sa.String(16), nullable=False),
        sa.Column('phase_at', models.Moment(), nullable=False),
        sa.Column('error', sa.Text(), nullable=False),
        sa.Column('actor', sa.String(255), nullable=False),
        sa.Column('undoes', sa.String(36), nullable=True),
        sa.Column('created_at', models.Moment(), nullable=False),
        sa.Column('updated_at', models.Moment(), nullable=False))
    _create(
        _WAVES,
        sa.Column('migration_id', sa.String(36), primary_key=True),
        sa.Column('number', sa.Integer(), primary_key=True,
                  autoincrement=False),
        sa.Column('canary', sa.Boolean(), nullable=False),
        sa.Column('forecast', sa.Float(), nullable=False),
        sa.Column('actual', sa.Float(), nullable=True),
        sa.Column('begun_at', models.Moment(), nullable=True),
        sa.Column('ended_at', models.Moment(), nullable=True))
    _create(
        _IMAGES,
        sa.Column('migration_id', sa.String(36), primary_key=True),
        sa.Column('image_id', sa.String(36), primary_key=True),
        sa.Column('image_name', sa.String(255), nullable=False),
        sa.Column('project', sa.String(255), nullable=False),
        sa.Column('wave', sa.Integer(), nullable=False),
        sa.Column('turn', sa.Integer(), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('drops', sa.Boolean(), nullable=False),
        sa.Column('made', sa.Boolean(), nullable=True),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('job_id', sa.String(36), nullable=True),
        sa.Column('copied_at', models.Moment(), nullable=True),
        sa.Column('seconds', sa.Float(), nullable=True),
        sa.Column('detail', sa.Text(), nullable=False))
    for name, table, columns in _INDEXES:
        if name not in {each['name'] for each in sa.inspect(
                op.get_bind()).get_indexes(table)}:
            op.create_index(name, table, columns)


def _create(name: str, *columns: sa.Column[object]) -> None:
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *columns, mysql_engine='InnoDB',
                        mysql_charset='utf8mb4',
                        mysql_collate='utf8mb4_bin')
