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

"""GLC106"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class UnreadableLine(check.Check):
    """A line that oslo.config cannot read.

    One is enough for the service not to start. Every line is a section in
    brackets, an option with "=", a comment that begins with "#", or blank. A
    line that is indented continues the one before it.

    Correct the line. It is not shown, as it may hold a secret.
    """

    code = 'GLC106'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\ndebug\n'},
        {'glance-api.conf': 'debug = true\n'},
        {'glance-api.conf': '[DEFAULT\ndebug = true\n'},
        {'glance-api.conf': '[DEFAULT]\n\n  debug = true\n'},
    )
    good = ({'glance-api.conf': '[DEFAULT]\n# debug\ndebug = true\n'
             'enabled_import_methods = [glance-direct,\n  web-download]\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for file in host.files:
            for problem in file.parsed.problems:
                yield self.found(
                    host, file.shown, problem.message,
                    problem.remedy or 'Correct line %d of %s.' % (
                        problem.line, file.shown),
                    finding.Place(file.shown, problem.line))
