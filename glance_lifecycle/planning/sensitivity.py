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

"""Which assumption would change the advice, if it is wrong.

Every number that was assumed is halved and doubled, everything that was
assumed to be so or not is turned round, for all that assume it at once; and
the plan is made again. Of a large catalogue that is done with the images that
are used most: what matters shows with them.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
from typing import Any
from typing import TypeVar

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning.known import Known
from glance_lifecycle.planning import layout

_T = TypeVar('_T')
_MOST_SHOWN = 3
#: Images that are looked at, those that are used and those that are not.
MOST_IMAGES = 100

#: What of a cloud has facts, in words.
OWNERS = {clouds.Store: 'stores', clouds.ComputeGroup: 'compute groups',
          clouds.VolumeBackend: 'volume backends', clouds.Image: 'images'}


@dataclasses.dataclass(frozen=True)
class Change:
    """One assumption that matters.

    :ivar name: as the file has it
    :ivar of: whose: stores, images
    :ivar turned: half, twice, or true, false
    :ivar effect: what would be advised then, a clause
    """

    name: str
    of: str
    turned: str
    effect: str


def facts(one: Any) -> Iterator[tuple[str, Known[Any]]]:
    """Those of a store, an image or a consumer; not what an image is used."""
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        if isinstance(value, Known):
            yield field.name, value


def owners(cloud: clouds.Cloud) -> Iterator[Any]:
    """All that has facts."""
    yield from cloud.stores
    yield from cloud.consumers
    yield from cloud.images


def changes(cloud: clouds.Cloud) -> Iterator[Change]:
    """All assumptions that matter."""
    cloud = dataclasses.replace(cloud, images=tuple(_looked_at(cloud.images)))
    plan = layout.plan(cloud)
    assumed = sorted({
        (OWNERS[type(one)], name, isinstance(fact.value, bool))
        for one in owners(cloud) for name, fact in facts(one)
        if fact.assumed})
    for of, name, flag in assumed:
        for turned, function in _TURNED[flag]:
            other = _with(cloud, of, name, function)
            if other == cloud:
                continue
            if of == OWNERS[clouds.Image]:
                # How images are got does not depend on their sizes.
                other.computed.update(cloud.computed)
            effect = _effect(plan, layout.plan(other))
            if effect:
                yield Change(name, of, turned, effect)


def _looked_at(images: Iterable[clouds.Image]) -> Iterator[clouds.Image]:
    found = sorted(images, key=lambda one: -one.used)
    used = [one for one in found if one.used]
    yield from used[:MOST_IMAGES]
    yield from found[len(used):len(used) + MOST_IMAGES]


_TURNED: dict[bool, tuple[tuple[str, Callable[[Any], Any]], ...]] = {
    True: (('the other way', lambda value: not value),),
    False: (('half of that', lambda value: value / 2),
            ('twice that', lambda value: value * 2)),
}


def _with(cloud: clouds.Cloud, of: str, name: str,
          function: Callable[[Any], Any]) -> clouds.Cloud:
    """The cloud with another value wherever that one was assumed."""
    def turned(one: _T) -> _T:
        fact = getattr(one, name, None)
        if OWNERS.get(type(one)) != of or not isinstance(fact, Known) or (
                not fact.assumed):
            return one
        value = function(fact.value)
        if isinstance(one, clouds.Image) and name == 'data_size':
            value = min(value, one.virtual_size.value)
        if name == 'compression':
            value = min(value, 1)
        return dataclasses.replace(  # type: ignore[type-var]
            one, **{name: dataclasses.replace(fact, value=value)})

    stores = {one.name: turned(one) for one in cloud.stores}
    return dataclasses.replace(
        cloud, default_store=stores[cloud.default_store.name],
        stores=tuple(stores.values()),
        compute_groups=tuple(dataclasses.replace(
            turned(one), copies_into=one.copies_into and stores[
                one.copies_into.name]) for one in cloud.compute_groups),
        volume_backends=tuple(map(turned, cloud.volume_backends)),
        images=tuple(dataclasses.replace(turned(one), copies=tuple(
            dataclasses.replace(copy, store=stores[copy.store.name])
            for copy in one.copies)) for one in cloud.images))


def _effect(plan: layout.Plan, other: layout.Plan) -> str:
    """What differs, as a clause; '' if nothing does."""
    found = []
    if plan.default.store.name != other.default.store.name:
        found.append('the default store would be %s'
                     % other.default.store.name)
    if plan.default.kind is not other.default.kind:
        found.append('imports would be %s' % other.default.kind)
    if _name(plan.archive) != _name(other.archive):
        found.append('what nobody boots would go to %s' % (
            _name(other.archive) or 'no other store'))
    moved = [(mine.image.name, yours.kind)
             for mine, yours in zip(plan.images, other.images, strict=True)
             if mine.kind is not yours.kind]
    if moved:
        more = len(moved) - _MOST_SHOWN
        found.append('%s%s' % (', '.join(
            '%s would be %s' % one for one in moved[:_MOST_SHOWN]),
            ' and %d more images another format' % more if more > 0 else ''))
    if not found and [[store.name for store in one.stores]
                      for one in plan.images] != [
            [store.name for store in one.stores] for one in other.images]:
        found.append('some images would be in other stores')
    return ', and '.join(found)


def _name(store: clouds.Store | None) -> str:
    return store.name if store else ''
