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

"""What the running services say of themselves, as plain data."""

from collections.abc import Mapping
import dataclasses
from typing import Any

#: Of the Image service in Keystone: glance/quota/keystone.py.
LIMITS = ('image_size_total', 'image_stage_total', 'image_count_total',
          'image_count_uploading')


@dataclasses.dataclass(frozen=True)
class Store:
    """As the Image API lists it.

    :ivar kind: driver of glance_store; empty where the user may not know
    """

    id: str
    default: bool = False
    read_only: bool = False
    kind: str = ''


@dataclasses.dataclass(frozen=True)
class Usage:
    """Of the user's project, in the unit of the limit; -1 for no limit."""

    limit: int
    usage: int


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """One of the Image service in Keystone's catalogue."""

    interface: str
    region: str
    url: str


@dataclasses.dataclass(frozen=True)
class Live:
    """All of it. What is None could not be asked, and ``unknown`` says so.

    :ivar endpoint: which glance-api answered
    :ivar methods: of import
    :ivar stores: empty where it has no names for them
    :ivar usage: limit -> usage; empty where limits are not Keystone's
    :ivar limits: names of those that are registered in Keystone
    :ivar endpoints: empty where there is no catalogue
    :ivar stuck: status -> images that are in it for an hour or longer
    :ivar not_raw: store in Ceph -> active images there that are not raw
    :ivar most: of which both count no more than so many, each
    :ivar unknown: sentences
    """

    endpoint: str = ''
    methods: tuple[str, ...] | None = None
    stores: tuple[Store, ...] | None = None
    usage: Mapping[str, Usage] | None = None
    limits: tuple[str, ...] | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    stuck: Mapping[str, int] | None = None
    not_raw: Mapping[str, int] | None = None
    most: int = 1000
    unknown: tuple[str, ...] = ()


def read(data: Mapping[str, Any]) -> Live:
    """Of JSON with the names above.

    :raises KeyError: a part lacks something
    :raises TypeError: a name is unknown
    """
    parts: dict[str, Any] = dict(data)
    for name, kind in (('stores', Store), ('endpoints', Endpoint)):
        if parts.get(name) is not None:
            parts[name] = tuple(kind(**one) for one in parts[name])
    if parts.get('usage') is not None:
        parts['usage'] = {name: Usage(**one)
                          for name, one in parts['usage'].items()}
    for name in ('methods', 'limits', 'unknown'):
        if parts.get(name) is not None:
            parts[name] = tuple(parts[name])
    return Live(**parts)
