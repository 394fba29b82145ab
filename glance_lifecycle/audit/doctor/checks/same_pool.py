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

"""GLC829"""

from collections.abc import Iterator
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class SamePool(check.Check):
    """Disks or volumes are in the pool of the images.

    Nova's and Cinder's keys must then be able to write images: who takes over
    a compute changes every image. Nor can images have a quota or another copy
    count.

    Give each a pool of its own. Clones work from pool to pool of one cluster.
    """

    code = 'GLC829'
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
            'images_rbd_pool = images\n'
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
            'rbd_pool = images\n'
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
            'rbd_store_pool = images\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        pools = {host.value(store, 'rbd_store_pool'): store
                 for store in clones.stores(host)}
        for one in host.beside.services:
            with contextlib.suppress(hosts.Hidden):
                if not clones.in_ceph(one):
                    continue
                for section, name in ([('libvirt', 'images_rbd_pool')]
                                      if one.kind == 'nova' else
                                      [(each, 'rbd_pool')
                                       for each in one.backends('.rbd.')]):
                    store = pools.get(one.value(section, name))
                    if store is not None and one.setting(
                            section, name) is not None:
                        yield self.found(
                            one, '[%s] %s' % (masking.value(section), name),
                            'It is the pool of the store %s as well.'
                            % masking.value(store),
                            'Use another pool for new disks and volumes, and '
                            'move the old ones.', one.setting(section, name))
