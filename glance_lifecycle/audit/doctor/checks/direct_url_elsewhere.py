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

"""GLC218"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:rbd,b:file\n'
         'show_image_direct_url = true\n%s[glance_store]\n'
         'default_backend = a\n[a]\nrbd_store_user = glance\n%s'
         '[b]\nfilesystem_store_datadir = /srv/b\n%s')


class DirectUrlElsewhere(check.Check):
    """The weights of the stores hide the copy in Ceph from Nova and Cinder.

    An image that is in several stores shows one of them as its direct URL:
    that of the store with the largest ``weight``. Where that is not Ceph,
    nothing is cloned, and each server downloads its image, although a copy is
    in Ceph.

    Give the store in Ceph the largest weight.
    """

    code = 'GLC218'
    bad = ({'glance-api.conf': _CONF % ('', '', 'weight = 10\n')},)
    good = (
        {'glance-api.conf': _CONF % ('', 'weight = 20\n', 'weight = 10\n')},
        {'glance-api.conf': _CONF % ('', '', '')},
        # All locations are shown: Nova takes the one that it can clone.
        {'glance-api.conf': _CONF % (
            'show_multiple_locations = true\n', '', 'weight = 10\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        inside = clones.stores(host)
        if not inside or not host.value(
                'DEFAULT', 'show_image_direct_url') or host.value(
                    'DEFAULT', 'show_multiple_locations'):
            return
        weights = {store: host.value(store, 'weight') or 0
                   for store in host.stores}
        most = max(inside, key=lambda store: weights[store])
        before = [store for store, weight in weights.items()
                  if store not in inside and weight > weights[most]]
        if before:
            yield self.found(
                host, 'store %s' % masking.name(most),
                'The weight of %s is %d, and that of %s in Ceph is %d.' % (
                    masking.name(before[0]), weights[before[0]],
                    masking.name(most), weights[most]),
                'Set weight = %d in [%s].' % (
                    1 + max(weights[store] for store in before),
                    masking.name(most)),
                host.setting(before[0], 'weight'),
                host.setting(most, 'weight'))
