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

"""GLC225"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:s3\n[glance_store]\n'
         'default_backend = a\n[a]\ns3_store_host = https://s3.example\n'
         's3_store_access_key = k\ns3_store_secret_key = s\n'
         's3_store_bucket = images\ns3_store_bucket_url_format = %s\n')


class S3AddressFormat(check.Check):
    """The format of an S3 store's addresses is none.

    botocore knows auto, virtual and path, and refuses each request with
    another one. glance-api starts all the same.

    Write one of them; ``path`` is right for most S3 services that are not
    Amazon's.
    """

    code = 'GLC225'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % 'subdomain'},)
    good = ({'glance-api.conf': _CONF % 'path'},
            {'glance-api.conf': _CONF % '*********'})

    _KNOWN = ('auto', 'virtual', 'path')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            name = 's3_store_bucket_url_format'
            found = host.value(store, name) if driver == 's3' else None
            if found and found not in self._KNOWN:
                meant = near.closest(found.lower(), self._KNOWN, 0.6)
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    '%s of the store %s is none of %s.' % (
                        name, masking.name(store), ', '.join(self._KNOWN)),
                    'Set %s = %s in [%s].' % (
                        name, meant or 'path', masking.name(store)),
                    host.setting(store, name))
