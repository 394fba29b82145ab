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

"""GLC724"""

from collections.abc import Iterator
from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class DebuggingLeft(check.Check):
    """What was to help with debugging opens the service to others.

    A back door is a Python prompt in glance-api for whoever reaches its port.
    A profiler with the key of the sample lets everybody trace requests, with
    what they ask of the database. ``connection_debug`` writes all that is read
    from the database into the log.

    Remove it from a service that is in use.
    """

    code = 'GLC724'
    bad = (
        {'glance-api.conf': '[profiler]\nenabled = true\n'},
        {'glance-api.conf': '[DEFAULT]\nbackdoor_port = 4444\n'},
        {'glance-api.conf': '[database]\nconnection_debug = 100\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'pydev_worker_debug_host = 192.0.2.1\n'},
    )
    good = (
        {'glance-api.conf': '[profiler]\nenabled = true\n'
         'hmac_keys = s3cr3t\n'},
        {'glance-api.conf': '[profiler]\nenabled = true\n'
         'hmac_keys = *********\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = true\n'
         '[database]\nconnection_debug = 0\n'},
    )

    _OPTIONS = (
        ('DEFAULT', 'backdoor_port', 'is a Python prompt for everybody'),
        ('DEFAULT', 'backdoor_socket', 'is a Python prompt'),
        ('DEFAULT', 'pydev_worker_debug_host', 'lets a debugger in'),
        ('database', 'connection_debug', 'logs what the database says'),
        ('profiler', 'enabled', 'traces requests with the key of the sample'),
    )
    # Below, no rows are logged.
    _ROWS = 100
    _SAMPLE = 'SECRET_KEY'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for section, name, what in self._OPTIONS:
            setting = host.setting(section, name)
            if setting is None or masking.hidden(setting.value):
                continue
            if self._wrong(host, name, host.value(section, name)):
                yield self.found(
                    host, '[%s] %s' % (section, name), '[%s] %s %s.' % (
                        section, name, what),
                    'Set hmac_keys in [profiler] to a secret of your own.'
                    if section == 'profiler' else
                    'Remove %s from [%s].' % (name, section), setting)

    def _wrong(self, host: hosts.Host, name: str, value: Any) -> bool:
        if name == 'connection_debug':
            return bool(value and value >= self._ROWS)
        if name == 'enabled':
            key = host.setting('profiler', 'hmac_keys')
            return bool(value) and (
                key is None or key.value in ('', self._SAMPLE))
        return bool(value)
