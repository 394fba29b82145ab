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

"""GLC709"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class AnybodyLocates(check.Check):
    """Anybody may say where the data of an image is.

    A location that a user sets is read by Glance, and by Nova and Cinder with
    their own rights: it may be the disk of another project in the same Ceph
    pool, or other bytes than those that were checked (OSSN-0065, OSSN-0090,
    CVE-2016-0757). No import plugin sees it, and no signature is looked at.

    Leave these policies to administrators and services.
    """

    code = 'GLC709'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"set_image_location": ""\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"fetch_image_location": "role:service or @"\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"set_image_location": "role:admin"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"add_image_location": "rule:service_api"\n')},
    )

    _NAMES = ('set_image_location', 'add_image_location',
              'delete_image_location', 'fetch_image_location')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        names = [name for name in self._NAMES if found.anybody(name)]
        if names:
            yield self.found(
                host, names[0], 'The policy lets everybody do this with the '
                'locations of images: %s.' % ', '.join(names),
                'Set %s to "rule:service_api" in the policy file.'
                % ', '.join(names),
                *(found.rules[name].place for name in names))
