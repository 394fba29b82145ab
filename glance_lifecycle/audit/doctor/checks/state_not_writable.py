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

"""GLC612"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding

_CONF = '[image_import_opts]\nimage_import_plugins = [lifecycle]\n'
_HERE = '{"places": {"/var/lib/glance/lifecycle": {%s}}}'


class StateNotWritable(check.Check):
    """glance-api cannot keep the journals of imports, or everybody can.

    ``[lifecycle] state_dir`` must belong to the user of glance-api. Where it
    may not write, each import is refused. Where others may, they decide what
    is undone, and so deleted, after a crash. Looked at only with
    ``--this-host``.

    Let it belong to the user of glance-api, and nobody else write to it.
    """

    code = 'GLC612'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF, 'this-host.json':
         _HERE % '"owner": "root"'},
        {'glance-api.conf': _CONF, 'this-host.json':
         _HERE % '"mode": "777"'},
    )
    good = (
        {'glance-api.conf': _CONF, 'this-host.json':
         _HERE % '"owner": "glance", "mode": "700"'},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n', 'this-host.json':
         _HERE % '"owner": "root"'},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        path = host.value('lifecycle', 'state_dir') or ''
        place = host.here.place(path) if host.here else None
        if plugins.OURS not in (plugins.enabled(host) or ()) or (
                place is None or not place.looked):
            return
        user = directories.user(host)
        open_to_all = place.exists and place.mode & 2
        if open_to_all or place.lets(user, 2) is False:
            shown, user = masking.value(path), masking.name(user or 'glance')
            yield self.found(
                host, '[lifecycle] state_dir',
                'Everybody may write to %s.' % shown if open_to_all else
                '%s may not write to %s.' % (user, shown),
                'Run: install -d -o %s -g %s -m 700 %s.' % (
                    user, user, shown),
                host.setting('lifecycle', 'state_dir'))
