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

"""GLC209"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import store_sections
from glance_lifecycle.audit import finding


class RbdUser(check.Check):
    """A Ceph store without a user.

    glance_store turns an option that is not set into the text "None", and
    connects as client.None, which no cluster knows.

    Name the user of Glance, whose keyring the service can read.
    """

    code = 'GLC209'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
            '[glance_store]\ndefault_backend = a\n'
            '[a]\nrbd_store_pool = images\n'},
           {'glance-api.conf': '[glance_store]\nstores = rbd\n'
            'default_store = rbd\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
             '[glance_store]\ndefault_backend = a\n'
             '[a]\nrbd_store_user = *********\n'},
            # Its section has another name: that is GLC102.
            {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
             '[glance_store]\ndefault_backend = a\n'
             '[rbd]\nrbd_store_user = glance\n'},
            # It is enabled, and not used.
            {'glance-api.conf': '[glance_store]\nstores = file,rbd\n'
             'default_store = file\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        _section, misnamed = store_sections.misnamed(host) or ('', '')
        for store, driver in host.places:
            if driver != 'rbd' or store == misnamed or not (
                    host.multi_store or host.value(
                        store, 'default_store') == driver):
                continue
            setting = host.setting(store, 'rbd_store_user')
            if setting is None or not setting.value:
                shown = masking.name(store)
                name = shown if host.multi_store else driver
                yield self.found(
                    host, 'store %s' % name,
                    'rbd_store_user of the store %s is not set: it would '
                    'connect as client.None.' % name,
                    'Set rbd_store_user = glance in [%s], or '
                    'whatever the user of Glance is called.' % shown,
                    setting, host.setting('DEFAULT', 'enabled_backends'))
