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

"""GLC110"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class NoSuchName(check.Check):
    """A "$" in a value that names no option.

    oslo.config replaces ``$name`` and ``${group.name}`` by the value of that
    option, in passwords and URLs, too. Where there is none, or one that leads
    back to itself, the service fails when it reads the option.

    Write "$$" for a "$" that is meant as such.
    """

    code = 'GLC110'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[database]\n'
         'connection = mysql+pymysql://glance:pa$sword@db/glance\n'},
        {'glance-api.conf': '[DEFAULT]\nlog_dir = $log_file\n'
         'log_file = $log_dir\n'},
    )
    good = (
        {'glance-api.conf': '[database]\n'
         'connection = mysql+pymysql://glance:pa$$word@db/glance\n'},
        {'glance-api.conf': '[DEFAULT]\nlog_dir = /var/log\n'
         'log_file = $log_dir/x\n[oslo_concurrency]\n'
         'lock_path = ${DEFAULT.log_dir}/lock\n'},
        {'glance-api.conf': '[keystone_authtoken]\npassword = 100$\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            option = host.option(setting)
            if option is None or '$' not in setting.value or (
                    masking.hidden(setting.value)):
                continue
            try:
                host.substituted(setting.value, option.group)
            except ValueError:
                yield self.found(
                    host, option.full_name, 'A "$" in %s names no option, or '
                    'one that leads back to itself.' % option.full_name,
                    'Write "$$" where a "$" is meant.', setting)
