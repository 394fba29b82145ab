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

"""Which images are of which family.

Run again after it was killed, it must do the rest: MariaDB commits each
statement.

Revision ID: c3e81f5a06d7
Revises: c3a5f09e21d7
"""

from alembic import op
import sqlalchemy as sa

from glance_lifecycle.worker.database import models

revision = 'c3e81f5a06d7'
down_revision = 'c3a5f09e21d7'

_TABLE = 'lifecycle_members'
_INDEXES = {'ix_lifecycle_members_family': ['family'],
            'ix_lifecycle_members_seen': ['seen_at']}


def upgrade() -> None:
    there = sa.inspect(op.get_bind())
    if not there.has_table(_TABLE):
        op.create_table(
            _TABLE,
            sa.Column('image_id', sa.String(36), primary_key=True),
            sa.Column('family', sa.String(64), nullable=False),
            sa.Column('created', models.Moment(), nullable=False),
            sa.Column('width', sa.Integer(), nullable=False),
            sa.Column('usable', sa.Boolean(), nullable=False),
            sa.Column('seen_at', models.Moment(), nullable=False),
            mysql_engine='InnoDB', mysql_charset='utf8mb4',
            mysql_collate='utf8mb4_bin')
    known = {each['name'] for each in sa.inspect(
        op.get_bind()).get_indexes(_TABLE)}
    for name, columns in _INDEXES.items():
        if name not in known:
            op.create_index(name, _TABLE, columns)
