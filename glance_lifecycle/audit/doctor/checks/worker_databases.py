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

"""GLC611"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import worker_files
from glance_lifecycle.audit import finding

_RUN = '[lifecycle_transfer]\nrun_in = worker\n'
_SERVER = ('[lifecycle_worker]\n'
           'connection = mysql+pymysql://l:s3cr3t@db/lifecycle\n')


class WorkerDatabases(check.Check):
    """Workers on several hosts have each a database of their own.

    Without ``[lifecycle_worker] connection``, or with SQLite, it is a file of
    one host. The workers then know nothing of each other: each finds the same
    images, and copies or deletes them a second time.

    Set the same server on every host, for glance-api and the worker.
    """

    code = 'GLC611'
    bad = (
        {'a/glance-api.conf': _RUN, 'b/glance-api.conf': _RUN},
        {'a/glance-lifecycle-worker.conf': '[lifecycle_worker]\nmode = act\n',
         'b/glance-lifecycle-worker.conf': '[lifecycle_worker]\n'
         'connection = sqlite:////srv/worker.db\n'},
    )
    good = (
        {'a/glance-api.conf': _RUN + _SERVER,
         'b/glance-api.conf': _RUN + _SERVER},
        {'a/glance-api.conf': _RUN,
         'b/glance-api.conf': '[DEFAULT]\ndebug = false\n'},
        {'glance-api.conf': _RUN},
    )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        with_worker = [host for host in found if self._has(host)]
        if len(with_worker) < 2:
            return
        settings = {host.name: worker_files.setting(
            host, 'lifecycle_worker', 'connection') for host in with_worker}
        some = [host for host in with_worker
                if not (one := settings[host.name]) or (
                    not masking.hidden(one.value)
                    and one.value.startswith('sqlite'))]
        if some:
            yield self.found(
                some, '[lifecycle_worker] connection',
                'There are workers on %d hosts, and the database of %s is a '
                'file.' % (len(with_worker), compared.names(some)),
                'Set connection in [lifecycle_worker] to the same server on '
                'every host: mysql+pymysql://USER:PASSWORD@HOST/lifecycle.',
                *(host.place(one) for host in some
                  if (one := settings[host.name])))

    def _has(self, host: hosts.Host) -> bool:
        try:
            return worker_files.there(host) or worker_files.value(
                host, 'lifecycle_transfer', 'run_in') == 'worker'
        except hosts.Hidden:
            return False
