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

"""GLC903"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class OtherLiveStores(check.LiveCheck):
    """The running glance-api has other stores than its file says.

    It was not restarted since the file was changed, or another host answered
    than the one that the file is from. An import into a store that only some
    hosts know fails now and then.

    Restart glance-api on every host.
    """

    code = 'GLC903'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file, b:file\n'
         '[glance_store]\ndefault_backend = a\n',
         'live.json': '{"stores": [{"id": "a", "default": true}]}'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file, b:file\n'
         '[glance_store]\ndefault_backend = a\n',
         'live.json': '{"stores": [{"id": "a"}, '
         '{"id": "b", "default": true}]}'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file, b:file\n'
         '[glance_store]\ndefault_backend = a\n',
         'live.json': '{"stores": [{"id": "b"}, '
         '{"id": "a", "default": true}]}'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n',
         'live.json': '{}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for host in found if live.stores is not None else ():
            there = {one.id for one in live.stores or ()}
            default = [one.id for one in live.stores or () if one.default]
            named = host.value('glance_store', 'default_backend')
            if there != set(host.stores):
                yield self._differs(host, 'The service has the stores %s, '
                                    'and the file %s.' % (
                                        _names(there), _names(host.stores)))
            elif host.stores and default != [named]:
                yield self._differs(host, 'The default store of the service '
                                    'is %s, and that of the file %s.' % (
                                        _names(default), _names([named])))

    def _differs(self, host: hosts.Host, evidence: str) -> finding.Finding:
        return self.found(
            host, '[DEFAULT] enabled_backends', evidence,
            'Restart glance-api on every host, and ask again.',
            host.setting('DEFAULT', 'enabled_backends'),
            host.setting('glance_store', 'default_backend'))


def _names(stores: Iterable[object]) -> str:
    return ', '.join(masking.name(str(one)) for one in sorted(
        map(str, stores))) or 'none'
