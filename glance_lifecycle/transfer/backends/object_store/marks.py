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

"""How the objects of one transfer are told from all others of their names.

Object stores give objects no identity of their own, and an entity tag is that
of the bytes: a foreign copy of the same image has the same. So each transfer
makes up a token, puts it on record before it stores anything, and stores it
with every object as metadata, which Glance never sees.
"""

from collections.abc import Sequence
import datetime
import email.utils
import math
import time
import uuid

from glance_lifecycle.transfer import sink

#: What the token is called in an object's metadata, and in a mark.
METADATA = 'lifecycle-transfer'
TOKEN = 'token'  # noqa: S105 - no password: it opens nothing


def new_token() -> str:
    """As nobody else has it, and nobody could guess it."""
    return uuid.uuid4().hex


def tokens(created: Sequence[sink.Mark]) -> frozenset[str]:
    """Those on record."""
    return frozenset(str(mark[TOKEN]) for mark in created if TOKEN in mark)


def absent(clock: float) -> sink.Mark:
    """A mark for what was not there.

    :param clock: the service's, as it answered so
    """
    return {'absent': True, sink.BEGUN: clock + sink.PRECISION}


def vouched_part(created: Sequence[sink.Mark], made: float) -> bool:
    """``sink.vouched`` for what was not visible, as uploads and segments.

    That nothing was visible says nothing of these, so what is older than
    the mark is not vouched for. See ``sink.BEGUN``.
    """
    return any(made >= (mark.get(sink.BEGUN, math.inf) if 'absent' in mark
                        else mark.get('since', math.inf))
               for mark in created)


def service_time(date: str | None) -> float:
    """The service's clock, of an answer's Date header.

    :returns: seconds since the epoch; by our clock where it told none
    """
    try:
        moment = email.utils.parsedate_to_datetime(date or '')
    except (TypeError, ValueError):
        return time.time()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.timestamp()
