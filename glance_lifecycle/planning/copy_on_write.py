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

"""Is an image cloned in Ceph, or downloaded? Condition by condition.

In the order in which the drivers look, and as they decide: Nova's
virt/libvirt/imagebackend.py (``Rbd.clone``) and storage/rbd_utils.py
(``is_cloneable``), Cinder's volume/drivers/rbd.py (``_is_cloneable``) and
volume/flows/manager/create_volume.py.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import enum
from typing import NamedTuple
import urllib.parse

from glance_lifecycle.planning import cloud as clouds

_SCHEME = 'rbd://'
# Cluster, pool, image, snapshot.
_PIECES = 4


class Condition(enum.StrEnum):
    """What has to be so. All of them, or the image is downloaded."""

    DISKS = 'disks-in-ceph'
    NOT_ENCRYPTED = 'not-encrypted'
    RAW = 'raw'
    SHOWN = 'location-shown'
    LOCATION = 'location-in-ceph'
    CLUSTER = 'same-cluster'
    OPENS = 'pool-readable'


class Check(NamedTuple):
    """One condition, looked at.

    :ivar holds: whether it is met
    :ivar words: what was seen, as a sentence; it holds no location
    """

    condition: Condition
    holds: bool
    words: str


def ordered(copies: Sequence[clouds.Copy]) -> tuple[clouds.Copy, ...]:
    """As Glance shows and reads them: the largest weight first."""
    return tuple(sorted(copies, key=lambda one: -one.store.weight))


def seen(glance: clouds.Glance, consumer: clouds.Consumer, *, first: bool
         ) -> bool:
    """Whether a service sees the location of a copy.

    Cinder looks at ``locations`` only where there is a ``direct_url``, or
    where it asks as a service (cinder/image/glance.py, ``get_location``).

    :param first: it is the one that ``direct_url`` names
    """
    if isinstance(consumer, clouds.VolumeBackend):
        return consumer.service_token.value or (
            glance.show_image_direct_url and (
                first or glance.show_multiple_locations))
    return glance.show_multiple_locations or (
        glance.show_image_direct_url and first)


def checks(disk_format: str, copy: clouds.Copy, consumer: clouds.Consumer,
           shown: bool) -> Iterator[Check]:
    """All conditions, met or not, of one copy."""
    nova = isinstance(consumer, clouds.ComputeGroup)
    if isinstance(consumer, clouds.ComputeGroup):
        yield Check(Condition.DISKS, consumer.in_ceph,
                    'images_type is %s.' % consumer.images_type)
        # Before any location is looked at.
        yield _raw(disk_format)
    else:
        yield Check(Condition.DISKS, consumer.in_ceph,
                    'The volumes are %sin Ceph.' % (
                        '' if consumer.in_ceph else 'not '))
        yield Check(Condition.NOT_ENCRYPTED, not consumer.encrypted.value,
                    'The volumes are %sencrypted.' % (
                        '' if consumer.encrypted.value else 'not '))
    yield Check(Condition.SHOWN, shown, 'Glance %s %s where the copy is.' % (
        'shows' if shown else 'does not show', consumer.service))
    fsid = _cluster(copy)
    yield Check(Condition.LOCATION, fsid is not None,
                'The copy is in a pool of Ceph.' if fsid is not None
                else 'The location is not that of a snapshot in Ceph.'
                if copy.store.kind == clouds.CEPH else
                'The store is not in Ceph.')
    same = fsid is not None and consumer.in_ceph and fsid == consumer.fsid
    yield Check(Condition.CLUSTER, same, 'The copy is %sin the cluster of '
                'Ceph that the %s are in.' % (
                    '' if same else 'not ', 'disks' if nova else 'volumes'))
    if not nova:
        yield _raw(disk_format)
    opens = copy.store.name not in consumer.cannot_open
    yield Check(Condition.OPENS, opens, 'The Ceph user of %s may %sread the '
                'pool.' % (consumer.service, '' if opens else 'not '))


def failed(disk_format: str, copy: clouds.Copy, consumer: clouds.Consumer,
           shown: bool) -> Check | None:
    """The first condition that is not met; None: it is cloned."""
    return next((one for one in checks(disk_format, copy, consumer, shown)
                 if not one.holds), None)


def met(disk_format: str, copy: clouds.Copy, consumer: clouds.Consumer,
        shown: bool) -> int:
    """How many of the conditions are."""
    return sum(one.holds for one in checks(
        disk_format, copy, consumer, shown))


def _raw(disk_format: str) -> Check:
    return Check(Condition.RAW, disk_format == 'raw',
                 'disk_format is %s.' % disk_format)


def _cluster(copy: clouds.Copy) -> str | None:
    """The fsid in the location; None: it is none that can be cloned."""
    if not copy.location:
        return copy.store.fsid if copy.store.kind == clouds.CEPH else None
    if not copy.location.startswith(_SCHEME):
        return None
    pieces = [urllib.parse.unquote(one) for one in
              copy.location[len(_SCHEME):].split('/')]
    return pieces[0] if len(pieces) == _PIECES and all(pieces) else None
