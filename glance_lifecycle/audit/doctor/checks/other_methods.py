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

"""GLC902"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class OtherMethods(check.LiveCheck):
    """The running glance-api takes other import methods than its file says.

    It was not restarted since the file was changed, or another host answered
    than the one that the file is from.

    Restart glance-api on every host.
    """

    code = 'GLC902'
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'enabled_import_methods = [glance-direct]\n',
            'live.json': '{"methods": ["glance-direct", "web-download"]}'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_import_methods = [web-download, glance-direct]\n',
         'live.json': '{"methods": ["glance-direct", "web-download"]}'},
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_import_methods = [glance-direct]\n',
         'live.json': '{}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for host in found if live.methods is not None else ():
            wanted = host.value('DEFAULT', 'enabled_import_methods') or []
            if set(wanted) == set(live.methods or ()):
                continue
            yield self.found(
                host, '[DEFAULT] enabled_import_methods',
                'The service takes %s, and the file says %s.' % (
                    _names(live.methods or ()), _names(wanted)),
                'Restart glance-api on every host, and ask again.',
                host.setting('DEFAULT', 'enabled_import_methods'))


def _names(methods: Sequence[str]) -> str:
    return ', '.join(masking.name(one) for one in sorted(methods)) or 'none'
