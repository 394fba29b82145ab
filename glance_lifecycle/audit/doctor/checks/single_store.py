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

"""GLC201"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class SingleStore(check.Check):
    """Glance has a single store, configured as of old.

    Without ``[DEFAULT] enabled_backends`` there is one place for every image,
    copies and choices of stores do not exist, and imports are converted in
    the staging directory instead of being written in one pass.

    Name the store in ``enabled_backends``, give it a section of its own, and
    name it in ``[glance_store] default_backend``. Images that are there stay
    where they are: when one is next read, Glance finds its store by its
    location. That is saved only if somebody reads it who may change it.
    """

    code = 'GLC201'
    severity = check.INFO
    bad = ({'glance-api.conf': '[glance_store]\nstores = file\n'},)
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:file\n'
             '[glance_store]\ndefault_backend = fast\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not host.multi_store:
            yield self.found(
                host, '[DEFAULT] enabled_backends',
                'Multiple stores are not configured.',
                'Set enabled_backends = NAME:DRIVER in [DEFAULT], and '
                'default_backend = NAME in [glance_store].',
                host.setting('glance_store', 'stores'))
