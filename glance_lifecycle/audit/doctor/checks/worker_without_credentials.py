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

"""GLC615"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import worker_files
from glance_lifecycle.audit import finding

_FILE = 'glance-lifecycle-worker.conf'


class WorkerWithoutCredentials(check.Check):
    """The worker has nothing to ask the cloud with.

    It asks Glance, Nova and Cinder as a user of its own. Without
    ``auth_type``, or an ``auth_section`` that has it, the worker does not
    start its work.

    Set them in ``[lifecycle_worker]`` of glance-lifecycle-worker.conf.
    """

    code = 'GLC615'
    severity = check.ERROR
    bad = (
        {_FILE: '[lifecycle_worker]\nmode = act\n'},
        {_FILE: '[lifecycle_worker]\nauth_section = keystone_authtoken\n'},
    )
    good = (
        {_FILE: '[lifecycle_worker]\nauth_type = password\n'},
        {_FILE: '[lifecycle_worker]\nauth_section = keystone_authtoken\n',
         'glance-api.conf': '[keystone_authtoken]\nauth_type = password\n'},
        {'glance-api.conf': '[lifecycle_worker]\nmode = act\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not worker_files.there(host):
            return
        section = 'lifecycle_worker'
        other = worker_files.setting(host, section, 'auth_section')
        if other and masking.hidden(other.value):
            return
        where = other.value if other and other.value else section
        found = worker_files.setting(host, where, 'auth_type')
        if found is None or not found.value:
            yield self.found(
                host, '[%s] auth_type' % section,
                'glance-lifecycle-worker.conf is there, and %s.' % (
                    'the section that auth_section names has no auth_type'
                    if other else '[%s] has no auth_type' % section),
                'Set auth_type = password, auth_url, username, password, '
                'project_name and their domains in [%s].' % section, other,
                worker_files.place(host))
