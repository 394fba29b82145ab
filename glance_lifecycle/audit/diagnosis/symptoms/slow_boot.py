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

"""Servers of an image start slowly: cloned, copied or downloaded?"""

from glance_lifecycle.audit.diagnosis.symptoms import cloning
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import pages
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.policy import units

CODES = frozenset(
    ['GLC213', 'GLC218', 'GLC406', 'GLC706', 'GLC908', *(
        'GLC8%02d' % number for number in (
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 21, 23, 24, 25,
            26, 27, 28, 31))])


def walk(known: knowns.Known, path: paths.Path) -> None:
    ceph = _image_in_ceph(known, path)
    raw = _raw(known, path)
    where = cloning.shown(known, path)
    judged = known.checked(CODES)
    path.ask('Is the configuration of Glance known?',
             True if known.hosts else None,
             'It is that of %s.' % ', '.join(
                 masking.name(one.name) for one in known.hosts)
             if known.hosts else '', paths.GIVE_CONFIG)
    for host in known.hosts:
        if clones.stores(host):
            shown = knowns.maybe(clones.visible, host)
            path.ask('Do images show where they are, on %s?' % host.name,
                     shown, 'As %s say.' % ' and '.join(clones.SHOWN))
    novas = list(known.of(services.NOVA))
    if not novas:
        path.ask('Are the disks of servers in Ceph?', None,
                 needed=paths.GIVE_NOVA)
    for service in novas:
        disks = _nova(known, path, service, ceph, raw)
        cloning.nova(known, path, service, where, disks=disks, raw=raw,
                     judged={one.code for one in judged})
    cinders = list(known.of(services.CINDER))
    if not cinders:
        path.ask('Are volumes in Ceph?', None, needed=paths.GIVE_CINDER)
    for service in cinders:
        cloning.cinder(known, path, service, where)
    path.found(judged)


def _image_in_ceph(known: knowns.Known, path: paths.Path) -> bool | None:
    question = 'Has the image a copy in Ceph?'
    if known.image is None:
        return path.ask(question, None, needed=paths.NAME_IMAGE)
    drivers, stores = known.drivers(), known.image.image.stores
    if drivers is None or not stores:
        return path.ask(question, None, 'The drivers of its stores are not '
                        'known.', paths.GIVE_CONFIG)
    # Of a store that nothing tells of, nothing is concluded.
    kinds = [drivers.get(one) for one in stores]
    answer = True if 'rbd' in kinds else None if None in kinds else False
    return path.ask(question, answer, 'It is in store %s.' % ', '.join(
        '%s (%s)' % (masking.name(one), drivers.get(one) or 'unknown')
        for one in stores), paths.GIVE_CONFIG)


def _raw(known: knowns.Known, path: paths.Path) -> bool | None:
    question = 'Is the image raw?'
    if known.image is None or not known.image.image.disk_format:
        return path.ask(question, None, needed=paths.NAME_IMAGE)
    kind = known.image.image.disk_format
    size = known.image.image.size
    return path.ask(question, kind == 'raw', 'Its disk_format is %s%s.' % (
        masking.name(kind), '' if size is None else
        ', and it has %s' % units.size_text(size)))


def _nova(known: knowns.Known, path: paths.Path, service: services.Service,
          ceph: bool | None, raw: bool | None) -> bool | None:
    """Whether its disks are in Ceph, and what that means for the image."""
    kind = knowns.maybe(service.value, 'libvirt', 'images_type')
    disks = path.ask(
        'Are the disks of servers in Ceph, on %s?' % masking.name(
            service.name), None if kind is None else kind == 'rbd',
        '' if kind is None else '[libvirt] images_type is %s.' % (
            masking.name(kind)), paths.GIVE_NOVA)
    if known.image is None:
        return disks
    image = known.image.image
    setting = service.setting('libvirt', 'images_type')
    places = (service.place(setting),) if setting else ()
    if disks and raw is False:
        path.find(pages.NOT_RAW, image.id,
                  'images_type is rbd, and disk_format is %s.'
                  % image.disk_format, 'Import it again as raw.', *places,
                  host=service.name)
    if disks and ceph is False:
        store = knowns.maybe(service.value, 'libvirt',
                             'images_rbd_glance_store_name')
        path.find(pages.NOT_IN_CEPH, image.id,
                  'images_type is rbd, and the image is in %s only.%s' % (
                      ', '.join(image.stores), ' Nova has it copied into %s '
                      'first.' % masking.name(store) if store else ''),
                  'Copy it: openstack image import --method copy-image '
                  '--store STORE %s.' % image.id, *places, host=service.name)
    if disks is False:
        path.find(pages.FIRST_DOWNLOAD, image.id,
                  'images_type is %s%s.' % (kind, '' if image.size is None
                                            else ', and the image has %s' % (
                                                units.size_text(image.size))),
                  'Look at glance-lifecycle-compute-cache on the compute, and '
                  'prefetch the image.', *places, host=service.name)
    return disks
