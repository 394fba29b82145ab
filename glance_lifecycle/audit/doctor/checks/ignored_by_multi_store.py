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

"""GLC205"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


class IgnoredByMultiStore(check.Check):
    """An option of a store in a section that is not read.

    With ``enabled_backends``, every store has a section of its name, and of
    ``[glance_store]`` only ``default_backend`` is read. Thin provisioning, a
    pool or a directory that is set there has no effect. Where no store has
    that driver, or each has the option itself, it is a left-over, and told as
    "info".

    Move the line to the section of the store.
    """

    code = 'GLC205'
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_backend = fast\n'
         'rbd_thin_provisioning = true\n[fast]\nrbd_store_user = glance\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_backend = fast\nstores = rbd,http\n'
         '[fast]\nrbd_store_user = glance\n'},
    )
    good = ({'glance-api.conf': '[glance_store]\nstores = rbd\n'
             'default_store = rbd\nrbd_thin_provisioning = true\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not host.multi_store:
            return
        for setting in host.settings():
            if (options.group_name(setting.section) != options.SINGLE_STORE
                    or setting.name == 'default_backend'
                    or host.option(setting) is None):
                continue
            lacking = [
                store for store, driver in host.stores.items()
                if setting.name in host.catalogue.drivers.get(driver, ())
                and host.setting(store, setting.name) is None]
            yield self.found(
                host, '[glance_store] %s' % setting.name,
                '[glance_store] %s has no effect with enabled_backends.'
                % setting.name,
                'Move the line to [%s].' % '], or ['.join(lacking[:5])
                if lacking else 'Remove the line.',
                setting, severity=None if lacking else check.INFO)
