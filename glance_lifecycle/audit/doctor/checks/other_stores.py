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

"""GLC504"""

from collections.abc import Iterator
from collections.abc import Sequence
import functools
from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = %s\n')


class OtherStores(check.Check):
    """Hosts of one API have different stores.

    A host that lacks a store cannot show, deliver or delete what is in it; one
    with another default store writes images where nobody looks for them. Where
    a store lies in another directory, pool, container or bucket, a host does
    not find the images that the others have written.

    Give every host the same ``enabled_backends`` and ``default_backend``, and
    every store the same place.
    """

    code = 'GLC504'
    severity = check.ERROR
    bad = ({'a/glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
            '[glance_store]\ndefault_backend = a\n',
            'b/glance-api.conf': '[DEFAULT]\nenabled_backends = a:file,b:http'
            '\n[glance_store]\ndefault_backend = a\n'},
           {'a/glance-api.conf': _CONF % '/var/lib/glance/images',
            'b/glance-api.conf': _CONF % '/srv/images'})
    good = ({'a/glance-api.conf': '[DEFAULT]\nenabled_backends = b:http,a:file'
             '\n[glance_store]\ndefault_backend = a\n',
             'b/glance-api.conf': '[DEFAULT]\nenabled_backends = a:file,b:http'
             '\n[glance_store]\ndefault_backend = "a"\n'},
            {'a/glance-api.conf': _CONF % '/srv/images',
             'b/glance-api.conf': _CONF % '/srv/images/'},
            {'a/glance-api.conf': _CONF % '/srv/images',
             'b/glance-api.conf': _CONF % '*********'})

    # Where a store's images lie.
    _PLACES = ('filesystem_store_datadir', 'filesystem_store_datadirs',
               'rbd_store_pool', 'swift_store_container', 's3_store_bucket')

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        for section, name in (('DEFAULT', 'enabled_backends'),
                              ('glance_store', 'default_backend')):
            yield from self._compared(found, section, name)
        for store in sorted({one for host in found for one in host.stores}):
            with_it = [host for host in found if store in host.stores]
            for name in self._PLACES:
                if any(host.setting(store, name) for host in with_it):
                    yield from self._compared(with_it, store, name)

    def _compared(self, found: Sequence[hosts.Host], section: str, name: str
                  ) -> Iterator[finding.Finding]:
        groups = compared.differing(found, functools.partial(
            _value, section=section, name=name))
        if groups:
            some = compared.fewest(groups)
            yield self.found(
                some, '[%s] %s' % (masking.name(section), name),
                '%s has another %s than the others.' % (
                    compared.names(some), name),
                'Set the same %s on every host.' % name,
                *(host.place(setting) for host in found
                  if (setting := host.setting(section, name))))


def _value(host: hosts.Host, section: str, name: str) -> Any:
    value = host.value(section, name)
    # The same directory with and without a slash.
    return value.rstrip('/') if isinstance(value, str) else value
