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

"""The plan in words: what to do, why, and what else was looked at."""

from collections.abc import Iterator

from glance_lifecycle.planning import boots
from glance_lifecycle.planning.caches import rows as caches
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import exceptional
from glance_lifecycle.planning.exceptional import Advice
from glance_lifecycle.planning.exceptional import Rejected
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import staying
from glance_lifecycle.planning import words

_DAY = 86400
# Beside what they are uploaded as.
_HOW = {formats.Format.RAW: ': "convert" of the lifecycle policy makes it so',
        formats.Format.COMPRESSED: ': make it so with "qemu-img convert -c -O '
        'qcow2" before the upload'}


def advice(cloud: clouds.Cloud, plan: layout.Plan) -> Iterator[Advice]:
    """All rows, the most important first."""
    yield _default(cloud, plan)
    yield from _shown(cloud, plan)
    users = layout.users(cloud, plan)
    yield from _stores_of(cloud, plan, users)
    yield from exceptional.rows(cloud, plan, users)
    yield _format(cloud, plan)
    yield from _converted(cloud, plan)
    yield from _archive(cloud, plan)
    yield from _copies(plan)
    yield from caches.rows(cloud, plan)


def _default(cloud: clouds.Cloud, plan: layout.Plan) -> Advice:
    best = plan.default
    named = best.store.name
    kept = best.store == cloud.default_store
    return Advice(
        'default store', '%s %s.' % ('Keep' if kept else 'Make it', named),
        _why(cloud, best), tuple(
            Rejected(one.store.name, _against(cloud, plan, one))
            for one in _by_store(plan) if one.store != best.store))


def _why(cloud: clouds.Cloud, best: matrix.Cell) -> str:
    if not best.week.disks:
        return ('Nobody makes disks of any image, so only money counts: '
                'all images cost %s here.' % words.cost(cloud, best.cost))
    if best.week.cloned:
        return ('Raw images are cloned by copy-on-write here: %s. No '
                'other store with the room has more of that.'
                % words.week(best.week))
    return ('Neither Nova nor Cinder can clone from any store that has the '
            'room, so the time to boot counts: %s.' % words.week(best.week))


def _by_store(plan: layout.Plan) -> list[matrix.Cell]:
    """The best of each, in their order."""
    found: dict[str, matrix.Cell] = {}
    for one in plan.cells:
        if one.store.name not in found or (
                _full(plan, found[one.store.name])
                and not _full(plan, one)):
            found[one.store.name] = one
    return list(found.values())


def _full(plan: layout.Plan, one: matrix.Cell) -> bool:
    return (one.store.name, one.kind) in plan.full


def _against(cloud: clouds.Cloud, plan: layout.Plan, one: matrix.Cell
             ) -> str:
    """Why not that one."""
    if _full(plan, one):
        return 'It has no room: %s more would be needed, %s are free.' % (
            words.size(plan.full[one.store.name, one.kind]),
            words.size(one.store.free.value))
    best = plan.default
    numbers = 'As %s: %s; all images %s.' % (
        one.kind, words.week(one.week), words.cost(cloud, one.cost))
    if one.week.cloned < best.week.cloned:
        return 'It clones less. ' + numbers
    if one.rank[1] > best.rank[1]:
        return 'It is slower to boot from. ' + numbers
    if one.rank[2] > best.rank[2]:
        return 'It is as fast and costs more. ' + numbers
    return 'It is no better. ' + numbers


def _shown(cloud: clouds.Cloud, plan: layout.Plan) -> Iterator[Advice]:
    now, then = cloud.glance, plan.glance
    store = plan.default.store
    # Of several copies, direct_url is the one whose store weighs most.
    light = then.show_image_direct_url and not (
        then.show_multiple_locations) and any(
            one.weight >= store.weight for one in cloud.stores
            if one != store) and any(len({
                *one.stores, *(copy.store for copy in one.image.copies)}) > 1
                for one in plan.images)
    kept = sum((matrix.week(
        cloud, one.image, one.kind, one.copies, now) for one in plan.images),
        boots.Week())
    as_it_is = Rejected('as it is', 'With all else as advised: %s.'
                        % words.week(kept))
    if then.show_multiple_locations != now.show_multiple_locations:
        yield Advice(
            'locations', 'Set show_multiple_locations = True in [DEFAULT] of '
            'the glance-api.conf of a Glance that only Nova and Cinder reach.',
            'Images will have copies in several clusters, and show only one '
            'of them otherwise; what is not shown is downloaded (GLC802 and '
            'GLC821 of the doctor).',
            (as_it_is, Rejected('show_image_direct_url',
                                'It names one copy only.'),
             Rejected('on the Glance that users reach', 'It also lets owners '
                      'set locations (OSSN-0090).')))
    elif then != now:
        yield Advice(
            'locations', 'Set show_image_direct_url = True in [DEFAULT] of '
            'glance-api.conf.', 'Glance does not show where images are, and '
            'without that they are downloaded (GLC802 and GLC821 of the '
            'doctor).',
            (as_it_is, Rejected('show_multiple_locations', (
                'It also lets owners set locations (OSSN-0090), and one '
                'location is enough here.'))))
    if light:
        yield Advice(
            'weight of stores', 'Give %s the largest weight.' % store.name,
            'Of an image with several copies, direct_url names the one whose '
            'store has the largest weight, and that has to be the one that '
            'is cloned.')


