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

"""GLC828"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class NotConverted(check.ServiceCheck):
    """Cinder may not convert images, and Glance does not either.

    With ``image_conversion_disable``, a volume can be made of a raw image
    only. Any other ends in an error.

    Have imports make images raw: enable ``lifecycle``.
    """

    code = 'GLC828'
    kind = services.CINDER
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'image_conversion_disable = true\n')},
    )
    good = (
        {'glance-api.conf': ('[image_import_opts]\n'
            'image_import_plugins = [lifecycle]\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'image_conversion_disable = true\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'image_conversion_disable = false\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if service.value('DEFAULT', 'image_conversion_disable') and (
                not clones.made_raw(host)):
            yield self.found(
                service, '[DEFAULT] image_conversion_disable',
                'image_conversion_disable is true, and imports do not make '
                'images raw.',
                'Set image_import_plugins = [lifecycle] in '
                '[image_import_opts] of glance-image-import.conf.',
                service.setting('DEFAULT', 'image_conversion_disable'))
