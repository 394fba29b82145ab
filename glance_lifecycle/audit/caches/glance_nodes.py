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

"""What each glance-api has cached, as only it can tell.

https://docs.openstack.org/api-ref/image/v2/#cache-manage, API 2.14.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import math
import re
from typing import Any

from openstack import exceptions as sdk_exceptions

from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions

#: The catalogue's endpoint, where no others are named.
USUAL = 'the image service'

_LIST = 'list its cache'
_ID = re.compile(r'\w[\w.-]{0,254}', re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Cached:
    """One image in one cache.

    :ivar size: bytes of its file
    :ivar last_accessed: seconds since 1970, as the node has them: with
        centralized_db off by its time zone
    """

    image_id: str
    size: int
    hits: int
    last_accessed: float
    last_modified: float


@dataclasses.dataclass(frozen=True)
class Node:
    """One glance-api.

    :ivar queued: ids of images that it is to fetch, the oldest first
    :ivar disabled: it has no cache
    :ivar unknown: why it could not be asked, as a sentence; or empty
    """

    name: str
    cached: tuple[Cached, ...] = ()
    queued: tuple[str, ...] = ()
    disabled: bool = False
    unknown: str = ''


def ask(client: Any, endpoints: Iterable[str] = ()) -> list[Node]:
    """Each node, once; one that does not answer stops no other.

    :param client: ``connection.image``
    :param endpoints: URL of each glance-api; none for the usual one
    """
    names = dict.fromkeys(one.rstrip('/').removesuffix('/v2')
                          for one in endpoints) or {USUAL: None}
    return [_asked(client, name) for name in names]


def images(client: Any, ids: Iterable[str]
           ) -> dict[str, Mapping[str, Any] | None]:
    """Id -> the image as the API shows it; None if there is none.

    :raises ServiceError: it cannot be asked
    """
    found: dict[str, Mapping[str, Any] | None] = {}
    for one in sorted(set(ids)):
        with image_api.asking('show image %s' % one):
            response = client.get('/images/' + one)
            if response.status_code == 404:
                found[one] = None
                continue
            sdk_exceptions.raise_from_response(response)
            found[one] = response.json()
    return found


def _asked(client: Any, name: str) -> Node:
    path = '/cache' if name == USUAL else '%s/v2/cache' % name
    try:
        with image_api.asking(_LIST):
            response = client.get(path)
            # What 31 answers without image_cache_dir, and what is older.
            if response.status_code in (404, 410):
                return Node(name, disabled=True)
            sdk_exceptions.raise_from_response(response)
        return _read(name, response)
    except exceptions.ServiceError as error:
        return Node(name, unknown=error.for_operator())


def _read(name: str, response: Any) -> Node:
    try:
        found = response.json()
        return Node(name, tuple(map(_cached, found['cached_images'])),
                    tuple(map(_id, found['queued_images'])))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise exceptions.ServiceError(
            what=_LIST, detail='its answer cannot be read (%s)'
            % type(error).__name__) from None


def _cached(one: Mapping[str, Any]) -> Cached:
    return Cached(_id(one['image_id']), int(one['size'] or 0),
                  int(one['hits'] or 0), _time(one['last_accessed']),
                  _time(one['last_modified']))


def _id(value: object) -> str:
    """It becomes part of a URL.

    :raises ValueError: it is no id; the xattr driver lists any file
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError('no id')
    return value


def _time(value: object) -> float:
    found = float(value or 0)  # type: ignore[arg-type]
    if not math.isfinite(found):
        raise ValueError('no time')
    return found
