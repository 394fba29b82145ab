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

"""GLC423"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding

_UNIT = 'etc/systemd/system/glance-api.service'
_INI = '[uwsgi]\nworker-reload-mercy = %d\n'


class StoppedTooSoon(check.Check):
    """systemd kills glance-api before uWSGI's mercy is over.

    At a stop, uWSGI lets its processes end what they do for
    ``worker-reload-mercy`` seconds. systemd kills all of them after
    ``TimeoutStopSec=``, 90 seconds unless it is set: a longer mercy is of no
    effect, and imports are killed in the middle.

    Let systemd wait longer than uWSGI.
    """

    code = 'GLC423'
    bad = (
        {'glance-uwsgi.ini': _INI % 3600, _UNIT: '[Service]\nUser=glance\n'},
        {'glance-uwsgi.ini': _INI % 80,
         _UNIT: '[Service]\nTimeoutStopSec=1min\n'},
    )
    good = (
        {'glance-uwsgi.ini': _INI % 3600,
         _UNIT: '[Service]\nTimeoutStopSec=1h 5min\n'},
        {'glance-uwsgi.ini': _INI % 80, _UNIT: '[Service]\nUser=glance\n'},
        {'glance-uwsgi.ini': _INI % 3600,
         _UNIT: '[Service]\nTimeoutStopSec=infinity\n'},
        {'glance-uwsgi.ini': _INI % 3600},
    )

    _NAMES = ('worker-reload-mercy', 'reload-mercy')
    _DEFAULT = 90

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for unit in units.of(host):
            told = any(unit.value(name) for name in (
                'TimeoutStopSec', 'TimeoutSec'))
            seconds = unit.seconds('TimeoutStopSec', 'TimeoutSec') if (
                told) else self._DEFAULT
            for found in uwsgi.of(host) if seconds else ():
                mercy = found.number(*self._NAMES) or 0
                if seconds is not None and mercy > seconds:
                    yield self.found(
                        host, masking.name(unit.name),
                        'systemd waits %d seconds, and uWSGI %d.' % (
                            seconds, mercy),
                        'Set TimeoutStopSec=%d in [Service] of the unit.'
                        % (mercy + 30), unit.place('TimeoutStopSec'),
                        found.place(*self._NAMES))
