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

"""GLC809"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class NotMadeRaw(check.Check):
    """Images are uploaded as qcow2, and Ceph clones only raw ones.

    Of any other format, Nova and Cinder download the image, convert it on the
    host and write it whole, for each server and volume.

    Let imports make them raw: enable ``lifecycle``, or ``image_conversion``
    with ``output_format = raw``.
    """

    code = 'GLC809'
    severity = check.INFO
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'
            '[image_import_opts]\n'
            'image_import_plugins = [lifecycle]\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if clones.stores(host) and not clones.made_raw(host):
            used = [one for one in host.beside.services if _in_ceph(one)]
            if used:
                yield self.found(
                    used, 'image_import_plugins',
                    'Disks or volumes are in the same Ceph as images may be, '
                    'and nothing makes images raw.',
                    'Set image_import_plugins = [lifecycle] in '
                    '[image_import_opts].',
                    *(_place(one) for one in used[:3]))


def _in_ceph(service: services.Service) -> bool:
    try:
        return clones.in_ceph(service)
    except hosts.Hidden:
        return False


def _place(service: services.Service) -> finding.Place | None:
    section, name = ('libvirt', 'images_type') if (
        service.kind == services.NOVA) else ('DEFAULT', 'enabled_backends')
    setting = service.setting(section, name)
    return None if setting is None else service.place(setting)
