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

"""GLC605"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class ModeDirect(check.Check):
    """Imports must be direct, and cannot be.

    ``[lifecycle] mode = direct`` writes all stores in one pass, for which
    Glance must have multiple stores. Every import fails.

    Set ``mode = auto``, or ``enabled_backends``.
    """

    code = 'GLC605'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[lifecycle]\nmode = direct\n'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n'
         '[lifecycle]\nmode = direct\n'},
        {'glance-api.conf': '[lifecycle]\nmode = auto\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('lifecycle', 'mode') == 'direct' and (
                not host.multi_store):
            yield self.found(
                host, '[lifecycle] mode', 'mode is direct, and there is no '
                'enabled_backends.', 'Set mode = auto in [lifecycle].',
                host.setting('lifecycle', 'mode'))
