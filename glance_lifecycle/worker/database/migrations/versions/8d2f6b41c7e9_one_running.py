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

"""One running job of an image.

Run again after it was killed, it must do the rest: MariaDB commits each
statement.

Revision ID: 8d2f6b41c7e9
Revises: 5c1e7a90d3b4
"""

from alembic import op
import sqlalchemy as sa

revision = '8d2f6b41c7e9'
down_revision = '5c1e7a90d3b4'

_TABLE, _COLUMN = 'lifecycle_jobs', 'running'
_INDEX = 'uq_lifecycle_jobs_running'


def upgrade() -> None:
    """What runs meanwhile keeps NULL: it may be two of an image."""
    there = sa.inspect(op.get_bind())
    if _COLUMN not in {each['name'] for each in there.get_columns(_TABLE)}:
        op.add_column(_TABLE, sa.Column(_COLUMN, sa.String(36),
                                        nullable=True))
    if _INDEX not in {each['name'] for each in there.get_indexes(_TABLE)}:
        op.create_index(_INDEX, _TABLE, [_COLUMN], unique=True)
