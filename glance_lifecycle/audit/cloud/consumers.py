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

"""What nova.conf and cinder.conf say of who makes disks of images."""

from collections.abc import Callable
from collections.abc import Collection
from typing import Any

from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit.cloud import stores
from glance_lifecycle.audit.doctor import beside
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service

# Seconds: base images that nobody uses, and that go earlier than that, are
# rarely there when the next server comes.
_SHORT = 3600

_RBD = 'RBDDriver'


def services(given: beside.Given, note: document.Note
             ) -> tuple[service.Service, ...]:
    """Those whose files are named."""
    for one in given.read.broken:
        note('%s: %s' % (masking.plain(one.shown), one.broken))
    return tuple(given.read.services)


def nova(conf: service.Service, names: Collection[str]) -> document.Item:
    """Of a compute group.

    :param names: of the stores
    """
    images_type = _value(conf, 'libvirt', 'images_type')
    if images_type == 'default':
        images_type = 'raw' if _value(
            conf, 'DEFAULT', 'use_cow_images') is False else 'qcow2'
    elif images_type not in ('rbd', 'qcow2', 'raw', 'flat'):
        # lvm and ploop: whole copies.
        images_type = 'raw' if images_type else 'qcow2'
    removed = _value(conf, 'image_cache', 'remove_unused_base_images')
    after = _value(conf, 'image_cache',
                   'remove_unused_original_minimum_age_seconds')
    item: document.Item = {
        'images_type': images_type, 'image_cache': document.read(
            not (removed and after is not None and after < _SHORT))}
    if images_type == 'rbd':
        copies_into = _value(conf, 'libvirt', 'images_rbd_glance_store_name')
        if copies_into in names:
            item['copies_into'] = copies_into
        item |= _cluster(conf, _value(conf, 'libvirt', 'images_rbd_ceph_conf'))
    return item


def cinder(conf: service.Service) -> dict[str, document.Item]:
    """Section of each back end -> what it says of it."""
    token = bool(_value(conf, 'service_user', 'send_service_user_token'))
    found = {}
    for section in _value(conf, 'DEFAULT', 'enabled_backends') or ():
        item: document.Item = {'service_token': document.read(token)}
        driver = _value(conf, section, 'volume_driver') or ''
        if driver.endswith(_RBD):
            item |= _cluster(conf, _value(conf, section, 'rbd_ceph_conf'))
            item.setdefault('fsid', '')
        found[document.name(section)] = item
    return found


def clusters(items: Collection[document.Item], stores_: Collection[
        document.Item], needs: Callable[[document.Item], bool],
             note: document.Note) -> None:
    """Fill in the clusters of Ceph that are not known.

    :param items: compute groups or volume back ends
    :param needs: whether one has disks in Ceph
    """
    known = {one['fsid'] for one in stores_ if one['kind'] == 'rbd'}
    for item in items:
        if not needs(item) or item.get('fsid'):
            continue
        if len(known) == 1:
            item['fsid'] = next(iter(known))
            note('The cluster of Ceph with the disks of %s is not known. It '
                 'is taken to be that of the stores. Name its ceph.conf with '
                 '--ceph-conf, or give "fsid".' % item['name'])
        else:
            item['fsid'] = 'unknown-too'
            note('The cluster of Ceph with the disks of %s is not known. It '
                 'is taken to be none of those of the stores. Name its '
                 'ceph.conf with --ceph-conf, or give "fsid".'
                 % item['name'])


def _cluster(conf: service.Service, named: str | None) -> document.Item:
    found = conf.ceph_conf(named or '')
    if found is None or not stores.is_fsid(found.fsid):
        return {}
    return {'fsid': found.fsid}


def _value(conf: service.Service, section: str, name: str) -> Any:
    try:
        return conf.value(section, name)
    except (KeyError, masking.Hidden):
        return None
