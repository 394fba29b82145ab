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

"""Who cannot clone, which condition fails, and what would help."""

from collections.abc import Iterator
import dataclasses

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning.copy_on_write import Condition
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import words


@dataclasses.dataclass(frozen=True)
class Rejected:
    """What was looked at, and why it is not advised."""

    what: str
    why: str


@dataclasses.dataclass(frozen=True)
class Advice:
    """One row.

    :ivar what: what it is about
    :ivar advice: a sentence
    :ivar reason: sentences
    """

    what: str
    advice: str
    reason: str
    rejected: tuple[Rejected, ...] = ()


def rows(cloud: clouds.Cloud, plan: layout.Plan,
         users: list[list[layout.Placed]]) -> Iterator[Advice]:
    """One for each consumer that downloads, even as advised.

    :param users: see ``layout.users()``
    """
    for place, one in enumerate(cloud.consumers):
        failed = [(placed, boots.of_image(how, placed.image, placed.kind))
                  for placed in users[place] if not (
                      how := matrix.way(
                          cloud, placed.kind, sizes.disk_format(
                              placed.image, placed.kind), placed.copies,
                          plan.glance, place)).cloned]
        if not failed:
            continue
        nearest = _nearest(cloud, one)
        if nearest is None and one.name not in plan.clones:
            yield Advice(
                'no copy-on-write for %s' % words.consumer(one),
                'Make room in a store in cluster %s for raw images.'
                % one.fsid, 'It could clone from there, but there is no room '
                'for what is booted: it downloads %s.' % words.names(
                    placed.image.name for placed, _how in failed))
            continue
        # Of a consumer that could clone, the images are what fails.
        why = nearest or failed[0][1].failed
        disks = sum(placed.image.uses(one) for placed, _how in failed)
        assert why is not None  # noqa: S101 - none of these is cloned
        yield Advice(
            'no copy-on-write for %s' % words.consumer(one),
            _help(one, why.condition),
            '%s The condition %s is not met, so %s a week are made by '
            'download: %s, %s for the first on a host, %s after that.' % (
                why.words, why.condition, words.count(disks, 'disks'),
                words.names('%s from %s' % (
                    placed.image.name, how.store.name)
                    for placed, how in failed),
                words.seconds(max(how.first.seconds for _one, how in failed)),
                words.seconds(max(how.later.seconds
                                  for _one, how in failed))))


def _nearest(cloud: clouds.Cloud, consumer: clouds.Consumer
             ) -> copy_on_write.Check | None:
    """What fails in the store that comes closest; None: nothing."""
    copies = [clouds.Copy(one) for one in cloud.stores]
    best = max(copies, key=lambda one: copy_on_write.met(
        'raw', one, consumer, True))
    return copy_on_write.failed('raw', best, consumer, True)


def _help(consumer: clouds.Consumer, condition: Condition) -> str:
    if condition is Condition.DISKS:
        if isinstance(consumer, clouds.VolumeBackend):
            return ('Nothing in Glance helps: its volumes are not in Ceph.')
        return ('Keep base images on its hosts, and prefetch what they boot '
                'first: its disks are local.'
                if consumer.image_cache.value else
                'Let Nova keep base images on its hosts: its disks are '
                'local.')
    return {
        Condition.NOT_ENCRYPTED: 'Nothing in Glance helps: Cinder never '
        'clones an image into an encrypted volume.',
        Condition.RAW: 'Nothing helps: these images are not disks that can '
        'be made raw.',
        Condition.OPENS: 'Let the Ceph user of %s read the pool, with '
        '"profile rbd-read-only pool=POOL" (GLC808 of the doctor).'
        % consumer.service,
        Condition.CLUSTER: 'Give Glance a store in cluster %s, and copy there '
        'what it boots (GLC803 of the doctor).' % consumer.fsid,
        Condition.LOCATION: 'Give Glance a store in cluster %s, and copy '
        'there what it boots (GLC803 of the doctor).' % consumer.fsid,
    }.get(condition, 'Show the locations of images to %s (GLC802 and GLC821 '
          'of the doctor).' % consumer.service)
