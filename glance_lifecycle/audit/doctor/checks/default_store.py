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

"""GLC202"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class DefaultStore(check.Check):
    """The default store is not one of the stores.

    With ``enabled_backends``, ``[glance_store] default_backend`` must name one
    of them: without, glance-api does not start. The options of old,
    ``[glance_store] default_store`` and ``stores``, are not read then. Without
    ``enabled_backends``, ``default_store`` must be one of ``stores``, which
    are file and http unless they are set.

    Set ``default_backend`` to the name before the colon, not to the driver.
    """

    code = 'GLC202'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_store = rbd\n'
         '[fast]\nrbd_store_user = glance\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_backend = rbd\n'
         '[fast]\nrbd_store_user = glance\n'},
        {'glance-api.conf': '[glance_store]\nstores = file,http\n'
         'default_store = rbd\n'},
        {'glance-api.conf': '[glance_store]\nstores = rbd\n'},
    )
    good = (
        # oslo.config strips the quotes.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = rbd:rbd\n'
         '[glance_store]\ndefault_backend = "rbd"\n'
         '[rbd]\nrbd_store_user = glance\n'},
        {'glance-api.conf': '[glance_store]\nstores = http,rbd\n'
         'default_store = rbd\n'},
        {'glance-api.conf': '[glance_store]\ndefault_store = filesystem\n'},
        {'glance-api.conf': '[glance_store]\ndefault_store = rbd\n'
         'stores = glance.store.rbd.Store\n'},
    )

    #: What default_store may be -> the driver in stores that has it.
    _DRIVERS = {'filesystem': 'file', 'https': 'http', 'vsphere': 'vmware'}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not host.multi_store:
            yield from self._single(host)
        if not host.stores:
            return
        name = host.value('glance_store', 'default_backend')
        if name in host.stores:
            return
        setting = host.setting('glance_store', 'default_backend')
        names = ', '.join(map(masking.name, host.stores))
        yield self.found(
            host, '[glance_store] default_backend',
            'There is no default store.' if setting is None else
            'The default store is %s, and there is none of that name.'
            % host.shown(setting),
            'Set default_backend in [glance_store] to one of: %s.' % names,
            setting, host.setting('DEFAULT', 'enabled_backends'))

    def _single(self, host: hosts.Host) -> Iterator[finding.Finding]:
        section = 'glance_store'
        stores = host.value(section, 'stores')
        default = host.value(section, 'default_store')
        setting = host.setting(section, 'default_store')
        # Of others' drivers, nobody knows what they are called.
        if not default or not stores or any(
                one not in host.catalogue.drivers for one in stores):
            return
        driver = self._DRIVERS.get(default, default.partition('+')[0])
        if driver not in stores:
            yield self.found(
                host, '[glance_store] default_store',
                'The default store is %s, and is not one of the stores: %s.'
                % (masking.name(default), ', '.join(
                    map(masking.name, stores[:10]))),
                'Set stores = %s in [glance_store], or default_store to one '
                'of them.' % ','.join(map(masking.name, (
                    *stores[:10], driver))),
                setting, host.setting(section, 'stores'))
