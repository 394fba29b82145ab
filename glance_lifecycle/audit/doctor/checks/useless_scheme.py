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

"""GLC826"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class UselessScheme(check.ServiceCheck):
    """Cinder is to read images by itself, in a way that it does not know.

    ``allowed_direct_url_schemes`` knows ``file`` and ``cinder``. Anything
    else, such as ``rbd``, has no effect: clones in Ceph do not depend on it.
    ``cinder`` and ``file`` work only with images that show their location.

    Remove the value, or set ``show_image_direct_url`` in glance-api.conf.
    """

    code = 'GLC826'
    severity = check.INFO
    kind = services.CINDER
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'allowed_direct_url_schemes = rbd\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'allowed_direct_url_schemes = cinder\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'allowed_direct_url_schemes = cinder\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'debug = false\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        schemes = service.value('DEFAULT', 'allowed_direct_url_schemes') or []
        known = {'file', 'cinder'}
        wrong = sorted(set(schemes) - known) or (
            [] if clones.visible(host)
            else sorted(known.intersection(schemes)))
        if wrong:
            yield self.found(
                service, '[DEFAULT] allowed_direct_url_schemes',
                'It has no effect for '
                '%s.' % ', '.join(map(masking.value, wrong[:5])),
                'Remove it from allowed_direct_url_schemes in cinder.conf.',
                service.setting('DEFAULT', 'allowed_direct_url_schemes'))
