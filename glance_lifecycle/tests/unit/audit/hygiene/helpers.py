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


"""Images, objects and a store of them, as plain data."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory

NOW = 1_800_000_000.0
DAY = 86400.0
LONG_AGO = NOW - 100 * DAY
TIMES = judging.Times(NOW, DAY)

PLACE = '1:2'
URL = 'file:///images/'

A, B, C, D = (f'{digit * 8}-1111-4111-8111-111111111111' for digit in 'abcd')


@dataclasses.dataclass(frozen=True)
class Location:

    url: str
    store: str = 's1'
    status: str = 'active'


@dataclasses.dataclass(frozen=True)
class Image:

    id: str
    status: str = 'active'
    size: int | None = 100
    hashed: bool = True
    deleted: bool = False
    created: float = LONG_AGO
    changed: float = LONG_AGO
    busy: bool = False
    locations: Sequence[Location] = ()


def stored(image_id: str, **other: Any) -> Image:
    return Image(image_id, **{
        'locations': (Location(URL + image_id),), **other})


def gone(image_id: str, **other: Any) -> Image:
    """Deleted, with all that is remembered of it."""
    return Image(image_id, **{
        'status': 'deleted', 'deleted': True, 'locations': (
            Location(URL + image_id, status='deleted'),), **other})


def entry(name: str, kind: inventory.Kind = inventory.Kind.IMAGE,
          **other: Any) -> inventory.Entry:
    return inventory.Entry(name, kind, **{
        'place': PLACE, 'image_id': inventory.image_id(name), 'size': 100,
        'allocated': 4096, 'changed': LONG_AGO + DAY, 'identity': 'i-' + name,
        'where': '/images/' + name, **other})


def spot(url: str) -> inventory.Spot | None:
    if not url.startswith(URL):
        return None
    return inventory.Spot(PLACE, url.removeprefix(URL))


def store(name: str = 's1', elsewhere: str = 'file:///other/'
          ) -> claims.Store:
    return claims.Store(name, ('file', 'filesystem'), spot,
                        lambda url: url.startswith(elsewhere))


def made(*images: Image, busy: bool = False) -> list[claims.Claim]:
    return [claim for image in images
            for claim in claims.of(image, store(), busy)]


class Inventory(inventory.Inventory):
    """Of what it is given; ``look`` sees ``now``."""

    schemes = ('file', 'filesystem')

    def __init__(self, *entries: inventory.Entry,
                 broken: bool = False, places: Sequence[str] = (PLACE,)
                 ) -> None:
        super().__init__('s1', {})
        self.listed = entries
        self.now: dict[str, inventory.Entry | Exception] = {
            one.name: one for one in entries}
        self.broken = broken
        self.looked: list[str] = []
        self._places = tuple(places)

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return {}

    @property
    def places(self) -> tuple[str, ...]:
        return self._places

    def entries(self) -> Iterator[inventory.Entry]:
        yield from self.bounded(iter(self.listed))
        if self.broken:
            raise self.broken_off('as it was told to')

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        self.looked.append(entry.name)
        found = self.now.get(entry.name)
        if isinstance(found, Exception):
            raise found
        return found if found is None or found.place == entry.place else None

    def spot(self, url: str) -> inventory.Spot | None:
        return spot(url)


class Host:
    """A database that may change after it was read once."""

    def __init__(self, *images: Image, later: Sequence[Image] = (),
                 busy: Sequence[str] = ()) -> None:
        self._images = images
        self._later = {one.id: one for one in (*images, *later)}
        self._busy = frozenset(busy)

    def images(self) -> Iterator[claims.Image]:
        yield from self._images

    def some(self, ids: Sequence[str]) -> Mapping[str, claims.Image]:
        return {one: self._later[one] for one in ids if one in self._later}

    def locations(self, since: float | None = None
                  ) -> Iterator[tuple[str, str]]:
        yield from locations(self._later.values())

    def busy(self) -> frozenset[str]:
        return self._busy


def locations(images: Iterable[claims.Image]) -> Iterator[tuple[str, str]]:
    """Those that are not deleted."""
    for image in images:
        for one in image.locations:
            if one.status != claims.GONE:
                yield image.id, one.url


def failing() -> exceptions.StoreError:
    return exceptions.StoreError(store='s1', detail='it is away')
