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

"""GLC308"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n')
_HERE = '{"places": {"/var/lib/glance/os_glance_staging_store": {%s}}}'


class StagingOnNetwork(check.Check):
    """Images are staged on a file system of the network.

    Each image then crosses the network to be staged, to be read, and where it
    is converted once more each way. Hosts need not share what is staged:
    Glance passes an import on to the host that staged it. Where they do share
    it, each must still name itself by an address of its own. Looked at only
    with ``--this-host``.

    Stage on a local disk.
    """

    code = 'GLC308'
    severity = check.INFO
    bad = ({'glance-api.conf': _CONF, 'this-host.json':
            _HERE % '"kind": "nfs4", "looked": false'},)
    good = (
        {'glance-api.conf': _CONF,
         'this-host.json': _HERE % '"kind": "xfs"'},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        staging = directories.staging(host)
        place = staging and host.here and host.here.place(staging.path)
        if staging and place and place.kind in facts.ON_NETWORK:
            yield self.found(
                host, staging.full_name, '%s is on %s.' % (
                    masking.value(staging.path), place.kind),
                'Mount a local file system there, or set %s in [%s] to a '
                'directory on one.' % (staging.name, staging.section),
                staging.setting)
