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

"""GLC103"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import history
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class RemovedOption(check.Check):
    """An option that this release no longer has.

    It is ignored, and harms nobody who does not count on it: deployment tools
    write many for years. Those of the standalone server (``bind_host``,
    ``bind_port``, ``workers`` and so on) are left-overs, too: since Glance 33
    there is only the WSGI application, and what serves it has options of its
    own.

    Remove the line; set what it did where it is done now.
    """

    code = 'GLC103'
    severity = check.INFO
    bad = (
        {'glance-api.conf': '[DEFAULT]\nworkers = 4\n'},
        {'glance-api.conf': '[DEFAULT]\nregistry_host = 192.0.2.1\n'},
    )
    good = ({'glance-api.conf': '[DEFAULT]\nimage_size_cap = 1099511627776\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            # What takes its place is said by GLC101.
            if host.option(setting) is not None or history.moved(setting):
                continue
            since = history.removed(host, setting)
            if since:
                name = masking.name(setting.name)
                yield self.found(
                    host, '[%s] %s' % (setting.section, name),
                    '%s is gone since %s, and has no effect.' % (name, since),
                    'Remove the line.%s' % (
                        ' What serves the WSGI application, such as uWSGI, '
                        'has options of its own for that.'
                        if name in history.LEFT_OVER else ''), setting)
