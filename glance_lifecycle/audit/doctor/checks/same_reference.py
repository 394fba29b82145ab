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

"""GLC502"""

from collections.abc import Iterator
from collections.abc import Sequence
import urllib.parse

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_NAME = 'worker_self_reference_url'
_LOOPBACK = ('127.0.0.1', 'localhost', '::1', '0.0.0.0', '::')  # noqa: S104


class SameReference(check.Check):
    """The address of a host is that of another, or of every host.

    ``worker_self_reference_url`` is where other hosts pass on the import of an
    image that was staged here. If two have the same, or it is that of the
    loopback interface, the request goes to a host that has no such file, and
    the import fails.

    Set it on each host to a URL that leads to this host alone.
    """

    code = 'GLC502'
    severity = check.ERROR
    bad = (
        {'a/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://192.0.2.1:9292\n',
         'b/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://192.0.2.1:9292/\n'},
        {'a/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://127.0.0.1:9292\n',
         'b/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://192.0.2.2:9292\n'},
    )
    good = (
        {'a/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://192.0.2.1:9292\n',
         'b/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://192.0.2.2:9292\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://127.0.0.1:9292\n'},
    )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        if len(found) < 2:
            return
        by_url: dict[str, list[hosts.Host]] = {}
        for host in found:
            setting = host.setting('DEFAULT', _NAME)
            if setting is not None and setting.value and (
                    not masking.hidden(setting.value)):
                by_url.setdefault(setting.value.rstrip('/'), []).append(host)
        for url, users in by_url.items():
            local = _host(url) in _LOOPBACK
            if local or len(users) > 1:
                yield self.found(
                    users, '[DEFAULT] %s' % _NAME,
                    '%s of %s is %s, %s.' % (
                        _NAME, compared.names(users), masking.value(url),
                        'which leads each host to itself' if local else
                        'the same for all of them'),
                    'Set %s = http://THIS-HOST:9292 on each.' % _NAME,
                    *(user.place(setting) for user in users
                      if (setting := user.setting('DEFAULT', _NAME))))


def _host(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url).hostname or ''
    except ValueError:
        return ''