def _stores_of(cloud: clouds.Cloud, plan: layout.Plan,
               users: list[list[layout.Placed]]) -> Iterator[Advice]:
    """Consumers that clone from another store than the default."""
    for one, images in zip(cloud.consumers, users, strict=True):
        store = plan.clones.get(one.name)
        uses = [placed.image.name for placed in images
                if store in placed.stores]
        if store is None or store == plan.default.store or not uses:
            continue
        failed = copy_on_write.failed(
            'raw', clouds.Copy(plan.default.store), one, True)
        yield Advice(
            'store for %s' % words.consumer(one),
            'Keep a raw copy in %s of what it boots: %s.' % (
                store.name, words.names(uses)),
            'It clones from there by copy-on-write.',
            (Rejected(plan.default.store.name, (
                failed.words if failed else '')
                + ' Each would be downloaded.'),))


def _copies(plan: layout.Plan) -> Iterator[Advice]:
    """What is not where it should be, and what no boot needs any more."""
    missing: dict[str, list[str]] = {}
    surplus: dict[str, list[str]] = {}
    for one in plan.images:
        before = [copy.store for copy in one.image.copies]
        for table, mine, others in ((missing, one.stores, before),
                                    (surplus, before, one.stores)):
            for store in mine:
                if store not in others:
                    table.setdefault(store.name, []).append(one.image.name)
    for name, found in sorted(missing.items()):
        yield Advice('copies to make', 'Into %s: %s.' % (
            name, words.names(found)), 'The advice above needs them there.')
    for name, found in sorted(surplus.items()):
        yield Advice(
            'copies not needed', 'In %s: %s.' % (name, words.names(found)),
            'Nothing boots from them as advised, and "after" below counts '
            'them as gone. Keep what you want a second copy of, and what was '
            'cloned from in Ceph where the facts do not know of it.')


def _format(cloud: clouds.Cloud, plan: layout.Plan) -> Advice:
    best = plan.default
    others = sorted((one for one in plan.cells if one.store == best.store
                     and one.kind is not best.kind),
                    key=lambda one: one.rank)
    return Advice(
        'format of imports', 'Import as %s%s.' % (
            best.kind, _HOW.get(best.kind, '')),
        'Only raw images are cloned. %s' % _numbers(cloud, best)
        if best.week.cloned else 'Of what boots by download, this is the '
        'fastest. %s' % _numbers(cloud, best) if best.week.disks else
        'It costs least. %s' % _numbers(cloud, best),
        tuple(Rejected(one.kind, _numbers(cloud, one)) for one in others))


def _numbers(cloud: clouds.Cloud, one: matrix.Cell) -> str:
    return 'All images in %s: %s stored, %s; %s.' % (
        one.store.name, words.size(one.stored), words.cost(cloud, one.cost),
        words.week(one.week))


def _converted(cloud: clouds.Cloud, plan: layout.Plan) -> Iterator[Advice]:
    for kind in formats.CHOICES:
        found = [one for one in plan.images
                 if one.converted and one.kind is kind]
        if not found:
            continue
        then = sum((matrix.week(
            cloud, one.image, kind, one.copies, plan.glance)
            for one in found), boots.Week())
        kept = sum((matrix.week(
            cloud, one.image, one.image.kind, one.copies,
            plan.glance) for one in found), boots.Week())
        yield Advice(
            'images to convert', 'Import %s again as %s: %s.' % (
                words.count(len(found), 'images'), kind,
                words.names(one.image.name for one in found)),
            'Then: %s. An image that is active cannot be changed, so each '
            'is a new image with a new id.' % words.week(then),
            (Rejected('as they are', 'In the same stores: %s.'
                      % words.week(kept)),))


def _archive(cloud: clouds.Cloud, plan: layout.Plan) -> Iterator[Advice]:
    idle = [one.image for one in plan.images if staying.idle(one.image)]
    stay = sum(not one.image.used for one in plan.images) - len(idle)
    found = plan.totals.idle
    if found is None or plan.archive is None:
        return
    costs = {one.name: sizes.price(one, found.total(one))
             for one in cloud.stores}
    yield Advice(
        'store of what nobody boots',
        '%s: %s.' % (plan.archive.name, words.names(
            one.name for one in idle)),
        'No disk is made of %s, as far as the facts tell, and this is the '
        'cheapest store with the room: %s. A copy in Ceph that something was '
        'cloned from has to stay.%s' % (
            words.count(len(idle), 'images'),
            words.cost(cloud, costs[plan.archive.name]),
            ' Left where it is, as golden, cloned from, or perhaps booted in '
            'the last %d days: %s.' % (
                staying.IDLE // _DAY, words.count(stay, 'images'))
            if stay else ''),
        tuple(Rejected(name, words.cost(cloud, value) + '.')
              for name, value in sorted(
                  costs.items(), key=lambda one: one[1])
              if name != plan.archive.name))
