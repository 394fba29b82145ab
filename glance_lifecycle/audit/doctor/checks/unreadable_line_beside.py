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

"""GLC839"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class UnreadableLineBeside(check.Check):
    """A line of Nova's or Cinder's configuration cannot be read.

    oslo.config stops at it, and the service does not start.

    Correct the line. It is not shown, as it may hold a secret.
    """

    code = 'GLC839'
    severity = check.ERROR
    bad = ({'glance-api.conf': '\n', 'nova.conf': '[libvirt\n'},
           {'glance-api.conf': '\n', 'cinder.conf': '[DEFAULT]\nx\n'})
    good = ({'glance-api.conf': '\n', 'nova.conf': '[libvirt]\n# x\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for service in host.beside.services:
            for file in service.files:
                for problem in file.parsed.problems:
                    yield self.found(
                        service, file.shown, problem.message,
                        problem.remedy or 'Correct line %d of %s.' % (
                            problem.line, file.shown),
                        finding.Place(file.shown, problem.line))
