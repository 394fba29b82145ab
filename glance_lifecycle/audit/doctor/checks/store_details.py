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

"""GLC915"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class StoreDetails(check.LiveCheck):
    """A store of the running glance-api is not what its file says.

    Another driver, pool or directory: what is imported now goes where the file
    does not say, and is not found after a restart.

    Find out which is right before glance-api is restarted.
    """

    code = 'GLC915'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         '[a]\nrbd_store_pool = new\n', 'live.json': '{"stores": [{"id": '
         '"a", "kind": "rbd", "details": {"pool": "images"}}]}'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n',
         'live.json': '{"stores": [{"id": "a", "kind": "file"}]}'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n',
         'live.json': '{"stores": [{"id": "a", "kind": "rbd", "details": '
         '{"pool": "images"}}]}'},
        # Who is no administrator does not see them.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n',
         'live.json': '{"stores": [{"id": "a"}, {"id": "b"}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for host in found:
            for store in live.stores or ():
                driver = host.stores.get(store.id)
                if not driver or not store.kind:
                    continue
                if driver != store.kind:
                    yield self._differs(
                        host, store.id, 'enabled_backends', 'driver',
                        store.kind, driver,
                        host.setting('DEFAULT', 'enabled_backends'))
                    continue
                with contextlib.suppress(hosts.Hidden):
                    yield from self._options(host, store)

    def _options(self, host: hosts.Host, store: lives.Store
                 ) -> Iterator[finding.Finding]:
        for detail, name in _OPTIONS.get(store.kind, {}).items():
            wanted = host.value(store.id, name)
            said = store.details.get(detail)
            if not wanted or not said or _same(said, str(wanted)):
                continue
            yield self._differs(host, store.id, name, detail, said,
                                str(wanted), host.setting(store.id, name))

    def _differs(self, host: hosts.Host, store: str, option: str, what: str,
                 said: str, wanted: str, setting: ini.Setting | None
                 ) -> finding.Finding:
        return self.found(
            host, 'store %s, %s' % (masking.name(store), option),
            'Of the store %s, the service has the %s %s, and the file %s.' % (
                masking.name(store), what.replace('_', ' '),
                masking.value(said), masking.value(wanted)),
            'Find out which is right, and then restart glance-api on every '
            'host.', setting)


# What the Image API calls it, and where it is from.
_OPTIONS = {'rbd': {'pool': 'rbd_store_pool'},
            'file': {'data_dir': 'filesystem_store_datadir'}}


def _same(said: str, wanted: str) -> bool:
    return said.rstrip('/') == wanted.rstrip('/')
