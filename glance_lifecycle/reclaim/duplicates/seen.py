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

"""What a plan notes of an image, and whether it still is so."""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import re
from typing import Any

from glance_lifecycle.audit import image_api

_ID = re.compile(r'[0-9A-Fa-f-]{32,36}')


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """One image, as the Image API showed it; it was active.

    :ivar project: id of the one that owns it; may be empty
    :ivar created: ISO 8601, as the API has it
    :ivar size: bytes
    :ivar algorithm: of its hash; empty where it has none
    :ivar digest: the same
    :ivar stores: in their order
    """

    id: str
    name: str
    project: str
    visibility: str
    hidden: bool
    created: str
    size: int
    algorithm: str
    digest: str
    stores: tuple[str, ...]


def of(image: Mapping[str, Any]) -> Seen:
    """:param image: of the Image API"""
    return Seen(
        str(image['id']), str(image.get('name') or ''),
        str(image.get('owner') or ''), str(image.get('visibility') or ''),
        bool(image.get('os_hidden')), str(image.get('created_at') or ''),
        int(image.get('size') or 0), str(image.get('os_hash_algo') or ''),
        str(image.get('os_hash_value') or ''),
        tuple(sorted(image_api.listed(image.get('stores')))))


def is_id(text: str) -> bool:
    """Whether it may be the id of an image, and go into a URL."""
    return bool(_ID.fullmatch(text))


def changed(was: Seen, image: Mapping[str, Any],
            dropped: Collection[str] = ()) -> str:
    """What of it is not as it was, as a sentence; empty for nothing.

    Whether it is hidden is not compared.

    :param dropped: stores from which its copies may be gone
    """
    now = of(image)
    found = [words for name, words in _COMPARED.items()
             if getattr(was, name) != getattr(now, name)]
    if not (set(was.stores) - set(dropped) <= set(now.stores)
            <= set(was.stores)):
        found.append('stores')
    status = image.get('status')
    if status != 'active':
        found.insert(0, 'status')
    return 'It has changed since the plan was made: its %s.' % (
        ', '.join(found)) if found else ''


# In the words of the Image API.
_COMPARED = {
    'id': 'id', 'project': 'owner', 'visibility': 'visibility',
    'created': 'created_at', 'size': 'size', 'algorithm': 'os_hash_algo',
    'digest': 'os_hash_value'}
