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

"""How far the looks at all images came: marks in the worker's database.

All workers of a cloud share them: a look that one of them has done, none
other does again.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import enum
import json
from typing import Any

from oslo_log import log as logging

from glance_lifecycle.policy import decision
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import observing

LOG = logging.getLogger(__name__)

# No image is older.
_EVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

# Of marks in the database.
_PREFIX = 'sweep/'


class What(enum.StrEnum):
    FULL = 'full'
    CHANGES = 'changes'

    @property
    def mark(self) -> str:
        return _PREFIX + self.value


@dataclasses.dataclass(frozen=True, slots=True)
class Sweep:
    """The last one of a kind.

    :ivar good: when the last began that went well; None for none
    :ivar policy: digest of the policy of that one
    :ivar images: that it met
    :ivar failed: whether the last one did
    :ivar noted: whether that wrote down who is of which family, which
        earlier releases did not
    """

    ended_at: datetime.datetime
    good: datetime.datetime | None
    policy: str
    images: int
    failed: bool
    noted: bool

    def good_by(self, policy: decision.Policy) -> datetime.datetime | None:
        """As ``good``; None if that was by another policy."""
        return self.good if self.policy == policy.digest else None


@dataclasses.dataclass(frozen=True, slots=True)
class Sweeps:
    """The last ones, by whichever worker.

    :ivar of: kind -> its last; there is none of what was never done
    """

    of: Mapping[What, Sweep] = dataclasses.field(default_factory=dict)

    @property
    def full(self) -> Sweep | None:
        return self.of.get(What.FULL)

    @property
    def ended_at(self) -> datetime.datetime | None:
        """When the last of all ended."""
        return max((one.ended_at for one in self.of.values()), default=None)

    @property
    def last_good(self) -> datetime.datetime | None:
        """When the last began that went well."""
        return max((one.good for one in self.of.values()
                    if one.good is not None and not one.failed), default=None)

    @property
    def has_seen_all(self) -> bool:
        """Whether the last look at all images went well and met some."""
        full = self.full
        return (full is not None and full.good is not None
                and not full.failed and full.images > 0)

    @property
    def well(self) -> bool:
        """Whether the last went well, of whichever kind."""
        return bool(self.of) and not max(
            self.of.values(), key=lambda one: one.ended_at).failed

    def since(self, overlap: float) -> datetime.datetime:
        """What has changed before that was seen.

        :param overlap: seconds before the last look that went well
        """
        now = datetime.datetime.now(datetime.UTC)
        # A time to come is that of a clock that was wrong.
        good = [one.good for one in self.of.values()
                if one.good is not None and one.good <= now]
        if not good:
            return _EVER
        return max(good) - datetime.timedelta(seconds=overlap)


def read(database: engine.Database) -> Sweeps:
    """By one query."""
    kinds = {what.mark: what for what in What}
    found = {kinds[mark.name]: _read(mark)
             for mark in marks.listed(database, _PREFIX)
             if mark.name in kinds}
    return Sweeps({what: one for what, one in found.items()
                   if one is not None})


def write(database: engine.Database, what: What, begun: datetime.datetime,
          policy: decision.Policy, seen: observing.Seen | None, error: str
          ) -> None:
    """What became of one that has ended now.

    :param seen: None: it failed
    """
    last = read(database).of.get(what)
    good: dict[str, Any] = {
        'good': begun.isoformat(), 'policy': policy.digest,
        'good_images': seen.images, 'noted': True
        } if seen is not None else {
        'good': last.good.isoformat() if last and last.good else '',
        # What it has opened and closed before it failed is that of its
        # own policy: whoever returns to the one before looks again.
        'policy': last.policy if last and last.policy == policy.digest
        else '',
        'good_images': last.images if last else 0,
        'noted': last.noted if last else False}
    marks.set(database, what.mark, json.dumps({
        'started_at': begun.isoformat(),
        'ended_at': datetime.datetime.now(datetime.UTC).isoformat(),
        **dataclasses.asdict(seen or observing.Seen()), **good,
        'error': fields.text(error)}))


def _read(mark: marks.Mark) -> Sweep | None:
    try:
        value = json.loads(mark.value)
        return Sweep(_time(value['ended_at']),
                     _time(value['good']) if value['good'] else None,
                     value['policy'], value['good_images'],
                     bool(value['error']), value.get('noted') is True)
    except (KeyError, TypeError, ValueError):
        # Of another release, or of a hand: all is looked at, and it is
        # written anew.
        LOG.warning('The mark %s in the database of the worker cannot be '
                    'read, and is overwritten.', mark.name)
        return None


def _time(text: str) -> datetime.datetime:
    """:raises ValueError: it is none, or has no time zone"""
    found = datetime.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found
