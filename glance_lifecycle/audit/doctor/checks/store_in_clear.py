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

"""GLC221"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:%s\n[glance_store]\n'
         'default_backend = a\n[a]\n%s\n')


class StoreInClear(check.Check):
    """Images, or passwords, go to a store without encryption, or to anybody.

    Over http://, whoever is on the way reads and changes images, and reads the
    password for Swift; an S3 host without a scheme is taken as http://. Where
    certificates are not verified, the same is true of whoever answers.

    Write https://, and name the CA: ``s3_store_cacert``,
    ``swift_store_cacert``. On a network that nobody else is on, it is well.
    """

    code = 'GLC221'
    severity = check.INFO
    bad = (
        {'glance-api.conf': _CONF % ('s3', 's3_store_host = s3.example')},
        {'glance-api.conf': _CONF % (
            'swift', 'swift_store_auth_address = http://keystone.example')},
        {'glance-api.conf': _CONF % (
            'swift', 'swift_store_auth_insecure = true')},
    )
    good = (
        {'glance-api.conf': _CONF % (
            's3', 's3_store_host = https://s3.example')},
        {'glance-api.conf': _CONF % (
            's3', 's3_store_host = http://127.0.0.1:9000')},
        {'glance-api.conf': _CONF % (
            'swift', 'swift_store_auth_address = https://keystone.example')},
    )

    _ADDRESSES = {'s3': 's3_store_host', 'swift': 'swift_store_auth_address'}
    _INSECURE = {'swift': 'swift_store_auth_insecure',
                 'cinder': 'cinder_api_insecure', 'vmware': 'vmware_insecure'}
    _HERE = ('127.', 'localhost', '[::1]')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            shown = masking.name(store)
            name = self._ADDRESSES.get(driver)
            value = (host.value(store, name) or '') if name else ''
            bare = value.removeprefix('http://')
            clear = value.startswith('http://') or (
                driver == 's3' and '://' not in value)
            if value and name and clear and not bare.startswith(self._HERE):
                yield self.found(
                    host, 'store %s' % shown,
                    'The store %s is reached without encryption.' % shown,
                    'Set %s = https://%s in [%s].' % (
                        name, masking.value('//' + bare)[2:], shown),
                    host.setting(store, name))
            name = self._INSECURE.get(driver)
            if name and host.value(store, name):
                yield self.found(
                    host, 'store %s' % shown,
                    'The store %s does not verify certificates.' % shown,
                    'Set %s = false in [%s], and name the CA.' % (
                        name, shown), host.setting(store, name),
                    severity=check.WARNING)
