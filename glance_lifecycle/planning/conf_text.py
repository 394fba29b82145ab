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


"""Pieces of glance-api.conf, nova.conf and cinder.conf, each with its reason.

Only what the advice is about: what has these keys elsewhere in a file keeps
all others.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import itertools
import re

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import words

# It becomes a section, or part of the name of a file.
_PLAIN = re.compile(r'[A-Za-z0-9_.-]+')


def files(cloud: clouds.Cloud, plan: layout.Plan) -> dict[str, str]:
    """Name of a file -> its text."""
    found = {'glance-api.conf': _glance(cloud, plan)}
    groups = cloud.compute_groups
    for name, group in zip(_names([one.name for one in groups]), groups,
                           strict=True):
        found[name] = _nova(plan, group)
    if cloud.volume_backends:
        found['cinder.conf'] = _cinder(cloud, plan)
    return {name: '\n'.join(lines) + '\n' for name, lines in found.items()}


def default_store(old: clouds.Store, new: clouds.Store) -> str:
    """Of glance-api.conf: what makes another store the default."""
    return '\n'.join((
        '[glance_store]', *_why(
            'The same on every host of glance-api, once all of them have %s '
            'in enabled_backends and its options in [%s]. Before, it was %s.'
            % (new.name, new.name, old.name)),
        'default_backend = %s' % new.name)) + '\n'


def _names(groups: Sequence[str]) -> Iterator[str]:
    """Of files for them; a number for what is no part of a name."""
    taken = set(groups)
    for number, group in enumerate(groups):
        name = group
        if not _PLAIN.fullmatch(group):
            name = next(one for more in itertools.count(number)
                        if (one := str(more)) not in taken)
            taken.add(name)
        yield 'nova.conf' if len(groups) == 1 else 'nova-%s.conf' % name


def _why(text: str) -> Iterator[str]:
    for line in words.wrapped(text, 76):
        yield '# ' + line


def _glance(cloud: clouds.Cloud, plan: layout.Plan) -> Iterator[str]:
    store = plan.default.store
    yield '[DEFAULT]'
    shown = plan.glance
    yield from _why(
        'Nova and Cinder clone what they can see the location of.'
        if shown.show_image_direct_url or shown.show_multiple_locations else
        'Nobody clones, so nobody needs to see where images are.')
    yield 'show_image_direct_url = %s' % shown.show_image_direct_url
    if shown.show_multiple_locations:
        yield from _why(
            'Images have copies in several clusters. Set this only for a '
            'Glance that users do not reach: it also lets owners set '
            'locations (OSSN-0090).')
    yield 'show_multiple_locations = %s' % shown.show_multiple_locations
    yield ''
    yield '[glance_store]'
    yield from _why('%s of %s are made of images here by copy-on-write; '
                    'where none are, it is the fastest, or the cheapest.' % (
                        words.number(plan.default.week.cloned), words.count(
                            plan.default.week.disks, 'disks')))
    yield 'default_backend = %s' % store.name
    heavy = max((one.weight for one in cloud.stores if one != store),
                default=0)
    if store.weight <= heavy and _PLAIN.fullmatch(store.name) and (
            plan.default.week.cloned):
        yield ''
        yield '[%s]' % store.name
        yield from _why('Of several copies, Glance shows the one whose store '
                        'has the largest weight: the one that is cloned.')
        yield 'weight = %d' % (heavy + 1)


def _nova(plan: layout.Plan, group: clouds.ComputeGroup) -> Iterator[str]:
    yield from _why('For the computes of %s.' % group.name)
    yield '[libvirt]'
    store = plan.clones.get(group.name)
    yield from _why(
        'Raw images in %s are cloned.' % store.name if store else
        'Its disks are not in Ceph: images are downloaded.'
        if not group.in_ceph else 'No store is in its cluster, or none there '
        'has the room: images are downloaded into Ceph.')
    yield 'images_type = %s' % group.images_type
    if group.copies_into:
        yield from _why('Glance copies a raw image there, and it is cloned.')
        yield 'images_rbd_glance_store_name = %s' % group.copies_into.name
    if store is None:
        yield ''
        yield '[image_cache]'
        yield from _why('A base image that stays is downloaded once for many '
                        'servers; those that nobody uses are removed.')
        yield 'remove_unused_base_images = True'


def _cinder(cloud: clouds.Cloud, plan: layout.Plan) -> Iterator[str]:
    clone = [one for one in cloud.volume_backends
             if one.name in plan.clones]
    hidden = [one for one in clone if not copy_on_write.seen(
        plan.glance, one, first=True) or one.service_token.value]
    for one in cloud.volume_backends:
        store = plan.clones.get(one.name)
        yield from _why('%s: %s' % (one.name, (
            'volumes are cloned from raw images in %s.' % store.name)
            if store else 'volumes are made by download.'))
    if hidden:
        yield ''
        yield '[service_user]'
        yield from _why('With it, Cinder sees the locations of images that '
                        'Glance shows to nobody else.')
        yield 'send_service_user_token = True'
