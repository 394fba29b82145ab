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

"""Maintenance windows: when work may begin, and when it will be done.

Daily, in UTC, such as ``22:00-06:00``. None at all is: always.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
import re

_DAY = datetime.timedelta(days=1)
_FORM = re.compile(r'([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)')

#: Of one migration.
MOST = 24


@dataclasses.dataclass(frozen=True, order=True)
class Window:
    """Of each day.

    :ivar begin: since midnight; in UTC
    :ivar length: more than nothing, a day at most
    """

    begin: datetime.timedelta
    length: datetime.timedelta

    @classmethod
    def parse(cls, text: str) -> 'Window':
        """:raises ValueError: it is none"""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError('no window such as 22:00-06:00')
        numbers = [int(each) for each in found.groups()]
        begin, end = (datetime.timedelta(hours=hour, minutes=minute)
                      for hour, minute in (numbers[:2], numbers[2:]))
        # The same time twice is the whole day.
        return cls(begin, end - begin if end > begin
                   else end - begin + _DAY)


def parse(texts: Iterable[str]) -> tuple[Window, ...]:
    """:raises ValueError: one of them is none, or there are too many"""
    found = tuple(sorted(map(Window.parse, texts)))
    if len(found) > MOST:
        raise ValueError('more than %d windows' % MOST)
    return found


def closes(windows: Sequence[Window], now: datetime.datetime
           ) -> datetime.datetime | None:
    """When the window that is open now closes; None where none is.

    ``now`` a year later, where there are no windows.
    """
    if not windows:
        return now + 365 * _DAY
    return max((end for begin, end in _around(windows, now)
                if begin <= now < end), default=None)


def opens(windows: Sequence[Window], now: datetime.datetime
          ) -> datetime.datetime:
    """When work may begin, the next time: now, if it may."""
    if closes(windows, now) is not None:
        return now
    return min(begin for begin, _end in _around(windows, now)
               if begin > now)


def longest(windows: Sequence[Window]) -> float:
    """Seconds that work may go on; infinite without windows."""
    return max((one.length.total_seconds() for one in windows),
               default=float('inf'))


def done(windows: Sequence[Window], begin: datetime.datetime,
         seconds: float) -> datetime.datetime:
    """When so many seconds of work are done that may begin then."""
    now = opens(windows, begin)
    left = datetime.timedelta(seconds=seconds)
    while (end := closes(windows, now)) is not None and windows and (
            now + left > end):
        left -= end - now
        now = opens(windows, end)
    return now + left


def _around(windows: Sequence[Window], now: datetime.datetime
            ) -> list[tuple[datetime.datetime, datetime.datetime]]:
    """Those of yesterday, today and tomorrow."""
    midnight = now.astimezone(datetime.UTC).replace(
        hour=0, minute=0, second=0, microsecond=0)
    return [(midnight + day * _DAY + one.begin,
             midnight + day * _DAY + one.begin + one.length)
            for day in (-1, 0, 1) for one in windows]
