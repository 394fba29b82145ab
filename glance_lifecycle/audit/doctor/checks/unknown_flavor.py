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

"""GLC743"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import paste
from glance_lifecycle.audit import finding


class UnknownFlavor(check.Check):
    """The flavor is none of Glance's.

    ``flavor`` of ``[paste_deploy]`` names a section of glance-api-paste.ini.
    If there is none of that name, glance-api does not start.

    Write one that Glance has.
    """

    code = 'GLC743'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[paste_deploy]\nflavor = keystone+cache\n'},
           {'glance-api.conf': '[paste_deploy]\nflavor = Keystone\n'},
           {'glance-api.conf': '[paste_deploy]\nflavor = ours\n',
            'glance-api-paste.ini': '[composite:glance-api-keystone]\n'})
    good = ({'glance-api.conf': '[paste_deploy]\nflavor = keystone+caching\n'},
            # Somebody's own, which may be in a file that is not at hand.
            {'glance-api.conf': '[paste_deploy]\nflavor = ours\n'},
            {'glance-api.conf': '[paste_deploy]\nflavor = keystone+cache\n'
             'config_file = x.ini\n'},
            {'glance-api.conf': '[paste_deploy]\nflavor = keystone+cache\n',
             'glance-api-paste.ini': '[composite:glance-api-keystone+cache]\n'
             })

    _KNOWN = ('keystone', 'keystone+caching', 'keystone+cachemanagement',
              'caching', 'cachemanagement')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = host.value('paste_deploy', 'flavor')
        file = paste.of(host)
        if file and found and file.flavors and (
                found.strip() not in file.flavors):
            meant = near.closest(found.lower(), file.flavors, 0.6)
            yield self.found(
                host, '[paste_deploy] flavor',
                'glance-api-paste.ini has no glance-api-%s.'
                % masking.name(found),
                'Write flavor = %s in [paste_deploy].' % masking.name(meant)
                if meant else 'Write one that it has: %s.' % ', '.join(
                    map(masking.name, filter(None, file.flavors[:10]))),
                host.setting('paste_deploy', 'flavor'))
        meant = near.closest(found.lower(), self._KNOWN, 0.75) if (
            found) else None
        if meant and found not in self._KNOWN and not host.setting(
                'paste_deploy', 'config_file') and (
                    host.directory.lacks('glance-api-paste.ini')):
            yield self.found(
                host, '[paste_deploy] flavor', 'Glance has no such flavor.',
                'Write flavor = %s in [paste_deploy].' % meant,
                host.setting('paste_deploy', 'flavor'))
