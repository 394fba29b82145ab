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

"""GLC222"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = /srv/a\n'
         'filesystem_thin_provisioning = true\n')


class ThinWithoutPlugin(check.Check):
    """Thin provisioning makes each upload slower.

    glance_store then looks at each chunk whether it is all zeros, in Python:
    an upload of 10 GiB took 84 seconds of a processor with it, and 46 without.
    It saves the room of the holes. The plugin of this package leaves holes out
    as it writes, whatever is set here, and knows them from the image.

    Leave it if room is dearer than time.
    """

    code = 'GLC222'
    severity = check.INFO
    bad = ({'glance-api.conf': _CONF},)
    good = (
        {'glance-api.conf': _CONF.replace('true', 'false')},
        {'glance-api.conf': _CONF + '[image_import_opts]\n'
         'image_import_plugins = [lifecycle]\n'},
    )

    _NAMES = {'file': 'filesystem_thin_provisioning',
              'rbd': 'rbd_thin_provisioning'}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if plugins.OURS in (plugins.enabled(host) or ()):
            return
        for store, driver in host.stores.items():
            name = self._NAMES.get(driver)
            if name and host.value(store, name):
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    '%s is on, and every upload to %s looks for zeros.' % (
                        name, masking.name(store)),
                    'Set %s = false in [%s], or use the import plugin '
                    'lifecycle.' % (name, masking.name(store)),
                    host.setting(store, name))
