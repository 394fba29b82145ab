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

"""GLC608"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class WorkerAndStaged(check.Check):
    """Imports are to run in the worker, and do not.

    With ``[lifecycle] mode = staged``, and without multiple stores, imports
    run in glance-api whatever ``[lifecycle_transfer] run_in`` says, and end
    with it.

    Set ``mode = auto`` and ``enabled_backends``, or ``run_in = child``.
    """

    code = 'GLC608'
    bad = ({'glance-api.conf': '[lifecycle]\nmode = staged\n'
            '[lifecycle_transfer]\nrun_in = worker\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
             '[glance_store]\ndefault_backend = a\n'
             '[lifecycle_transfer]\nrun_in = worker\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('lifecycle_transfer', 'run_in') == 'worker' and (
                host.value('lifecycle', 'mode') == 'staged'
                or not host.multi_store):
            yield self.found(
                host, '[lifecycle_transfer] run_in',
                'run_in = worker is without effect, as imports are staged.',
                'Set mode = auto in [lifecycle] and use enabled_backends, or '
                'set run_in = child.',
                host.setting('lifecycle_transfer', 'run_in'),
                host.setting('lifecycle', 'mode'))
