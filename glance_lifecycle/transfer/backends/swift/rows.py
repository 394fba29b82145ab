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

"""What the rows of a container's listing say, and the headers of an object.

By its name, an object is an image, or a segment of one; either may be in
quarantine. By its headers it is a manifest.
"""

import dataclasses
import datetime
from typing import Any
from typing import NamedTuple
import urllib.parse

from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.swift import options as swift_options

# Of a manifest, as the library returns it.
_DYNAMIC = 'x-object-manifest'

#: The same, of one that tells all its segments.
STATIC = 'x-static-large-object'

#: What a listing says only of such a one.
STATIC_LISTED = 'slo_etag'


@dataclasses.dataclass(slots=True)
class Segments:
    """What is served by way of one manifest."""

    image_id: str
    count: int = 0
    size: int = 0
    changed: float = 0.0

    def add(self, row: dict[str, Any]) -> None:
        self.count += 1
        self.size += listing.size(row['bytes'])
        self.changed = max(self.changed, time_of(row))


class Group(NamedTuple):
    """Whose rows are looked at.

    :ivar plan: by which they are in quarantine; empty for none
    """

    plan: str
    image_id: str

    @property
    def first(self) -> str:
        """The name of the image itself, or of its manifest."""
        return quarantined.name(*self) if self.plan else self.image_id


def group_of(name: str) -> Group | None:
    """Whose it is; None for nobody's."""
    away = quarantined.parsed(name, lambda one: _is_of(owner(one), one))
    if away is not None:
        return Group(away.plan, owner(away.name))
    image_id = owner(name)
    return Group('', image_id) if image_id else None


def _is_of(image_id: str, name: str) -> bool:
    """Whether it is the image, or one of its segments, by its name."""
    return bool(image_id) and (name == image_id or swift_options.is_segment(
        image_id, name))


def time_of(row: dict[str, Any]) -> float:
    """Of a listing, which is ISO 8601, and always UTC."""
    return datetime.datetime.fromisoformat(row['last_modified']).replace(
        tzinfo=datetime.UTC).timestamp()


def is_manifest(head: dict[str, str]) -> bool:
    return _DYNAMIC in head or STATIC in head


def is_foreign_manifest(head: dict[str, str], container: str, image_id: str
                        ) -> bool:
    """Whether it serves other objects than what is named as its segments."""
    return STATIC not in head and urllib.parse.unquote(
        head.get(_DYNAMIC) or '%s/%s-' % (container, image_id)
    ) != '%s/%s-' % (container, image_id)


def identity(made: float) -> str:
    """Of an object."""
    # As many digits as Swift's own timestamps have.
    return '%.5f' % made


def segments_identity(count: int, size: int, changed: float) -> str:
    """Of all segments of an image."""
    return '%d %d %s' % (count, size, identity(changed))


def owner(name: str) -> str:
    """The image that a name begins with the id of; empty for none."""
    return inventory.image_id(name[:36]) if name[36:37] in ('', '-') else ''
