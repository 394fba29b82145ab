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

"""GLC227"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:cinder\n[glance_store]\n'
         'default_backend = a\n[a]\ncinder_volume_type = images\n')
_ALL = ('cinder_store_auth_address = https://keystone.example/v3\n'
        'cinder_store_user_name = glance\ncinder_store_password = s3cr3t\n'
        'cinder_store_project_name = service\n')


class CinderCredentials(check.Check):
    """A Cinder store has a part of its credentials.

    The driver uses them only if it has the address, the user, the password and
    the project. Otherwise it asks Cinder as the user who uploads: the volumes
    are in that user's project, count for its quota, and can be deleted there.

    Set all four.
    """

    code = 'GLC227'
    bad = ({'glance-api.conf': _CONF + 'cinder_store_user_name = glance\n'
            'cinder_store_password = s3cr3t\n'},)
    good = ({'glance-api.conf': _CONF + _ALL},
            {'glance-api.conf': _CONF + _ALL.replace('s3cr3t', '*********')},
            {'glance-api.conf': _CONF})

    _NAMES = ('auth_address', 'user_name', 'password', 'project_name')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            found = {name: setting for name in self._NAMES
                     if (setting := host.setting(
                         store, 'cinder_store_' + name)) and setting.value}
            if driver != 'cinder' or not (
                    'user_name' in found or 'password' in found):
                continue
            lacking = ' and '.join('cinder_store_' + name for name
                                   in self._NAMES if name not in found)
            if lacking:
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'The store %s lacks %s, so the rest is not used.' % (
                        masking.name(store), lacking),
                    'Set %s in [%s].' % (lacking, masking.name(store)),
                    *found.values())
