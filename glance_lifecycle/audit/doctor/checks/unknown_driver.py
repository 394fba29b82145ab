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

"""GLC203"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit import finding


class UnknownDriver(check.Check):
    """A store of a driver that glance_store does not have.

    glance_store logs a warning and goes on without the store: images in it
    cannot be read, and if it is the default store, glance-api does not start.

    Correct the name behind the colon in ``enabled_backends``. The driver of
    somebody else must be installed on every host; whether it is cannot be told
    from here.
    """

    code = 'GLC203'
    severity = check.UNKNOWN
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:ceph\n'
         '[glance_store]\ndefault_backend = fast\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:files\n'
         '[glance_store]\ndefault_backend = fast\n'},
    )
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'enabled_backends = a:file,b:http,c:cinder\n'
             '[glance_store]\ndefault_backend = a\n'},
            )

    #: What people call them.
    _MEANT = {'ceph': 'rbd', 'filesystem': 'file', 'local': 'file',
              'nfs': 'file', 'https': 'http', 's3+https': 's3'}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        known = list(host.catalogue.drivers)
        for store, driver in host.stores.items():
            if driver in known or driver.startswith('glance.store.'):
                continue
            meant = self._MEANT.get(driver) or near.closest(
                driver, known, 0.7)
            shown, called = masking.name(store), masking.name(driver)
            yield self.found(
                host, 'store %s' % shown,
                'The driver %s of the store %s is none of glance_store\'s.' % (
                    called, shown),
                'Write %s:%s in enabled_backends.' % (shown, meant)
                if meant else 'Write one of: %s; or install the driver on '
                'every host.' % ', '.join(sorted(known)),
                host.setting('DEFAULT', 'enabled_backends'),
                severity=check.ERROR if meant else None)
