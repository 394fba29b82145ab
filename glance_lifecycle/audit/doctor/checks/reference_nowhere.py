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

"""GLC732"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import urllib.parse

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class ReferenceNowhere(check.Check):
    """A host's own address leads every host to itself.

    0.0.0.0 and :: are what a server listens on, and no addresses to reach it
    by. A host that is to pass on a request comes back to itself, and so it
    does with localhost, where there are other hosts.

    Write the address that the others reach this host by.
    """

    code = 'GLC732'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'worker_self_reference_url = http://0.0.0.0:9292\n'},
           {'%s/glance-api.conf' % name: '[DEFAULT]\n'
            'worker_self_reference_url = http://127.0.0.1:929%s\n' % name
            for name in '12'})
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'worker_self_reference_url = http://[2001:db8::1]:9292\n'},
            {'glance-api.conf': '[DEFAULT]\n'
             'worker_self_reference_url = http://localhost:9292\n'},
            {'glance-api.conf': '[DEFAULT]\n'
             'worker_self_reference_url = http://[::x/\n'})

    # What a server listens on, and where a host is for itself.
    _ANY = frozenset(('0.0.0.0', '::'))  # noqa: S104
    _HERE = frozenset(('localhost', '127.0.0.1', '::1'))
    _NAME = 'worker_self_reference_url'

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        bad = self._ANY if len(found) < 2 else self._ANY | self._HERE
        for host in found:
            with contextlib.suppress(hosts.Hidden):
                if self._host(host.value('DEFAULT', self._NAME)) in bad:
                    yield self.found(
                        host, '[DEFAULT] %s' % self._NAME, 'No other host '
                        'reaches this one by that address.',
                        'Set %s = http://THIS-HOST:9292 in [DEFAULT].'
                        % self._NAME, host.setting('DEFAULT', self._NAME))

    def _host(self, url: str | None) -> str | None:
        try:
            return urllib.parse.urlsplit(url or '').hostname
        except ValueError:
            return None
