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

import collections
from collections.abc import Iterator
import dataclasses
import heapq
import operator
from typing import Any

from glance_lifecycle.planning import advice
from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import compared
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import doubted
from glance_lifecycle.planning import economics
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import sensitivity
from glance_lifecycle.planning import sizes

#: Raised if a field changes its meaning, or goes.
VERSION = 1
#: What ``sources`` calls the disks that anybody makes of images.
DISKS = 'disks a week'


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
    before = compared.before(cloud, plan.totals)
    after = compared.after(cloud, plan)
    placed = compared.placed(
        cloud, found.images, matrix.SHOWN) if found else None
    return {
        'version': VERSION,
        'currency': cloud.currency,
        'advice': [dataclasses.asdict(one)
                   for one in advice.advice(cloud, plan)],
        'before': totals(before),
        'after': totals(after),
        'stores': list(stores(cloud, before=before, after=after, **(
            {'placed': placed} if placed else {}))),
        'formats': [_cell(one) for one in sorted(
            plan.cells, key=lambda one: one.store.name)],
        'sensitivity': [dataclasses.asdict(one)
                        for one in sensitivity.changes(cloud, plan)],
        'placement': {**totals(placed), **placement.summary(cloud, found)}
        if found and placed else None,
        'economics': economics.table(found.images if found else plan.images),
        'sources': sources(cloud),
    }


def lists(cloud: clouds.Cloud, plan: layout.Plan,
          found: placement.Placement | None = None
          ) -> dict[str, Iterator[dict[str, Any]]]:
    """What has a row an image, or more: each made as it is asked for."""
    return {'images': (_image(cloud, one, plan.glance)
                       for one in plan.images),
            'moves': (_move(cloud, found, one) for one in found.moves)
            if found else iter(()),
            'facts': _facts(cloud)}


def best_moves(cloud: clouds.Cloud, found: placement.Placement | None,
               most: int) -> list[dict[str, Any]]:
    """Those that save the most, the first of those first."""
    return [_move(cloud, found, one) for one in heapq.nlargest(
        most, found.moves, key=lambda one: one.saved)
        ] if found else []


def sources(cloud: clouds.Cloud) -> list[dict[str, Any]]:
    """How many facts are from where; of stores, of each by itself."""
    found = collections.Counter(
        ('caches', '', name, fact.source)
        for name, fact in doubted.facts(cloud.caches))
    for owner in (*cloud.stores, *cloud.consumers):
        whose = owner.name if isinstance(owner, clouds.Store) else ''
        found.update((doubted.OWNERS[type(owner)], whose, name, fact.source)
                     for name, fact in doubted.facts(owner))
    of = doubted.OWNERS[clouds.Image]
    for name in doubted.names(clouds.Image):
        # There are very many: this is three times as fast.
        for source, count in collections.Counter(map(
                operator.attrgetter(name + '.source'),
                cloud.images)).items():
            found[of, '', name, source] += count
    found.update((of, '', DISKS, uses.source) for image in cloud.images
                 if image.used for table in (image.boots, image.volumes)
                 for uses in table.values())
    return [{'of': of, 'name': whose, 'fact': name, 'from': source.value,
             'count': count}
            for (of, whose, name, source), count in sorted(found.items())]


def totals(one: compared.Totals) -> dict[str, Any]:
    return {'stored': round(one.stored), 'on_disks': round(one.on_disks),
            'cost': round(one.cost, 6), **_week(one.week)}


def stores(cloud: clouds.Cloud, **found: compared.Totals
           ) -> Iterator[dict[str, Any]]:
    """:param found: before, after -> what they hold then"""
    for one in cloud.stores:
        yield {'name': one.name, 'capacity': round(one.capacity.value),
               'free': round(one.free.value),
               **{when: {'stored': round(held.stores[one.name].stored),
                         'cost': round(held.stores[one.name].cost, 6)}
                  for when, held in found.items()}}


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
    image, today = placed.image, placed.image.kind
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


def _how(cloud: clouds.Cloud, image: clouds.Image, kind: formats.Format,
         copies: tuple[clouds.Copy, ...], glance: clouds.Glance, place: int
         ) -> boots.Served:
    return boots.of_image(matrix.way(
        cloud, kind, sizes.disk_format(image, kind), copies, glance, place),
        image, kind)


def _move(cloud: clouds.Cloud, found: placement.Placement,
          one: placement.Move) -> dict[str, Any]:
    return {'image': one.placed.image.name,
            'from': [copy.store.name for copy in one.placed.image.copies],
            'to': [store.name for store in one.placed.stores],
            'format': one.placed.kind.value, 'saved': round(one.saved, 6),
            'why': placement.why(cloud, found, one.placed)}


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
    for name, fact in doubted.facts(cloud.caches):
        yield {'of': 'caches', 'name': '', 'fact': name, 'value': fact.value,
               'from': fact.source.value}
    for owner in doubted.owners(cloud):
        for name, fact in doubted.facts(owner):
            yield {'of': doubted.OWNERS[type(owner)],
                   'name': owner.name, 'fact': name, 'value': fact.value,
                   'from': fact.source.value}
        if isinstance(owner, clouds.Image):
            for consumer, uses in (*owner.boots.items(),
                                   *owner.volumes.items()):
                yield {'of': 'images', 'name': owner.name,
                       'fact': '%s of %s' % (DISKS, consumer),
                       'value': uses.value, 'from': uses.source.value}
