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

"""GLC226"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:cinder\n[glance_store]\n'
         'default_backend = a\n[a]\ncinder_catalog_info = %s\n')


class CinderCatalogue(check.Check):
    """A Cinder store looks for Cinder where it is not.

    ``cinder_catalog_info`` is the type of the service, its name, which may be
    empty, and the interface of its endpoint, with a colon between them. The
    service of the type volumev2 is gone since Xena.

    Name the one that the catalogue of Keystone has.
    """

    code = 'GLC226'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % 'volumev2::internalURL'},
           {'glance-api.conf': _CONF % 'volumev3'},
           {'glance-api.conf': _CONF % 'block-storage:publicURL'})
    good = ({'glance-api.conf': _CONF % 'volumev3:cinderv3:internalURL'},
            {'glance-api.conf': _CONF % 'block-storage::publicURL'},
            # Then nobody looks for it.
            {'glance-api.conf': _CONF % 'volumev2::internalURL'
             + 'cinder_endpoint_template = http://c/v3/%(tenant)s\n'})

    _GONE = ('volume', 'volumev1', 'volumev2')
    _INTERFACES = ('publicURL', 'internalURL', 'adminURL')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            name = 'cinder_catalog_info'
            found = host.value(store, name) if driver == 'cinder' and (
                not host.value(store, 'cinder_endpoint_template')) else None
            parts = (found or '').split(':')
            if found and (len(parts) != 3 or parts[0] in self._GONE):
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    '%s names no service that Cinder has.' % name
                    if len(parts) == 3 else
                    '%s has %d parts, and must have 3.' % (name, len(parts)),
                    'Set %s = %s::%s in [%s].' % (
                        name, 'volumev3' if parts[0] in (*self._GONE, '')
                        else masking.name(parts[0]),
                        parts[-1] if parts[-1] in self._INTERFACES
                        else 'internalURL', masking.name(store)),
                    host.setting(store, name))
