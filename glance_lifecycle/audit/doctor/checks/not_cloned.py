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

"""GLC213"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class NotCloned(check.Check):
    """Images in Ceph are not cloned, because Nova does not see where they are.

    Nova clones a raw image inside Ceph if the image shows its location, and
    downloads it for each server otherwise. Cinder can ask for the locations in
    another way, if a policy lets it.

    Show the location of an image's first copy, where Nova's disks or Cinder's
    volumes are in the same Ceph cluster. It names the cluster, the pool and
    the image, and no password. What is cloned is not compared with a
    signature: so signatures must be required at the import.
    """

    code = 'GLC213'
    severity = check.INFO
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
            '[glance_store]\ndefault_backend = a\n'
            '[a]\nrbd_store_user = glance\n'},
           )
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         'show_image_direct_url = true\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nrbd_store_user = glance\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n'},
    )

    _NAMES = ('show_image_direct_url', 'show_multiple_locations')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if 'rbd' not in host.stores.values() or any(
                host.value('DEFAULT', name) for name in self._NAMES):
            return
        yield self.found(
            host, '[DEFAULT] %s' % self._NAMES[0],
            'There is a store in Ceph, and neither %s is true.' % (
                ' nor '.join(self._NAMES)),
            'Set show_image_direct_url = True in [DEFAULT] of '
            'glance-api.conf, if Nova or Cinder use the same cluster.',
            *(host.setting('DEFAULT', name) for name in self._NAMES),
            host.setting('DEFAULT', 'enabled_backends'))
