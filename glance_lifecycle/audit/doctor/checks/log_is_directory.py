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

"""GLC116"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class LogIsDirectory(check.Check):
    """The file of the log is a directory.

    ``log_file`` names a file, below ``log_dir`` if it has no "/" at its
    beginning. A directory cannot be written, and the service does not start.

    Name a file; the directory is ``log_dir``.
    """

    code = 'GLC116'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nlog_file = /var/log/glance/\n'},)
    good = ({'glance-api.conf': '[DEFAULT]\nlog_file = glance-api.log\n'
             'log_dir = /var/log/glance/\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = host.value('DEFAULT', 'log_file')
        if found and found.endswith('/'):
            yield self.found(
                host, '[DEFAULT] log_file', 'It names a directory.',
                'Write log_dir = %s instead of log_file.'
                % masking.value(found.rstrip('/') or '/'),
                host.setting('DEFAULT', 'log_file'))
