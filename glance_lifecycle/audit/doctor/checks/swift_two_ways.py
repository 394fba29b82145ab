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


"""GLC232"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:swift\n[glance_store]\n'
         'default_backend = a\n[a]\nswift_store_multi_tenant = true\n')


class SwiftTwoWays(check.Check):
    """A Swift store is to write as its users, and as a user of its own.

    With ``swift_store_multi_tenant``, an image is in the account of its owner;
    ``swift_store_config_file`` names the accounts that all images are in. With
    both, glance_store logs an error, and goes on without the store: images in
    it cannot be read, and if it is the default store, glance-api does not
    start.

    Remove one of them.
    """

    code = 'GLC232'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF
            + 'swift_store_config_file = /etc/glance/swift.conf\n'},)
    good = ({'glance-api.conf': _CONF},
            {'glance-api.conf': _CONF.replace('true', 'false')
             + 'swift_store_config_file = /etc/glance/swift.conf\n'},
            {'glance-api.conf': _CONF + 'swift_store_config_file =\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            if driver != 'swift' or not host.value(
                    store, 'swift_store_multi_tenant'):
                continue
            file = host.setting(store, 'swift_store_config_file')
            if file is not None and file.value:
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'The store %s has swift_store_multi_tenant and '
                    'swift_store_config_file.' % masking.name(store),
                    'Remove swift_store_multi_tenant or '
                    'swift_store_config_file from [%s].'
                    % masking.name(store),
                    host.setting(store, 'swift_store_multi_tenant'), file)
