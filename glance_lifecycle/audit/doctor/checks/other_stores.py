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

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class OtherStores(check.Check):
    """Hosts of one API have different stores.

    A host that lacks a store cannot show, deliver or delete what is in it; one
    with another default store writes images where nobody looks for them.

    Give every host the same ``enabled_backends`` and ``default_backend``.
    """

    code = 'GLC504'
    severity = check.ERROR
    bad = ({'a/glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
            '[glance_store]\ndefault_backend = a\n',
            'b/glance-api.conf': '[DEFAULT]\nenabled_backends = a:file,b:http'
            '\n[glance_store]\ndefault_backend = a\n'},
           )
    good = ({'a/glance-api.conf': '[DEFAULT]\nenabled_backends = b:http,a:file'
             '\n[glance_store]\ndefault_backend = a\n',
             'b/glance-api.conf': '[DEFAULT]\nenabled_backends = a:file,b:http'
             '\n[glance_store]\ndefault_backend = "a"\n'},
            )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        for section, name in (('DEFAULT', 'enabled_backends'),
                              ('glance_store', 'default_backend')):
            groups = compared.differing(found, functools.partial(
                hosts.Host.value, section=section, name=name))
            if groups:
                some = compared.fewest(groups)
                yield self.found(
                    some, '[%s] %s' % (section, name),
                    '%s has another %s than the others.' % (
                        compared.names(some), name),
                    'Set the same %s on every host.' % name,
                    *(host.place(setting) for host in found
                      if (setting := host.setting(section, name))))
