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

"""GLC614"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[lifecycle_signing]\nsigning_key = /etc/glance/signing.key\n'
         'signing_certificate_id = image-service\n')
_HERE = '{"places": {"/etc/glance/signing.key": {%s}}}'


class SigningKeyReadable(check.Check):
    """Everybody may read the key that the service signs with, or it may not.

    Who has the key can sign any image in the name of the service, and Nova
    boots it. Where glance-api may not read it, each import that is to be
    signed fails. Looked at only with ``--this-host``.

    Let the file belong to root and the group of glance-api, with mode 640. If
    others could read it, make a new key.
    """

    code = 'GLC614'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF, 'this-host.json':
         _HERE % '"owner": "root", "mode": "644"'},
        {'glance-api.conf': _CONF, 'this-host.json':
         _HERE % '"owner": "root", "mode": "600"'},
        {'glance-api.conf': _CONF, 'this-host.json':
         _HERE % '"owner": "root", "exists": false'},
    )
    good = (
        {'glance-api.conf': _CONF, 'this-host.json':
         _HERE % '"owner": "root", "groups": ["glance"], "mode": "640"'},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        path = host.value('lifecycle_signing', 'signing_key') or ''
        # Else it is an id in the key manager.
        place = host.here.place(path) if host.here and (
            path.startswith('/')) else None
        if place is None or not place.looked:
            return
        user = directories.user(host)
        wrong = ('It does not exist' if not place.exists
                 else 'Everybody may read it' if place.mode & 4
                 else '%s may not read it' % masking.name(user)
                 if place.lets(user, 4) is False else '')
        if wrong:
            shown = masking.value(path)
            yield self.found(
                host, '[lifecycle_signing] signing_key',
                '%s: %s.' % (shown, wrong),
                'Put the key there, or correct signing_key.'
                if not place.exists else
                'Run: chown root:%s %s && chmod 640 %s.' % (
                    masking.name(user or 'glance'), shown, shown),
                host.setting('lifecycle_signing', 'signing_key'))
