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

"""Boots as they go by: made of what a week has, or given in a file."""

from collections.abc import Iterator
from collections.abc import Mapping
import csv
import dataclasses
import datetime
import math
import random
from typing import NamedTuple

from glance_lifecycle import exceptions
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.policy import match

WEEK = 7 * 24 * 3600.0
#: Of them, the first is not counted: caches fill.
WEEKS = 4.0
WARM_UP = 0.25
#: Boots that are made, at most; of more, a part of the hosts stands for all.
MOST = 60_000

#: Bytes of a file that are read, at most, and lines of it.
LARGEST = 64 * 1024 ** 2
_MOST_LINES = 500_000
_COLUMNS = ['time', 'consumer', 'host', 'image']


class TraceError(exceptions.LifecycleError):
    """A file of boots that is not used."""

    message = 'The boots cannot be read: {detail}'


class Boot(NamedTuple):
    """A disk is made of an image.

    :ivar time: seconds from the beginning
    :ivar consumer: name of the compute group, or of the volume back end
    :ivar host: name, unique in the cloud
    """

    time: float
    consumer: str
    host: str
    image: str


@dataclasses.dataclass(frozen=True)
class Trace:
    """All of them, by time.

    :ivar seconds: how long it is
    :ivar share: part of all boots that it has
    :ivar given: whether they are of a file
    """

    boots: tuple[Boot, ...]
    seconds: float
    share: float = 1.0
    given: bool = False

    @property
    def counted_from(self) -> float:
        return self.seconds * WARM_UP

    @property
    def counted_weeks(self) -> float:
        """For what is counted, of the share."""
        return (self.seconds - self.counted_from) / WEEK


def generated(uses: Mapping[str, Mapping[str, float]],
              hosts: Mapping[str, int], seed: int, most: int = MOST) -> Trace:
    """Boots by chance, as many a week as ``uses`` has.

    Each at any time, on any host of its group, whatever else is booted: as
    when users do not know of each other. The same seed makes the same. If
    there are too many, hosts are left out, with all that they boot; if that
    is not enough, the time is shorter.

    :param uses: consumer -> image -> disks a week
    :param hosts: consumer -> how many it has
    """
    weekly = {name: sum(images.values()) for name, images in uses.items()}
    total = sum(weekly.values()) * WEEKS
    wanted = min(1.0, most / total) if total else 1.0
    kept = {name: max(1, math.ceil(hosts[name] * wanted)) for name in uses}
    left = sum(weekly[name] * kept[name] / hosts[name] for name in uses
               ) * WEEKS
    weeks = WEEKS * min(1.0, most / left) if left else WEEKS
    chance = random.Random(seed)
    boots: list[Boot] = []
    for name, images in uses.items():
        names = ['%s/%d' % (name, one) for one in range(kept[name])]
        part = weeks * kept[name] / hosts[name]
        for image, rate in images.items():
            boots.extend(
                Boot(chance.uniform(0, weeks * WEEK), name,
                     chance.choice(names), image)
                for _one in range(_number(chance, rate * part)))
    boots.sort()
    share = left / total if total else 1.0
    return Trace(tuple(boots), weeks * WEEK, share)


def _number(chance: random.Random, mean: float) -> int:
    """Of events that do not know of each other: Poisson, or near it."""
    if mean > 100:
        return max(0, round(chance.normalvariate(mean, math.sqrt(mean))))
    number, product, least = 0, chance.random(), math.exp(-mean)
    while product > least:
        number += 1
        product *= chance.random()
    return number


def read(data: bytes, cloud: clouds.Cloud) -> Trace:
    """A file of boots: CSV with the columns time, consumer, host, image.

    :raises TraceError: a line is wrong, or there is none
    """
    if len(data) > LARGEST:
        raise TraceError(detail='it has more than %d bytes.' % LARGEST)
    try:
        lines = csv.reader(data.decode().splitlines(), strict=True)
        if next(lines, None) != _COLUMNS:
            raise TraceError(detail='line 1 must be "%s".' % ','.join(
                _COLUMNS))
        boots = sorted(_boots(lines, cloud))
    except (UnicodeDecodeError, csv.Error) as error:
        raise TraceError(detail='it is no CSV in UTF-8: %s.' % error
                         ) from None
    if not boots:
        raise TraceError(detail='it has no boot.')
    begin = boots[0].time
    return Trace(tuple(one._replace(time=one.time - begin) for one in boots),
                 max(boots[-1].time - begin, 1.0), given=True)


def _boots(lines: Iterator[list[str]], cloud: clouds.Cloud
           ) -> Iterator[Boot]:
    consumers = {one.name for one in cloud.consumers}
    images = {one.name for one in cloud.images}
    for number, line in enumerate(lines, 2):
        if number > _MOST_LINES:
            raise TraceError(detail='it has more than %d lines.'
                             % _MOST_LINES)
        if len(line) != len(_COLUMNS):
            raise TraceError(detail='line %d has not %d columns.' % (
                number, len(_COLUMNS)))
        when, consumer, host, image = line
        for what, name, known in (('consumer', consumer, consumers),
                                  ('image', image, images)):
            if name not in known:
                raise TraceError(detail='line %d: the cloud has no %s %s.' % (
                    number, what, match.text(name)))
        yield Boot(_seconds(when, number), consumer,
                   '%s/%s' % (consumer, host), image)


def _seconds(text: str, number: int) -> float:
    """Seconds, or a time as ISO 8601 has it."""
    try:
        found = float(text)
        if math.isfinite(found):
            return found
    except ValueError:
        pass
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise TraceError(detail='line %d: %s is neither seconds nor such as '
                         '2026-11-28T10:00:00.' % (
                             number, match.text(text))) from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return when.timestamp()
