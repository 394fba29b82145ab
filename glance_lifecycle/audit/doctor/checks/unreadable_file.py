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

"""GLC107"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class UnreadableFile(check.Check):
    """A file of the configuration that could not be looked at.

    It is no text, too large, not readable for whoever runs the doctor, or a
    symbolic link that leads elsewhere. What it says is not judged, and what
    other files say may be overridden by it.

    Run the doctor as a user who may read the file, or gather the directory
    anew, with what its links lead to.
    """

    code = 'GLC107'
    severity = check.UNKNOWN
    bad = ({'glance-api.conf': '[DEFAULT]\ndebug = \0\n'},)
    good = ({'glance-api.conf': '[DEFAULT]\ndebug = true\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for file in host.files:
            if file.broken:
                yield self.found(
                    host, file.shown, '%s was not looked at. %s' % (
                        file.shown, file.broken),
                    'Make it a file that can be read, and look again.',
                    finding.Place(file.shown))
