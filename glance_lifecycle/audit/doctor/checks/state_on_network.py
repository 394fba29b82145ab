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

"""GLC613"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding

_CONF = '[image_import_opts]\nimage_import_plugins = [lifecycle]\n'
_HERE = '{"places": {"/var/lib/glance/lifecycle": {%s}}}'


class StateOnNetwork(check.Check):
    """The journals of imports are on a file system of the network.

    ``[lifecycle] state_dir`` must belong to one host: whether an import is
    still alive is known by locks of its processes. Hosts that share the
    directory undo each other's imports. Looked at only with ``--this-host``.

    Name a local directory, that is kept when the host starts again.
    """

    code = 'GLC613'
    bad = ({'glance-api.conf': _CONF, 'this-host.json':
            _HERE % '"kind": "nfs4", "looked": false'},)
    good = (
        {'glance-api.conf': _CONF, 'this-host.json': _HERE % '"kind": "xfs"'},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        path = host.value('lifecycle', 'state_dir') or ''
        place = host.here.place(path) if host.here else None
        if place and place.kind in facts.ON_NETWORK and (
                plugins.OURS in (plugins.enabled(host) or ())):
            yield self.found(
                host, '[lifecycle] state_dir', '%s is on %s.' % (
                    masking.value(path), place.kind),
                'Set state_dir in [lifecycle] to a directory on a local disk.',
                host.setting('lifecycle', 'state_dir'))
