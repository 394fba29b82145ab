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


"""Images of a cloud against the policy, one at a time."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit import image_api
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import drift
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import generations

#: What the Image API calls an image: GET /v2/images/{id}.
Resource = Mapping[str, Any]

# What tells an image's family as it sees that.
See = Callable[[Resource, decision.Facts, decision.Decision],
               generations.View | None]

#: Attributes of images; whatever else the API shows is a property.
#: https://docs.openstack.org/api-ref/image/v2/#show-image
ATTRIBUTES = frozenset((
    'id', 'name', 'status', 'visibility', 'protected', 'owner', 'tags',
    'disk_format', 'container_format', 'size', 'virtual_size', 'min_disk',
    'min_ram', 'checksum', 'os_hash_algo', 'os_hash_value', 'os_hidden',
    'created_at', 'updated_at', 'self', 'file', 'schema', 'direct_url',
    'locations', 'stores'))

#: There are bytes, which can be as wanted or not.
SETTLED = ('active', 'deactivated')

# GET /v2/images caps it at [DEFAULT] api_limit_max, 1000 unless changed.
PAGE = 500

# Of images deleted while they are listed, how many may end one page.
_DELETED = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Drifted:
    """One difference of one image."""

    image_id: str
    name: str
    drift: drift.Drift


def _not_looked_at(_image: Resource, _known: decision.Facts,
                   _wanted: decision.Decision) -> None:
    """What is said of families is left out."""


def facts(image: Resource, now: datetime.datetime,
          store_kinds: Mapping[str, str] | None = None) -> decision.Facts:
    """What the Image API tells of an image.

    :param now: with a time zone
    :param store_kinds: store -> glance_store driver; None if not known
    """
    stores = image.get('stores')
    return policy_facts.of_image(
        disk_format=image.get('disk_format'),
        container_format=image.get('container_format'),
        size=image.get('size'), virtual_size=image.get('virtual_size'),
        name=image.get('name'), owner=image.get('owner'),
        visibility=image.get('visibility'), tags=image.get('tags'),
        properties={name: value for name, value in image.items()
                    if name not in ATTRIBUTES},
        created=_time(image.get('created_at')), now=now,
        stores=stores.split(',') if stores else (),
        store_kinds=store_kinds, protected=image.get('protected'),
        hidden=image.get('os_hidden'))


def member(image: Resource, known: decision.Facts,
           wanted: decision.Decision) -> generations.Member | None:
    """The image among those of its family."""
    return generations.member(
        image['id'], image.get('status'), _time(image.get('created_at')),
        known, wanted)


def drifted(images: Iterable[Resource], policy: decision.Policy,
            store_kinds: Mapping[str, str] | None = None, *,
            now: datetime.datetime | None = None,
            view: See = _not_looked_at) -> Iterator[Drifted]:
    """Where these images differ from what the policy wants of them.

    :param view: see ``audit.families``
    """
    now = now or datetime.datetime.now(datetime.UTC)
    for image in images:
        if image.get('status') in SETTLED:
            known = facts(image, now, store_kinds)
            wanted = policy.decide(known)
            for item in drift.compare(known, wanted,
                                      view(image, known, wanted)):
                yield Drifted(image['id'], image.get('name') or '', item)


def catalogue(get: image_api.Get, *, page_size: int = PAGE,
              **query: str) -> Iterator[Resource]:
    """All images, hidden ones too; no more than a page is held.

    :param query: of GET /v2/images, such as ``visibility``
    """
    # Hidden images are listed only when asked for.
    for hidden in ('false', 'true'):
        yield from _pages(get, {'limit': page_size, 'os_hidden': hidden,
                                **query})


def _pages(get: image_api.Get, query: dict[str, Any]) -> Iterator[Resource]:
    answer = get('/images', query)
    while answer is not None:
        page = answer['images']
        yield from page
        if not page or 'next' not in answer:
            return
        ids = [image['id'] for image in page]
        answer, seen = _next(get, query, ids)
        if answer is not None and seen:
            answer = {**answer, 'images': [
                image for image in answer['images']
                if image['id'] not in seen]}


def _next(get: image_api.Get, query: dict[str, Any], ids: list[str]
          ) -> tuple[Mapping[str, Any] | None, set[str]]:
    """The page after that one, and what was in both.

    Who deletes the last image of a page in the meantime takes the marker
    away; the one before it does as well.
    """
    for back in range(1, min(len(ids), _DELETED) + 1):
        answer = get('/images', {**query, 'marker': ids[-back]})
        if answer is not None:
            return answer, set(ids[len(ids) - back + 1:])
    return None, set()


def _time(text: str | None) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text or '')
    except ValueError:
        return None
