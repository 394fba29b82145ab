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

"""GLC801"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class BesideUnreadable(check.Check):
    """A file of Nova, Cinder or Ceph could not be used.

    What it says about images was not looked at.

    Make it readable, or gather it again.
    """

    code = 'GLC801'
    severity = check.UNKNOWN
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('\x00\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'etc/cinder/cinder.conf': ('\x00\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[DEFAULT]\n'
            'debug = false\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for file in host.beside.broken:
            yield self.found(host, file.shown, 'It was not looked at: %s'
                             % file.broken, 'Make it readable, or gather it '
                             'again.',
                             finding.Place(file.shown))
