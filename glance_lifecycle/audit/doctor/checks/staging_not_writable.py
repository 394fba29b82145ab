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

"""GLC306"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n')
_HERE = '{"places": {"/var/lib/glance/os_glance_staging_store": {%s}}}'


class StagingNotWritable(check.Check):
    """glance-api may not write to the staging directory.

    Nothing can be staged, and so nothing imported. Glance makes the directory
    if it is not there, and may make it. Looked at only with ``--this-host``.

    Let the directory belong to the user of glance-api.
    """

    code = 'GLC306'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF,
         'this-host.json': _HERE % '"owner": "root"'},
        {'glance-api.conf': _CONF,
         'this-host.json': _HERE % '"owner": "root", "exists": false'},
    )
    good = (
        {'glance-api.conf': _CONF,
         'this-host.json': _HERE % '"owner": "glance", "exists": false'},
        {'glance-api.conf': _CONF, 'this-host.json': _HERE % (
            '"owner": "root", "groups": ["glance"], "mode": "770"')},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        staging = directories.staging(host)
        place = staging and host.here and host.here.place(staging.path)
        user = directories.user(host) if host.here else ''
        if staging and place and place.lets(user, 2) is False:
            shown = masking.value(staging.path)
            yield self.found(
                host, staging.full_name, '%s %s, and %s is not who may %s '
                'it.' % (shown, 'belongs to %s' % masking.name(place.owner)
                         if place.exists else 'does not exist',
                         masking.name(user),
                         'write to' if place.exists else 'make'),
                'Run: install -d -o %s -g %s -m 750 %s.' % (
                    masking.name(user), masking.name(user), shown),
                staging.setting)
