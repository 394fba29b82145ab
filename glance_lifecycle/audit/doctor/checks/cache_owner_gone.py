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

"""GLC921"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service
from glance_lifecycle.audit import finding


class CacheOwnerGone(check.LiveCheck):
    """Cinder's cache of images belongs to nobody.

    Cinder keeps the volumes of its image cache as those of one project and
    user, which cinder.conf names by their ids. Keystone does not have what is
    named there: after a rebuild, or because a name was written for an id.
    Then Cinder cannot keep them, and each volume is made of a download.

    Name the ids of a project and a user that are there.
    """

    code = 'GLC921'
    severity = check.ERROR
    bad = ({'cinder/cinder.conf': '[DEFAULT]\n'
            'cinder_internal_tenant_project_id = b7e2\n',
            'live.json': '{"known": {"project b7e2": false}}'},)
    good = (
        {'cinder/cinder.conf': '[DEFAULT]\n'
         'cinder_internal_tenant_project_id = b7e2\n',
         'live.json': '{"known": {"project b7e2": true}}'},
        {'cinder/cinder.conf': '[DEFAULT]\n'
         'cinder_internal_tenant_user_id = b7e2\n', 'live.json': '{}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for host in found:
            for cinder in host.beside.of(service.CINDER):
                for kind in ('project', 'user'):
                    name = 'cinder_internal_tenant_%s_id' % kind
                    with contextlib.suppress(hosts.Hidden):
                        named = cinder.value('DEFAULT', name)
                        setting = cinder.setting('DEFAULT', name)
                        if setting and live.known.get(
                                '%s %s' % (kind, named)) is False:
                            yield self.found(
                                cinder, '[DEFAULT] %s' % name,
                                'Keystone has no %s with the id %s.' % (
                                    kind, masking.name(str(named))),
                                'Set %s to what "openstack %s list" shows.'
                                % (name, kind), cinder.place(setting))
