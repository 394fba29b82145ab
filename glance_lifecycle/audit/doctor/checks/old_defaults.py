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

"""GLC716"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class OldDefaults(check.Check):
    """Glance's policies are those of old.

    With ``enforce_new_defaults`` false, each policy lets in whom it let in
    before Wallaby as well: the roles reader and member then mean little, and
    who may only read can write.

    Remove the option: Glance's default is true.
    """

    code = 'GLC716'
    bad = (
        {'glance-api.conf': ('[oslo_policy]\n'
            'enforce_new_defaults = false\n')},
    )
    good = (
        {'glance-api.conf': ('[oslo_policy]\n'
            'enforce_new_defaults = true\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('oslo_policy', 'enforce_new_defaults') is False:
            yield self.found(
                host, '[oslo_policy] enforce_new_defaults',
                'enforce_new_defaults is false.',
                'Remove enforce_new_defaults from [oslo_policy].',
                host.setting('oslo_policy', 'enforce_new_defaults'))
