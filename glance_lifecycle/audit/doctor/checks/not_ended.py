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

"""GLC425"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


_UNIT = 'etc/systemd/system/glance-api.service'
_SERVICE = '[Service]\nExecStart=/usr/bin/uwsgi --ini x-uwsgi.ini\n%s'
_INI = '[uwsgi]\nmaster = true\n%s'


class NotEnded(check.Check):
    """systemd's signal does not end uWSGI.

    At a stop, systemd sends SIGTERM, and uWSGI's master reloads everything
    then: it kills its processes at once, with the imports in them, and starts
    them again. systemd waits until its time is over, and kills all of them.

    Set ``die-on-term``; or, as DevStack and the deployment tools do, a hook
    that lets the processes end what they do.
    """

    code = 'GLC425'
    bad = ({'glance-uwsgi.ini': _INI % '', _UNIT: _SERVICE % ''},
           {'glance-uwsgi.ini': _INI % 'exit-on-reload = false\n',
            _UNIT: _SERVICE % 'KillSignal=SIGTERM\n'})
    good = (
        {'glance-uwsgi.ini': _INI % 'die-on-term = true\n',
         _UNIT: _SERVICE % ''},
        {'glance-uwsgi.ini': _INI % 'hook-master-start = '
         'unix_signal:15 gracefully_kill_them_all\n', _UNIT: _SERVICE % ''},
        {'glance-uwsgi.ini': _INI % 'exit-on-reload = true\n',
         _UNIT: _SERVICE % ''},
        {'glance-uwsgi.ini': _INI % '',
         _UNIT: _SERVICE % 'KillSignal=SIGQUIT\n'},
        # It may stand in the other file.
        {'glance-uwsgi.ini': _INI % 'ini = base.ini\n', _UNIT: _SERVICE % ''},
        # What stops it is not known here.
        {'glance-uwsgi.ini': _INI % ''},
        {'glance-uwsgi.ini': '[uwsgi]\nprocesses = 1\n',
         _UNIT: _SERVICE % ''},
    )

    _ENDING = ('die-on-term', 'exit-on-reload', 'hook-master-start')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for unit in units.of(host):
            if unit.value('KillSignal').upper() not in (
                    '', 'SIGTERM', 'TERM', '15') or unit.value('ExecStop') or (
                        'uwsgi' not in unit.value('ExecStart')) or (
                            'die-on-term' in unit.value('ExecStart')):
                continue
            for found in uwsgi.of(host):
                if (found.on('master') or found.on('M')) and not any(
                        found.on(name) for name in self._ENDING
                ) and not found.unknown(*self._ENDING):
                    yield self.found(
                        host, '[uwsgi] die-on-term',
                        '%s is stopped by SIGTERM, at which uWSGI reloads.'
                        % masking.name(unit.name),
                        'Set die-on-term = true in [uwsgi].',
                        found.place('die-on-term'),
                        unit.place('KillSignal'))
