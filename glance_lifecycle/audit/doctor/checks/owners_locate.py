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

"""GLC717"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class OwnersLocate(check.Check):
    """Users may say where the data of their images is.

    With ``show_multiple_locations``, the owner of an image that has no data
    yet may give it any location in Ceph, and Glance reads that with its own
    key: another project's image or disk, in a pool that it may read. What is
    set so passes no import plugin (OSSN-0065, OSSN-0090, CVE-2016-0757).

    ``show_image_direct_url`` is enough for clones, and lets nobody write. Or
    limit ``set_image_location``, and who may see locations, with
    ``get_image_location``. Nova's snapshots in Ceph set a location as well:
    then Nova needs a token of a service, ``[service_user]``.
    """

    code = 'GLC717'
    severity = check.INFO
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         'show_multiple_locations = true\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         'show_multiple_locations = true\n',
         'policy.yaml': '"set_image_location": "rule:service_api"\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         'show_image_direct_url = true\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         'show_multiple_locations = true\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        name = 'show_multiple_locations'
        if clones.stores(host) and host.value('DEFAULT', name) and (
                'set_image_location' not in rules.of(host).rules):
            yield self.found(
                host, '[DEFAULT] %s' % name,
                '%s is true, and no policy limits set_image_location.' % name,
                'Set show_image_direct_url = True instead of it, or '
                '"set_image_location": "rule:service_api" in policy.yaml.',
                host.setting('DEFAULT', name))
