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

"""GLC415"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class Harakiri(check.Check):
    """A request that takes long kills the process, and its imports.

    With ``harakiri``, uWSGI kills the whole process when one of its requests
    takes longer. An upload or a download of a large image does. All other
    requests of the process, and the imports in its threads, end with it.

    Remove it for the uWSGI of glance-api.
    """

    code = 'GLC415'
    severity = check.ERROR
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nmaster = true\nharakiri = 60\n'},)
    good = (
        {'glance-uwsgi.ini': '[uwsgi]\nmaster = true\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nharakiri = 0\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nharakiri = 86400\n'},
    )

    _ENOUGH = 4 * 3600

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            seconds = found.number('harakiri', 't') or 0
            if 0 < seconds < self._ENOUGH:
                yield self.found(
                    host, '[uwsgi] harakiri',
                    'A request that takes more than %d seconds kills its '
                    'process.' % seconds, 'Remove harakiri from [uwsgi].',
                    found.place('harakiri', 't'))
