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

"""Is this image cloned in Ceph, or downloaded? Condition by condition.

As the RBD drivers decide of one image, 2025.2 to 2026.2: nova
virt/libvirt/storage/rbd_utils.py is_cloneable, and cinder
volume/drivers/rbd.py _is_cloneable. What the Image API shows of the image
itself counts for more than what its files promise.
"""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import re
from typing import Any
import urllib.parse

from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import pages
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.doctor import ceph_caps
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services

# As glance_store writes them: cluster, pool, image, snapshot.
_RBD = re.compile(r'rbd://([^/\s]{1,99})/([^/\s]{1,255})/[^/\s]{1,255}/'
                  r'[^/\s]{1,255}')
# What says the same of the configuration.
_NOT_SHOWN = ('GLC802', 'GLC218')
_GIVE_CEPH = ('Give --ceph-conf with the ceph.conf of that service, unless it '
              'lies beside its configuration.')


@dataclasses.dataclass(frozen=True)
class Shown:
    """What the Image API shows of where the image is.

    :ivar any: whether it shows anything; None: it was not asked
    :ivar ceph: cluster and pool of each location in Ceph
    """

    any: bool | None = None
    ceph: tuple[tuple[str, str], ...] = ()


def shown(known: knowns.Known, path: paths.Path) -> Shown:
    """A step of its own, of an image that has its data."""
    if known.image is None or known.image.image.status != 'active':
        return Shown()
    urls = _urls(known.resource)
    found = Shown(bool(urls), tuple(dict.fromkeys(
        (urllib.parse.unquote(match[1]).lower(),
         urllib.parse.unquote(match[2]))
        for match in map(_RBD.fullmatch, urls) if match)))
    path.ask('Does the image show a location in Ceph?', bool(found.ceph),
             'It is in %s.' % ', '.join(
                 'pool %s of cluster %s' % (
                     masking.name(pool), masking.name(fsid))
                 for fsid, pool in found.ceph) if found.ceph else
             'It shows locations elsewhere only.' if urls else
             'The Image API shows you neither direct_url nor locations of '
             'it.')
    return found


def _urls(resource: Mapping[str, Any]) -> list[str]:
    locations = resource.get('locations')
    return [str(one) for one in (resource.get('direct_url'), *(
        each.get('url') for each in (
            locations if isinstance(locations, list) else ())
        if isinstance(each, Mapping))) if one]


def nova(known: knowns.Known, path: paths.Path, service: services.Service,
         where: Shown, *, disks: bool | None, raw: bool | None,
         judged: Collection[str] = ()) -> None:
    """On one compute.

    :param disks: they are in Ceph
    :param raw: the image is what Nova clones
    :param judged: codes of what the doctor has found in the files
    """
    if known.image is None or disks is False:
        return
    name = masking.name(service.name)
    same = _same_cluster(path, service, where, knowns.maybe(
        service.value, 'libvirt', 'images_rbd_ceph_conf') or '')
    readable = _readable(path, service, where) if same else None
    cloned = path.ask(
        'Does Nova clone the image in Ceph, on %s?' % name,
        _all(disks, raw, where.any and bool(where.ceph), same,
             readable is not False),
        'It needs disks in Ceph, a raw image, a location that is '
        'shown, the same cluster, and a key that may read the pool.')
    image_id = known.image.image.id
    if cloned:
        path.find(
            pages.CLONED, image_id, 'Disks and image are in the same '
            'cluster, the image is %s, and its location is shown: a server '
            'gets a clone of it, whatever its size, and nothing is '
            'downloaded.' % masking.name(known.image.image.disk_format),
            'Look for the time elsewhere: "openstack server event list" '
            'says when the build began and ended, the console of the server '
            'what it does after that.', host=service.name)
    if disks and where.any is not None and not where.ceph and not {
            *_NOT_SHOWN} & {*judged}:
        path.find(
            pages.NOT_SHOWN, image_id, 'images_type is rbd, and the Image '
            'API shows %s.' % ('no location of the image in Ceph' if where.any
                               else 'no location of the image'), 'Set '
            'show_image_direct_url = True in [DEFAULT] of glance-api.conf, '
            'and let the store in Ceph have the largest weight.',
            host=service.name)
    if disks and same is False and 'GLC803' not in judged:
        path.find(
            pages.OTHER_CLUSTER, image_id, 'It is in cluster %s, and the '
            'disks are in another.' % ', '.join(sorted({
                fsid for fsid, _pool in where.ceph})), 'Copy it into a store '
            'in the cluster of the disks: openstack image import --method '
            'copy-image --store STORE %s.' % image_id, host=service.name)
    if disks and readable is False:
        path.find(
            pages.POOL_CLOSED, image_id, 'The key of Nova may read no pool '
            'of %s.' % ', '.join(sorted({pool for _fsid, pool in
                                         where.ceph})),
            'Give it "profile rbd-read-only pool=POOL" with "ceph auth '
            'caps", beside what it has.', host=service.name)


def cinder(known: knowns.Known, path: paths.Path, service: services.Service,
           where: Shown) -> None:
    """On one host of cinder-volume."""
    volumes = path.ask(
        'Are volumes in Ceph, on %s?' % masking.name(service.name),
        knowns.maybe(clones.in_ceph, service))
    if known.image is None or not volumes:
        return
    names = knowns.maybe(clones.conf_names, service)
    same = [_same_cluster(path, service, where, one)
            for one in dict.fromkeys(names or ())]
    # It may ask for the locations as a service, which shows others none.
    asked = [knowns.maybe(service.value, *one) for one in clones.AS_SERVICE]
    visible = bool(where.ceph) or (
        None if None in asked or any(asked) else False)
    path.ask('Does Cinder clone the image in Ceph, on %s?' % masking.name(
        service.name), _all(
            known.image.image.disk_format == 'raw', visible,
            True if True in same else None if None in same or not same
            else False),
        'It needs a raw image, a location that it may see, and the same '
        'cluster.')


def _same_cluster(path: paths.Path, service: services.Service, where: Shown,
                  named: str) -> bool | None:
    conf = service.ceph_conf(named)
    fsid = conf.fsid if conf else ''
    clusters = {one for one, _pool in where.ceph}
    return path.ask(
        'Is the image in the cluster of %s, on %s?' % (
            service.kind.capitalize(), masking.name(service.name)),
        fsid in clusters if fsid and clusters else None,
        'That is %s.' % masking.value(fsid) if fsid else '',
        '' if fsid else _GIVE_CEPH)


def _readable(path: paths.Path, service: services.Service, where: Shown
              ) -> bool | None:
    """Whether the key of Nova opens a pool of the image."""
    caps, user = knowns.maybe(ceph_caps.of_nova, service) or ('', '')
    answers = [ceph_caps.may_read(caps, pool) for _fsid, pool in where.ceph
               ] if caps else [None]
    pools = ', '.join(masking.name(pool) for _fsid, pool in where.ceph)
    return path.ask(
        'May Nova read the pool of the image, on %s?' % masking.name(
            service.name), True if True in answers
        else None if None in answers else False,
        'The key of %s has "%s".' % (masking.name(user), masking.value(caps))
        if caps else '', 'See what the key of Nova may: "ceph auth get %s". '
        'It has to read %s.' % (masking.name(user or 'client.USER'), pools))


def _all(*conditions: bool | None) -> bool | None:
    return (False if False in conditions else
            None if None in conditions else True)
