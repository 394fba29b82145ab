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

"""GLC309"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n')
_HERE = '{"places": {"/var/lib/glance/os_glance_staging_store": {%s}}}'


class StagingOpen(check.Check):
    """Every user of this host may write to the staging directory.

    Whoever can may put another file in the place of one that is about to be
    imported, or a symbolic link. Looked at only with ``--this-host``.

    Take that right away.
    """

    code = 'GLC309'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF,
            'this-host.json': _HERE % '"mode": "777"'},)
    good = (
        {'glance-api.conf': _CONF,
         'this-host.json': _HERE % '"mode": "755"'},
        # It is /tmp that everybody may write to, and the directory is made.
        {'glance-api.conf': _CONF,
         'this-host.json': _HERE % '"mode": "1777", "exists": false'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        staging = directories.staging(host)
        place = staging and host.here and host.here.place(staging.path)
        if staging and place and place.looked and place.exists and (
                place.mode & 2):
            yield self.found(
                host, staging.full_name,
                'Everybody may write to %s: its mode is %o.' % (
                    masking.value(staging.path), place.mode),
                'Run: chmod 750 %s.' % masking.value(staging.path),
                staging.setting)
