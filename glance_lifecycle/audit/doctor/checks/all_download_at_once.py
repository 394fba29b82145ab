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

"""GLC818"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class AllDownloadAtOnce(check.ServiceCheck):
    """Many computes fetch an image at the same time.

    ``precache_concurrency`` is how many of them Nova asks at once to fetch an
    image into their caches. All of them then read it through glance-api.

    Take as many as your glance-api hosts and their network can serve: 1 is the
    default, and a few per host of the API is much.
    """

    code = 'GLC818'
    severity = check.INFO
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'precache_concurrency = 500\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[image_cache]\n'
            'precache_concurrency = 4\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        number = service.value('image_cache', 'precache_concurrency')
        if number is not None and number > 50:
            yield self.found(
                service, '[image_cache] precache_concurrency',
                '%d computes fetch an image at once.' % number,
                'Set precache_concurrency = 10 in [image_cache] of nova.conf.',
                service.setting('image_cache', 'precache_concurrency'))
