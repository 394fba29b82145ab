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

"""GLC816"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class CacheNotCleaned(check.ServiceCheck):
    """Nova never removes an image from a compute.

    Images that no server uses stay in ``_base``, until the disk is full. A
    periodic task removes them, unless it is turned off, or told to keep them.

    Remove the option: by default the task runs every 40 minutes, and removes
    what was not used for a day.
    """

    code = 'GLC816'
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'manager_interval = -1\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'remove_unused_base_images = false\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'manager_interval = 600\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        interval = service.value('image_cache', 'manager_interval')
        kept = service.value(
            'image_cache', 'remove_unused_base_images') is False
        name = 'remove_unused_base_images' if kept else 'manager_interval'
        if kept or (interval is not None and interval < 0):
            yield self.found(
                service, '[image_cache] %s' % name,
                'The cache of images is never cleaned.',
                'Remove %s from [image_cache] of nova.conf.' % name,
                service.setting('image_cache', name))
