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

"""GLC214"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = /srv/images\n')


class DatadirNotWritable(check.Check):
    """glance-api may not write to the directory of a store.

    glance_store makes the directory if it is not there. Where it may not, or
    may not write to it, it logs an error and goes on: the store is listed, and
    whoever imports to it is refused. Looked at only with ``--this-host``.

    Let the directory belong to the user of glance-api.
    """

    code = 'GLC214'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"owner": "root"}}}'},
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"owner": "root", "exists": false}}}'},
    )
    good = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"owner": "glance"}}}'},
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"owner": "root", "acl": true}}}'},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.here is None:
            return
        user = directories.user(host)
        for one in directories.stores(host):
            place = host.here.place(one.path)
            if place is not None and place.lets(user, 2) is False:
                shown = masking.value(one.path)
                yield self.found(
                    host, 'store %s' % masking.name(one.store),
                    '%s %s, and %s is not who may %s it.' % (
                        shown, 'belongs to %s' % masking.name(place.owner)
                        if place.exists else 'does not exist',
                        masking.name(user),
                        'write to' if place.exists else 'make'),
                    'Run: install -d -o %s -g %s -m 750 %s.' % (
                        masking.name(user), masking.name(user), shown),
                    one.setting)
