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

"""GLC505"""

from collections.abc import Iterator
from collections.abc import Sequence
import hashlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding


class OtherPolicy(check.Check):
    """Hosts of one API have different lifecycle policies.

    What becomes of an image is then up to the host that imports it, and the
    worker undoes here what was done there.

    Put the same file on every host.
    """

    code = 'GLC505'
    severity = check.ERROR
    bad = ({'a/glance-api.conf': '[lifecycle]\n'
            'policy_file = /etc/glance/lifecycle-policy.yaml\n',
            'a/lifecycle-policy.yaml': 'version: 1\n',
            'b/glance-api.conf': '[lifecycle]\n'
            'policy_file = /etc/glance/lifecycle-policy.yaml\n',
            'b/lifecycle-policy.yaml': 'version: 1\ndescription: newer\n'},
           )
    good = ({'a/glance-api.conf': '[lifecycle]\n'
             'policy_file = /etc/glance/lifecycle-policy.yaml\n',
             'a/lifecycle-policy.yaml': 'version: 1\n',
             'b/glance-api.conf': '[lifecycle]\n'
             'policy_file = /etc/glance/lifecycle/other-policy.yaml\n',
             'b/lifecycle/other-policy.yaml': 'version: 1\n'},
            )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        named = {host: path for host in found if (path := _path(host))}
        groups = compared.differing(found, lambda host: host in named)
        if groups is None:
            digests = {host: digest for host, path in named.items()
                       if (digest := _digest(host, path))}
            groups = compared.differing(list(digests), digests.__getitem__)
        if groups:
            some = compared.fewest(groups)
            yield self.found(
                some, '[lifecycle] policy_file',
                '%s has another lifecycle policy than the others, or none.'
                % compared.names(some), 'Put the same file on every host.',
                *(host.place(setting) for host in found if (
                    setting := host.setting('lifecycle', 'policy_file'))))


def _path(host: hosts.Host) -> str:
    try:
        return host.value('lifecycle', 'policy_file') or ''
    except hosts.Hidden:
        return ''


def _digest(host: hosts.Host, path: str) -> str:
    try:
        data = host.directory.data(path)
    except reading.Unreadable:
        return ''
    return '' if data is None else hashlib.sha256(data).hexdigest()
