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

"""Values as every database takes them."""

from collections.abc import Mapping
import datetime
import json
from typing import Any

#: Characters of a name, and of a sentence.
NAME = 255
SENTENCE = 2000


def moment(now: datetime.datetime | None) -> datetime.datetime:
    """A time, or the present one."""
    return now or datetime.datetime.now(datetime.UTC)


def text(value: str, limit: int = SENTENCE) -> str:
    """What users and errors say, cut where it is too long.

    PostgreSQL takes no NUL, and none takes half of a surrogate pair; a name
    of an image may have both.
    """
    sound = value.encode('utf-8', 'replace').decode().replace('\0', '\ufffd')
    return sound if len(sound) <= limit else sound[:limit - 3] + '...'


def key(value: str) -> str:
    """What identifies, and so is never cut.

    :raises ValueError: no database would keep it as it is
    """
    if not value or text(value, NAME) != value:
        raise ValueError(f'not a name to keep: {value!r}')
    return value


def dump(value: Mapping[str, Any]) -> str:
    """Plain data as JSON, in ASCII."""
    return json.dumps(value, sort_keys=True)
