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


"""Copies that a job has dropped, and that have to be made again.

A job notes them in its action before the drop. From then on it has to go on,
whoever cancels it; and where it fails, the next one of its purpose takes over
what it has left.
"""

from collections.abc import Mapping
import json
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import models

_TABLE = models.JOBS

# Some are there. Within a string, JSON has a backslash before each quote, so
# that no name and no property reads like that.
_NOTED = '"repairing": ["'

# jobs.State, of a module that needs this one: those in which a job has ended
# without what it was for.
_LEFT = ('failed', 'cancelled')


def noted() -> sa.ColumnElement[bool]:
    """Whether a job has dropped a copy, or was about to."""
    return sa.func.replace(_TABLE.c.action, _NOTED, '') != _TABLE.c.action


def by(action: Mapping[str, Any]) -> tuple[str, ...]:
    """The stores of the copies that an action has dropped."""
    arguments = action.get('arguments')
    stores = arguments.get('repairing') if isinstance(
        arguments, Mapping) else None
    return tuple(store for store in stores if isinstance(store, str)
                 ) if isinstance(stores, (list, tuple)) else ()


def left(state: str, action: Mapping[str, Any]) -> tuple[str, ...]:
    """The same, of a job that has not made them again, and does not any more.
    """
    return by(action) if state in _LEFT else ()


def missing(state: str, action: Mapping[str, Any]) -> str:
    """What operators are told of that: a sentence, or nothing."""
    stores = ', '.join(by(action))
    if not stores or state == 'done':
        return ''
    if state in _LEFT:
        return ('The copy in store %s was dropped, and this job has not made '
                'it again: retry it, or the next one that reads the copies '
                'back does.' % stores)
    return ('The copy in store %s was dropped, and has to be made again.'
            % stores)


def all_left(database: engine.Database) -> dict[str, tuple[str, ...]]:
    """Image -> stores of what the last job of its purpose has left."""
    newer = sa.alias(_TABLE)
    query = sa.select(_TABLE.c.image_id, _TABLE.c.state, _TABLE.c.action
                      ).where(
        _TABLE.c.state.in_(_LEFT), noted(),
        ~sa.select(newer.c.id).where(
            newer.c.image_id == _TABLE.c.image_id,
            newer.c.purpose == _TABLE.c.purpose,
            newer.c.created_at > _TABLE.c.created_at).exists())
    return {row.image_id: left(row.state, json.loads(row.action))
            for row in database.read(
                lambda connection: connection.execute(query).all())}
