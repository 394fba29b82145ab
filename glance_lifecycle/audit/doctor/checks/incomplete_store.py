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

"""GLC207"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import store_sections
from glance_lifecycle.audit import finding


class IncompleteStore(check.Check):
    """A store lacks what its driver must know.

    glance_store logs an error and goes on: the store is listed, and whoever
    writes to it is refused. A Swift store with ``swift_store_multi_tenant``
    signs in as the user, and needs no account; but ``swift_store_container``
    has to stand in its own section: its default does not count there.

    Set the options that are named, in the section of the store.
    """

    code = 'GLC207'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:s3\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\ns3_store_host = https://s3.example\n'
         's3_store_access_key = k\ns3_store_bucket = images\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:swift\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nswift_store_user = glance\nswift_store_key = k\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:swift\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nswift_store_multi_tenant = true\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:swift,b:s3\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nswift_store_config_file = /etc/glance/swift.conf\n'
         '[b]\ns3_store_host = https://s3.example\n'
         's3_store_access_key = k\ns3_store_secret_key = *********\n'
         's3_store_bucket = images\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:swift\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nswift_store_multi_tenant = true\n'
         'swift_store_container = glance\n'},
        # Its section has another name: that is GLC102.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:s3\n'
         '[glance_store]\ndefault_backend = a\n'
         '[s3]\ns3_store_host = https://s3.example\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        _section, misnamed = store_sections.misnamed(host) or ('', '')
        for store, driver in host.stores.items():
            missing = self._missing(host, store, driver)
            if missing and store != misnamed:
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'The store %s (%s) lacks %s.' % (
                        masking.name(store), driver, ' and '.join(missing)),
                    'Set %s in [%s].' % (
                        ' and '.join(missing), masking.name(store)),
                    host.setting('DEFAULT', 'enabled_backends'))

    def _missing(self, host: hosts.Host, store: str, driver: str
                 ) -> list[str]:
        def lack(*names: str) -> list[str]:
            # Also one that is hidden is there.
            return [name for name in names
                    if not (found := host.setting(store, name))
                    or not found.value]

        if driver == 's3':
            return lack('s3_store_host', 's3_store_access_key',
                        's3_store_secret_key', 's3_store_bucket')
        if driver == 'swift' and host.value(
                store, 'swift_store_multi_tenant'):
            # Whoever uploads brings a token.
            return lack('swift_store_container')
        if driver == 'swift' and lack('swift_store_config_file'):
            by_user = lack('swift_store_auth_address', 'swift_store_user',
                           'swift_store_key')
            by_credential = lack(
                'swift_store_auth_address',
                'swift_store_application_credential_id',
                'swift_store_application_credential_secret')
            return min(by_user, by_credential, key=len)
        return []
