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

"""GLC817"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class CacheForgets(check.ServiceCheck):
    """Nova removes images from a compute that it soon needs again.

    ``remove_unused_original_minimum_age_seconds`` is for how long an image
    that no server uses is kept: a day by default. Within minutes, an image
    that is used in turns is downloaded each time.

    Remove the option, unless the disk is too small for the images of a day.
    """

    code = 'GLC817'
    severity = check.INFO
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'remove_unused_original_minimum_age_seconds = 60\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'remove_unused_original_minimum_age_seconds = 3600\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'remove_unused_original_minimum_age_seconds = 60\n'
            '[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        name = 'remove_unused_original_minimum_age_seconds'
        age = service.value('image_cache', name)
        if age is not None and age < 600 and not clones.in_ceph(service):
            yield self.found(
                service, '[image_cache] %s' % name,
                'Images are kept for %d seconds after their last use.' % age,
                'Remove %s from [image_cache] of nova.conf.' % name,
                service.setting('image_cache', name))
