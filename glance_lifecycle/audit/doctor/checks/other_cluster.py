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

"""GLC803"""

from collections.abc import Iterator
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class OtherCluster(check.Check):
    """Nova or Cinder use another Ceph cluster than Glance.

    An image is cloned only inside of one cluster. From another, each server
    and volume is downloaded, and written whole.

    Give Glance a store in that cluster, and copy the images there that it
    boots.
    """

    code = 'GLC803'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'ceph.conf': ('[global]\n'
            'fsid = 1-a\n'),
         'nova/nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n'),
         'nova/ceph.conf': ('[global]\n'
            'fsid = 2-b\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'etc/kolla/cinder-volume/cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n'),
         'etc/kolla/cinder-volume/ceph.conf': ('[global]\n'
            'fsid = 2-b\n'),
         'ceph.conf': ('[global]\n'
            'fsid=1-a\n')},
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
         'ceph.conf': ('[global]\n'
            'fsid = 1-A\n'),
         'nova/nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n'),
         'nova/ceph.conf': ('[global]\n'
            '  FSID = 1-a ; same\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'nova/nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n'),
         'nova/ceph.conf': ('[global]\n'
            'fsid = 2-b\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        stores = clones.stores(host)
        confs = [host.beside.ceph_conf(host.value(
            store, 'rbd_store_ceph_conf') or '') for store in stores]
        known = {conf.fsid for conf in confs if conf is not None}
        # One that is not known may be the same.
        if not known or '' in known or None in confs:
            return
        for one in host.beside.services:
            with contextlib.suppress(hosts.Hidden):
                if not clones.in_ceph(one):
                    continue
                for name in clones.conf_names(one):
                    conf = one.ceph_conf(name)
                    if conf is not None and conf.fsid and (
                            conf.fsid not in known):
                        yield self.found(
                            one, '%s: fsid' % one.kind,
                            '%s uses the cluster %s, and Glance has no store '
                            'there.'
                            % (one.kind.capitalize(),
                               masking.value(conf.fsid)),
                            'Add a store to enabled_backends whose '
                            'rbd_store_ceph_conf is of that cluster.',
                            conf.place('fsid'),
                            *(each.place('fsid') for each in confs if each))
