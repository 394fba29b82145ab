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

"""All that is told of a plan, as plain data."""

from collections.abc import Iterator
import dataclasses
from typing import Any

from glance_lifecycle.planning import advice
from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import compared
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import economics
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import sensitivity
from glance_lifecycle.planning import sizes

#: Raised if a field changes its meaning, or goes.
VERSION = 1


def report(cloud: clouds.Cloud) -> dict[str, Any]:
    """Numbers are in bytes, seconds, and the currency of the cloud."""
    plan = layout.plan(cloud)
    return {**summary(cloud, plan), **{
        name: list(rows) for name, rows in lists(cloud, plan).items()}}


def summary(cloud: clouds.Cloud, plan: layout.Plan,
            found: placement.Placement | None = None) -> dict[str, Any]:
    """All but what is long where the catalogue is.

    :param found: None: it was not searched
    """
    return {
        'version': VERSION,
        'currency': cloud.currency,
        'advice': [dataclasses.asdict(one)
                   for one in advice.advice(cloud, plan)],
        'before': _totals(compared.before(cloud)),
        'after': _totals(compared.after(cloud, plan)),
        'stores': list(_stores(cloud, plan)),
        'formats': [_cell(one) for one in sorted(
            plan.cells, key=lambda one: one.store.name)],
        'sensitivity': [dataclasses.asdict(one)
                        for one in sensitivity.changes(cloud)],
        'placement': found and {
            **placement.summary(cloud, found),
            **_week(placement.week(cloud, found))},
        'economics': economics.table(found.images if found else plan.images),
    }


def lists(cloud: clouds.Cloud, plan: layout.Plan,
          found: placement.Placement | None = None
          ) -> dict[str, Iterator[dict[str, Any]]]:
    """What has a row an image, or more: each made as it is asked for."""
    return {'images': (_image(cloud, one, plan.glance)
                       for one in plan.images),
            'moves': (_move(one) for one in placement.moves(
                cloud, found)) if found else iter(()),
            'facts': _facts(cloud)}


def _totals(one: compared.Totals) -> dict[str, Any]:
    return {'stored': round(one.stored), 'on_disks': round(one.on_disks),
            'cost': round(one.cost, 6), **_week(one.week)}


def _stores(cloud: clouds.Cloud, plan: layout.Plan
            ) -> Iterator[dict[str, Any]]:
    before = compared.stores_before(cloud)
    after = compared.stores_after(cloud, plan)
    for one in cloud.stores:
        yield {'name': one.name, 'capacity': round(one.capacity.value),
               'free': round(one.free.value),
               **{when: {'stored': round(held[one.name].stored),
                         'cost': round(held[one.name].cost, 6)}
                  for when, held in (('before', before), ('after', after))}}


def _week(one: boots.Week) -> dict[str, Any]:
    return {'disks_per_week': one.disks, 'cloned_per_week': one.cloned,
            'seconds_per_disk': round(one.mean, 3),
            'moved_per_week': round(one.moved)}


def _cell(one: matrix.Cell) -> dict[str, Any]:
    return {'store': one.store.name, 'format': one.kind.value,
            'stored': round(one.stored), 'cost': round(one.cost, 6),
            **_week(one.week)}


def _image(cloud: clouds.Cloud, placed: layout.Placed, glance: clouds.Glance
           ) -> dict[str, Any]:
    image, today = placed.image, sizes.today(placed.image)
    now = copy_on_write.ordered(image.copies)
    return {
        'name': image.name, 'format_before': today.value,
        'format_after': placed.kind.value,
        'stores_before': [one.store.name for one in now],
        'stores_after': [one.name for one in placed.stores],
        'consumers': [{
            'name': one.name, 'service': one.service,
            'disks_per_week': disks,
            'before': _served(_how(cloud, image, today, now, cloud.glance,
                                   place)),
            'after': _served(_how(cloud, image, placed.kind, placed.copies,
                                  glance, place)),
        } for place, disks in cloud.demand(image)
            for one in (cloud.consumers[place],)]}


def _how(cloud: clouds.Cloud, image: clouds.Image, kind: sizes.Format,
         copies: tuple[clouds.Copy, ...], glance: clouds.Glance, place: int
         ) -> boots.Served:
    return boots.of_image(matrix.way(
        cloud, kind, sizes.disk_format(image, kind), copies, glance, place),
        image, kind)


def _move(one: placement.Move) -> dict[str, Any]:
    return {'image': one.placed.image.name,
            'from': [copy.store.name for copy in one.placed.image.copies],
            'to': [store.name for store in one.placed.stores],
            'format': one.placed.kind.value, 'saved': round(one.saved, 6),
            'why': one.why}


def _served(one: boots.Served) -> dict[str, Any]:
    return {
        'store': one.store.name, 'cloned': one.cloned,
        'condition': one.failed and one.failed.condition.value,
        'why': one.failed.words if one.failed else None,
        'first_seconds': round(one.first.seconds, 3),
        'later_seconds': round(one.later.seconds, 3),
        'first_moved': round(one.first.moved),
        'later_moved': round(one.later.moved)}


def _facts(cloud: clouds.Cloud) -> Iterator[dict[str, Any]]:
    """Every number, and where it is from."""
    for name, fact in sensitivity.facts(cloud.caches):
        yield {'of': 'caches', 'name': '', 'fact': name, 'value': fact.value,
               'from': fact.source.value}
    for owner in sensitivity.owners(cloud):
        for name, fact in sensitivity.facts(owner):
            yield {'of': sensitivity.OWNERS[type(owner)],
                   'name': owner.name, 'fact': name, 'value': fact.value,
                   'from': fact.source.value}
        if isinstance(owner, clouds.Image):
            for consumer, uses in (*owner.boots.items(),
                                   *owner.volumes.items()):
                yield {'of': 'images', 'name': owner.name,
                       'fact': 'disks a week of %s' % consumer,
                       'value': uses.value, 'from': uses.source.value}
