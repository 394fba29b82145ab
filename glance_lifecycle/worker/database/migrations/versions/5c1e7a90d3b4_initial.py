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

"""Jobs, history and marks.

A released revision is never changed. Run again after it was killed, it must
do the rest: MariaDB commits each statement.

Revision ID: 5c1e7a90d3b4
Revises:
"""

from typing import Any

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '5c1e7a90d3b4'
down_revision = None

_MYSQL = ('mysql', 'mariadb')
_TABLE: dict[str, Any] = {
    'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin', 'if_not_exists': True}


def _moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), *_MYSQL)


def _long() -> sa.types.TypeEngine[Any]:
    return sa.Text().with_variant(mysql.MEDIUMTEXT(), *_MYSQL)


def upgrade() -> None:
    op.create_table(
        'lifecycle_jobs',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('image_id', sa.String(36), nullable=False),
        sa.Column('image_name', sa.String(255), nullable=False),
        sa.Column('project', sa.String(255), nullable=False),
        sa.Column('purpose', sa.String(255), nullable=False),
        sa.Column('open_key', sa.String(300), nullable=True),
        sa.Column('action', _long(), nullable=False),
        sa.Column('rule', sa.String(255), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('policy_digest', sa.String(128), nullable=False),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('not_before', _moment(), nullable=False),
        sa.Column('created_at', _moment(), nullable=False),
        sa.Column('updated_at', _moment(), nullable=False),
        sa.Column('worker', sa.String(36), nullable=True),
        sa.Column('claim', sa.String(36), nullable=True),
        sa.Column('fence', sa.BigInteger(), nullable=False),
        sa.Column('cancel_requested', sa.Boolean(), nullable=False),
        sa.Column('error', sa.Text(), nullable=False),
        sa.Column('bytes', sa.BigInteger(), nullable=True),
        sa.UniqueConstraint('open_key', name='uq_lifecycle_jobs_open_key'),
        **_TABLE)
    op.create_table(
        'lifecycle_history',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'),
                  primary_key=True, autoincrement=True),
        sa.Column('at', _moment(), nullable=False),
        sa.Column('image_id', sa.String(36), nullable=False),
        sa.Column('job_id', sa.String(36), nullable=True),
        sa.Column('actor', sa.String(255), nullable=False),
        sa.Column('event', sa.String(32), nullable=False),
        sa.Column('rule', sa.String(255), nullable=False),
        sa.Column('policy_digest', sa.String(128), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('proof', _long(), nullable=True),
        **_TABLE)
    op.create_table(
        'lifecycle_marks',
        sa.Column('name', sa.String(64), primary_key=True),
        sa.Column('value', sa.Text(), nullable=False),
        sa.Column('at', _moment(), nullable=False),
        **_TABLE)
    for table, what, columns in (
            ('jobs', 'due', ['state', 'not_before']),
            ('jobs', 'image', ['image_id', 'created_at']),
            ('jobs', 'created', ['created_at', 'id']),
            ('history', 'image', ['image_id', 'id']),
            ('history', 'job', ['job_id', 'id']),
            ('history', 'at', ['at'])):
        _index('lifecycle_' + table, f'ix_lifecycle_{table}_{what}', columns)


def _index(table: str, name: str, columns: list[str]) -> None:
    # MySQL has no "if not exists" for these.
    there = sa.inspect(op.get_bind()).get_indexes(table)
    if name not in {index['name'] for index in there}:
        op.create_index(name, table, columns)
