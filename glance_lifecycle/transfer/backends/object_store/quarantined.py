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

"""Where things in quarantine lie: in the same bucket, under another name.

No driver of Glance makes names with a slash, and no location leads there. A
name says which plan it was, and what it had been called; whatever else lies
beside them is of somebody else.
"""

from collections.abc import Callable
import datetime
from typing import Any
from typing import NamedTuple

from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine

#: All their names begin so.
PREFIX = 'lifecycle-quarantine/'

# Bytes a second that a service copies at the least.
_SLOWEST = 16 * 1024 * 1024

#: Bytes that S3 and Swift, as they are installed, copy in one request.
LARGEST = 5 * 1024 ** 3


class Away(NamedTuple):
    """What a name in quarantine says.

    :ivar name: the one that it had
    """

    plan: str
    name: str


def name(plan: str, original: str) -> str:
    return '%s%s/%s' % (PREFIX, plan, original)


def under(plan: str) -> str:
    """How all names begin that one plan has made; empty for all plans."""
    return '%s%s/' % (PREFIX, plan) if plan else PREFIX


def parsed(found: str, is_own: Callable[[str], object]) -> Away | None:
    """What the name of an object says; None where it is not one of ours.

    :param is_own: whether a driver of Glance makes such names
    """
    if not found.startswith(PREFIX):
        return None
    plan, slash, original = found[len(PREFIX):].partition('/')
    if slash and quarantine.is_plan(plan) and is_own(original):
        return Away(plan, original)
    return None


def entry(away: Away, place: str, where: str, image_id: str, size: int,
          since: float, identity: str) -> inventory.Entry:
    """As inventories list it.

    :param place: that it had, and still has
    :param where: the bucket or container, for people
    """
    return inventory.Entry(
        away.name, inventory.Kind.QUARANTINED, place, image_id, size, None,
        since, identity, False, where='%s/%s' % (where, name(*away)),
        note='It is in quarantine since %s, by the plan %s.' % (
            datetime.datetime.fromtimestamp(since, datetime.UTC).isoformat(
                timespec='seconds'), away.plan))


def patient(options: dict[str, Any]) -> dict[str, Any]:
    """Options of who asks for copies: nothing is heard before one is made.

    :param options: of the store
    """
    return {**options, 'timeout': options['timeout'] + LARGEST // _SLOWEST}


def kept(found: inventory.Entry) -> quarantine.Kept:
    """What ``entry`` made."""
    return quarantine.Kept(plan(found), found, found.changed or 0.0)


def plan(found: inventory.Entry) -> str:
    """Which put it there; of what ``entry`` made."""
    return found.where.split('/')[-2]


def where(found: inventory.Entry) -> str:
    """The name that it has now; of what ``entry`` made."""
    return name(plan(found), found.name)
