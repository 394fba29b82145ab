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

"""Which stores a job touches.

Run again after it was killed, it must do the rest: MariaDB commits each
statement.

Revision ID: c3a5f09e21d7
Revises: 8d2f6b41c7e9
"""

import json

from alembic import op
import sqlalchemy as sa

revision = 'c3a5f09e21d7'
down_revision = '8d2f6b41c7e9'

_TABLE, _COLUMN = 'lifecycle_jobs', 'stores'
_PAGE = 500

_JOBS = sa.table(_TABLE, *map(sa.column, ('id', 'state', 'action', _COLUMN)))


def upgrade() -> None:
    """Of jobs that are over nobody asks."""
    bind = op.get_bind()
    if _COLUMN not in {each['name']
                       for each in sa.inspect(bind).get_columns(_TABLE)}:
        op.add_column(_TABLE, sa.Column(_COLUMN, sa.Text(), nullable=True))
    last = ''
    while rows := bind.execute(
            sa.select(_JOBS.c.id, _JOBS.c.action).where(
                _JOBS.c.state.in_(('queued', 'running', 'held')),
                _JOBS.c.id > last).order_by(_JOBS.c.id).limit(_PAGE)).all():
        for job_id, action in rows:
            bind.execute(sa.update(_JOBS).where(_JOBS.c.id == job_id).values(
                stores=json.dumps(_stores(json.loads(action)))))
        last = rows[-1].id


def _stores(action: object) -> list[str]:
    arguments = action.get('arguments') if isinstance(action, dict) else None
    stores = arguments.get('stores') if isinstance(arguments, dict) else None
    return [store for store in stores if isinstance(store, str)
            ] if isinstance(stores, list) else []
