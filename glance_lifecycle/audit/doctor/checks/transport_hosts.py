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

"""GLC739"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


# Of a URL, what is judged.
_LONGEST = 2000
_URL = '[DEFAULT]\ntransport_url = %s\n'


class TransportHosts(check.Check):
    """The address of the message broker is not complete.

    oslo.messaging wants the kind of the broker before "://", and the user and
    the password before each of several hosts: with a host that has none, it
    connects as guest. A "/", "?" or "#" in a password ends the hosts: what is
    before it is taken for one, and glance-api does not start, or connects to
    what is no broker.

    Write such a character in a password as %2F, %3F or %23, and the URL as
    rabbit://USER:PASSWORD@HOST:PORT,USER:PASSWORD@HOST:PORT/.
    """

    code = 'GLC739'
    severity = check.ERROR
    bad = ({'glance-api.conf': _URL % 'glance:s3cr3t@192.0.2.1:5672/'},
           {'glance-api.conf': _URL
            % 'rabbit://glance:s3cr3t@192.0.2.1,192.0.2.2/'},
           {'glance-api.conf': _URL % 'rabbit://g:s3/cr3t@192.0.2.1:5672/'},
           {'glance-api.conf': _URL % 'rabbit://g:p@s/w#d@192.0.2.1:5672/'})
    good = (
        {'glance-api.conf': _URL % 'rabbit://g:s3cr3t@a:5672,g:s3cr3t@b/g'},
        {'glance-api.conf': _URL % 'rabbit://a:5672,b:5672/'},
        {'glance-api.conf': _URL % 'rabbit://g:*********@a,g:*********@b/'},
        {'glance-api.conf': _URL % '*********'},
        {'glance-api.conf': _URL % 'rabbit://'},
        {'glance-api.conf': _URL % 'rabbit://g:p@s@192.0.2.1:5672/glance'},
        {'glance-api.conf': _URL % 'rabbit://g:s3cr3t@192.0.2.1/g@home'},
        {'glance-api.conf': _URL % 'rabbit://g:s3cr3t@192.0.2.1/?a=b@c'},
        {'glance-api.conf': _URL % 'fake:///'},
        {'glance-api.conf': _URL % 'kafka://g:a$$,/b@h/'})

    _SECTIONS = ('DEFAULT', 'oslo_messaging_notifications')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for section in self._SECTIONS:
            setting = host.setting(section, 'transport_url')
            value = setting.value if setting else ''
            if not value or value.startswith('*') or '$' in value:
                continue
            remedy = (
                'Write rabbit://, and a user and a password before each host.')
            if '://' not in value:
                what, severity = (
                    'transport_url has no kind of broker before "://".', None)
            elif self._cut(value):
                what, severity = (
                    'A password in transport_url has "/", "?" or "#", which '
                    'ends the hosts.', None)
                remedy = 'Write "/" as %2F, "?" as %3F, and "#" as %23.'
            elif self._apart(value):
                what, severity = (
                    'Some hosts of transport_url have a user, and others have '
                    'none.',
                    check.WARNING)
            else:
                continue
            yield self.found(
                host, '[%s] transport_url' % section, what, remedy,
                setting, severity=severity)

    # Behind the hosts, another "@", and behind that what looks like a port,
    # or like the virtual host.
    _BEHIND = re.compile(r'(?<![^@,])[^@,]*@[^@,]*(?::\d+|/)')

    def _cut(self, value: str) -> bool:
        rest = value.partition('://')[2][:_LONGEST]
        found = re.search('[/?#]', rest)
        if found is None or '@' not in rest[found.end():]:
            return False
        before, behind = rest[:found.start()], rest[found.end():]
        # "HOST:PORT" with a port that is none is a user and a password.
        last = before.rpartition(',')[2]
        if '@' not in last:
            return ':' in last and not last.rpartition(':')[2].isdecimal()
        return '?' not in behind.partition('@')[0] + found[0] and (
            re.search(self._BEHIND, behind.rpartition(',')[2]) is not None)

    def _apart(self, value: str) -> bool:
        hosts_named = value.partition('://')[2].partition('/')[0].split(',')
        with_user = ['@' in one for one in hosts_named if one]
        return any(with_user) and not all(with_user)
