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

"""For how long nothing has needed an image, as far as somebody has watched.

With each look at all images, Nova and Cinder are asked once for all that is in
use; what is, is written down. Nothing is known of the time before the first
such listing, nor of one in which there was none for long: unknown is not
unused.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import json
from typing import Any

from glance_lifecycle.dependents import base
from glance_lifecycle.policy import wants
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import uses

#: From an image of the Image API, and the time, to seconds; None: not known.
Unused = Callable[[Mapping[str, Any], datetime.datetime], int | None]

#: From when it was last listed, if it was, to ids of images in use since,
#: and of servers that are shelved.
InUse = Callable[[datetime.datetime | None], Iterable[str]]

_MARK = 'use'

# What is in the future is of a clock that was wrong.
_NOW = datetime.timedelta(minutes=5)


def unknown(_image: Mapping[str, Any], _now: datetime.datetime) -> None:
    """Nobody watches."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Watch:
    """What is known of the watch that is kept.

    :ivar since: when it began; None where nobody watches
    :ivar last: when all that is in use was last listed
    :ivar failed: whether that was tried since, in vain
    """

    since: datetime.datetime | None = None
    last: datetime.datetime | None = None
    failed: bool = False


class Usage:
    """What the workers have seen.

    :param gap: between two listings, at most: after a longer one the time
        counts anew, for what was used in it is not known
    """

    def __init__(self, database: engine.Database,
                 gap: datetime.timedelta) -> None:
        self._database = database
        self._gap = gap

    def watched(self, in_use: InUse) -> Unused:
        """Write down what is in use now, and was since the last time.

        Where that is not known, nothing is, until it is again.

        :returns: ``unused()`` from memory, for a look at all images
        :raises NotAsked: whatever ``in_use`` does
        :raises WorkerDatabaseError: the database fails
        """
        before = self._watch(datetime.datetime.now(datetime.UTC))
        try:
            ids = set(in_use(before.last))
        except base.NotAsked:
            self._failed()
            raise
        # After the listing: what begins to be used in it may not be there.
        now = datetime.datetime.now(datetime.UTC)
        # What is older than any policy asks for is forgotten, and then it
        # was not watched.
        oldest = now - datetime.timedelta(seconds=wants.LONGEST_UNUSED)
        since = max(before.since or now, oldest)
        uses.saw(self._database, ids, now)
        uses.forget(self._database, oldest)
        marks.set(self._database, _MARK, json.dumps({
            'since': since.isoformat(), 'last': now.isoformat()}))
        known = uses.listed(self._database)
        return lambda image, now: _seconds(
            image, now, since, max((known[one] for one in _names(image)
                                    if one in known), default=None))

    def unused(self, image: Mapping[str, Any], now: datetime.datetime
               ) -> int | None:
        """Seconds for which surely nothing has needed the image.

        None where nobody has watched lately, or the last one could not.

        :raises WorkerDatabaseError: the database fails
        """
        watch = self._watch(now)
        if watch.since is None or watch.last is None or watch.failed:
            return None
        # Of the time after that, nothing is known.
        return _seconds(image, min(now, watch.last), watch.since, uses.last(
            self._database, _names(image)))

    def saw(self, image_id: str) -> None:
        """Something needs it now."""
        uses.saw(self._database, [image_id], fields.moment(None))

    def _failed(self) -> None:
        mark = marks.get(self._database, _MARK)
        if mark is not None:
            marks.set(self._database, _MARK, json.dumps({
                **_said(mark.value), 'failed': True}))

    def _watch(self, now: datetime.datetime) -> _Watch:
        mark = marks.get(self._database, _MARK)
        found = _said(mark.value) if mark else {}
        try:
            since, last = (datetime.datetime.fromisoformat(found[name])
                           for name in ('since', 'last'))
            if -_NOW <= now - last <= self._gap:
                return _Watch(since, last, bool(found.get('failed')))
        except (KeyError, TypeError, ValueError):
            # None yet, or of another release, or of a hand.
            pass
        return _Watch()


def _said(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        # Of a hand.
        return {}
    return found if isinstance(found, dict) else {}


def _names(image: Mapping[str, Any]) -> list[str]:
    """Under which it is in use."""
    shelved = base.Image(
        image['id'], image.get('name') or '',
        properties={'instance_uuid': str(image.get('instance_uuid') or '')}
    ).shelved_server
    return [one.lower() for one in (image['id'], shelved) if one]


def _seconds(image: Mapping[str, Any], now: datetime.datetime,
             *times: datetime.datetime | None) -> int | None:
    try:
        created = datetime.datetime.fromisoformat(image['created_at'])
        begun = max(created, *(one for one in times if one is not None))
    except (KeyError, TypeError, ValueError):
        return None
    return max(0, int((now - begun).total_seconds()))
