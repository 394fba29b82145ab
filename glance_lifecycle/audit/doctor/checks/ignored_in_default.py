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

"""GLC840"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class IgnoredInDefault(check.ServiceCheck):
    """An option of Cinder's back ends stands in [DEFAULT].

    With ``enabled_backends``, each back end reads its own section, and then
    ``[backend_defaults]``. What stands in ``[DEFAULT]`` has no effect on them.

    Move the line.
    """

    # cinder/volume/configuration.py: BackendGroupConfiguration.
    code = 'GLC840'
    kind = services.CINDER
    bad = ({'glance-api.conf': '\n', 'cinder.conf':
            '[DEFAULT]\nenabled_backends = a\n'
            'image_volume_cache_enabled = true\n[a]\nrbd_pool = volumes\n'},)
    good = ({'glance-api.conf': '\n', 'cinder.conf':
             '[DEFAULT]\nenabled_backends = a\n[backend_defaults]\n'
             'image_volume_cache_enabled = true\n'},
            {'glance-api.conf': '\n', 'cinder.conf':
             '[DEFAULT]\nimage_volume_cache_enabled = true\n'})

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        backends = service.value('DEFAULT', 'enabled_backends') or []
        for name in services.BACKEND_OPTIONS if backends else ():
            setting = service.setting('DEFAULT', name)
            if setting is not None:
                yield self.found(
                    service, '[DEFAULT] %s' % name, 'No back end reads %s in '
                    '[DEFAULT].' % name, 'Move the line to [%s], or to '
                    '[backend_defaults] for all.' % masking.name(backends[0]),
                    setting)
