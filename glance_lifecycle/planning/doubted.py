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

"""Which numbers of a cloud may be wrong, and the cloud if one was."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
from typing import Any
from typing import get_origin
from typing import TypeVar

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning.known import Known
from glance_lifecycle.planning.known import Source

_T = TypeVar('_T')

#: What of a cloud has facts, in words.
OWNERS = {clouds.Store: 'stores', clouds.ComputeGroup: 'compute groups',
          clouds.VolumeBackend: 'volume backends', clouds.Image: 'images'}
_STORES = OWNERS[clouds.Store]
_IMAGES = OWNERS[clouds.Image]

# Who says these has counted them; only as assumptions they may be wrong.
_COUNTED = ('size', 'virtual_size')
# No advice on a layout looks at them.
_UNUSED = ('capacity',)
_WEEKLY = {'boots_per_week': 'boots', 'volumes_per_week': 'volumes'}
_FACTOR = 2.0


@dataclasses.dataclass(frozen=True)
class Doubt:
    """One number, or several that would be wrong together, and how.

    :ivar name: as the file has it
    :ivar of: whose: stores, images
    :ivar only: the one store that it is of; '' for all
    :ivar source: of those that are changed
    :ivar turned: half of that, twice that, the other way
    :ivar function: what becomes of a value
    """

    name: str
    of: str
    only: str
    source: Source
    turned: str
    function: Callable[[Any], Any]

    @property
    def of_stores(self) -> bool:
        return self.of == _STORES

    @property
    def of_images(self) -> bool:
        return self.of == _IMAGES

    def doubts(self, one: Any, fact: object) -> bool:
        """Whether it is about this fact of that owner."""
        return (isinstance(fact, Known) and fact.source is self.source
                and OWNERS[type(one)] == self.of
                and self.only in ('', one.name))


def facts(one: Any) -> Iterator[tuple[str, Known[Any]]]:
    """Those of a store, an image or a consumer; not what an image is used."""
    kind: Any = type(one)
    for name in names(kind):
        yield name, getattr(one, name)


@functools.cache
def names(kind: Any) -> tuple[str, ...]:
    """Of the facts of a class."""
    return tuple(field.name for field in dataclasses.fields(kind)
                 if get_origin(field.type) is Known)


def owners(cloud: clouds.Cloud) -> Iterator[Any]:
    """All that has facts."""
    yield from cloud.stores
    yield from cloud.consumers
    yield from cloud.images


def doubts(cloud: clouds.Cloud) -> Iterator[Doubt]:
    """All, in an order that stays."""
    found = {}
    for one in owners(cloud):
        of = OWNERS[type(one)]
        for name, fact in (*facts(one), *_weekly(one)):
            if not _may_be_wrong(name, fact):
                continue
            only = one.name if of == _STORES and not fact.assumed else ''
            found[of, name, only, fact.source] = fact
    for (of, name, only, source), fact in sorted(
            found.items(), key=lambda item: item[0]):
        for turned, function in _turned(fact):
            yield Doubt(name, of, only, source, turned, function)


def _weekly(one: Any) -> Iterator[tuple[str, Known[float]]]:
    if isinstance(one, clouds.Image):
        for name, field in _WEEKLY.items():
            for fact in getattr(one, field).values():
                yield name, fact


def _may_be_wrong(name: str, fact: Known[Any]) -> bool:
    if fact.assumed:
        return name not in _UNUSED
    # What is so or not, somebody has looked at.
    return name not in (*_UNUSED, *_COUNTED) and not isinstance(
        fact.value, bool) and not (
            name == 'hosts' and fact.source is Source.READ)


def _turned(fact: Known[Any]
            ) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    if isinstance(fact.value, bool):
        return (('the other way', lambda value: not value),)
    by = fact.spread or _FACTOR
    words = ('half of that', 'twice that') if by == _FACTOR else (
        'that divided by %g' % by, '%g times that' % by)
    return ((words[0], lambda value: value / by),
            (words[1], lambda value: value * by))


def changed(cloud: clouds.Cloud, doubt: Doubt) -> clouds.Cloud:
    """The cloud with another value wherever the doubt is about it."""
    if doubt.of_images:
        return dataclasses.replace(cloud, images=tuple(
            _image(one, doubt) for one in cloud.images))
    stores = {one.name: _one(one, doubt) for one in cloud.stores}
    return dataclasses.replace(
        cloud, default_store=stores[cloud.default_store.name],
        stores=tuple(stores.values()),
        compute_groups=tuple(dataclasses.replace(
            _one(one, doubt), copies_into=one.copies_into and stores[
                one.copies_into.name]) for one in cloud.compute_groups),
        volume_backends=tuple(_one(one, doubt)
                              for one in cloud.volume_backends),
        images=tuple(_copied(one, stores) for one in cloud.images)
        if doubt.of_stores else cloud.images)


def _copied(image: clouds.Image, stores: Mapping[str, clouds.Store]
            ) -> clouds.Image:
    if all(stores[one.store.name] is one.store for one in image.copies):
        return image
    return dataclasses.replace(image, copies=tuple(
        one._replace(store=stores[one.store.name])
        for one in image.copies))


def _one(one: _T, doubt: Doubt) -> _T:
    fact = getattr(one, doubt.name, None)
    if not doubt.doubts(one, fact):
        return one
    assert isinstance(fact, Known)  # noqa: S101 - doubts() says so
    return dataclasses.replace(  # type: ignore[type-var]
        one, **{doubt.name: dataclasses.replace(
            fact, value=doubt.function(fact.value))})


def _image(image: clouds.Image, doubt: Doubt) -> clouds.Image:
    """What cannot be, such as more data than disk, is cut off."""
    field = _WEEKLY.get(doubt.name)
    values: dict[str, Any]
    if field:
        values = {field: {
            name: dataclasses.replace(fact, value=doubt.function(fact.value))
            if doubt.doubts(image, fact) else fact
            for name, fact in getattr(image, field).items()}}
        return dataclasses.replace(image, **values)
    found = _one(image, doubt)
    most = {'data_size': found.virtual_size.value, 'compression': 1.0}
    values = {name: dataclasses.replace(fact, value=value)
              for name, value in most.items()
              if (fact := getattr(found, name)).value > value}
    return dataclasses.replace(found, **values)
