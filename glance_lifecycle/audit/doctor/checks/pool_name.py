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


"""GLC234"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:rbd\n[glance_store]\n'
         'default_backend = a\n[a]\nrbd_store_user = glance\n'
         'rbd_store_pool = %s\n')


class PoolName(check.Check):
    """The pool of a Ceph store has a "/" in its name.

    RBD writes POOL/NAMESPACE/IMAGE, but glance_store knows no namespaces: it
    opens a pool whose name is all that stands there, and if there is none,
    every upload fails.

    Name the pool alone.
    """

    code = 'GLC234'
    bad = ({'glance-api.conf': _CONF % 'images/glance'},)
    good = ({'glance-api.conf': _CONF % 'images'},
            {'glance-api.conf': _CONF % '*********'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            pool = host.value(store, 'rbd_store_pool') if (
                driver == 'rbd') else None
            if pool and '/' in pool:
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'rbd_store_pool of the store %s is "%s".' % (
                        masking.name(store), masking.value(pool)),
                    'Set rbd_store_pool in [%s] to the pool alone.'
                    % masking.name(store),
                    host.setting(store, 'rbd_store_pool'))
