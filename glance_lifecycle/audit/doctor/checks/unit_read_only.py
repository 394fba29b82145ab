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

"""GLC422"""

from collections.abc import Iterator
import pathlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.audit import finding

_UNIT = 'etc/systemd/system/glance-api.service'
_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = %s\n')


class UnitReadOnly(check.Check):
    """systemd does not let glance-api write to a directory that it needs.

    ``ProtectSystem=``, ``ProtectHome=`` and ``ReadOnlyPaths=`` make parts of
    the host read-only for the unit, whoever owns them. The store is then not
    set up, or nothing can be staged.

    Name the directory in ``ReadWritePaths=`` of the unit.
    """

    code = 'GLC422'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF % '/srv/images',
         _UNIT: '[Service]\nProtectSystem=strict\n'
         'StateDirectory=glance\n'},
        {'glance-api.conf': _CONF % '/home/images',
         _UNIT: '[Service]\nProtectHome=true\n'},
    )
    good = (
        {'glance-api.conf': _CONF % '/srv/images',
         _UNIT: '[Service]\nProtectSystem=strict\n'
         'ReadWritePaths=/srv/images /var/lib/glance\n'},
        {'glance-api.conf': _CONF % '/srv/images',
         _UNIT: '[Service]\nProtectSystem=full\nProtectHome=true\n'},
        {'glance-api.conf': _CONF % '/srv/images'},
    )

    _SYSTEM = {'strict': ('/',), 'full': ('/usr', '/boot', '/efi', '/etc')}
    _HOME = ('/home', '/root', '/run/user')
    _MADE = {'StateDirectory': '/var/lib', 'CacheDirectory': '/var/cache',
             'RuntimeDirectory': '/run', 'LogsDirectory': '/var/log'}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        wanted = [*directories.stores(host)]
        staging = directories.staging(host)
        if staging is not None:
            wanted.append(staging)
        for unit in units.of(host):
            for one in wanted:
                option = self._denied(unit, one.path)
                if option:
                    shown = masking.value(one.path)
                    yield self.found(
                        host, one.full_name,
                        '%s makes %s read-only for %s.' % (
                            option, shown, masking.name(unit.name)),
                        'Add ReadWritePaths=%s to [Service] of the unit, and '
                        'run: systemctl daemon-reload.' % shown,
                        one.setting, unit.place(option.partition('=')[0]))

    def _denied(self, unit: units.Unit, path: str) -> str:
        """Which option denies it; the longest path that is named counts."""
        system = unit.value('ProtectSystem')
        rules = [(one, 'ProtectSystem=%s' % system) for one in
                 self._SYSTEM.get(system, ('/usr', '/boot') if unit.on(
                     'ProtectSystem') else ())]
        if unit.on('ProtectHome'):
            rules += [(one, 'ProtectHome=') for one in self._HOME]
        for name in ('ReadOnlyPaths', 'InaccessiblePaths'):
            rules += [(one, name + '=') for one in unit.words(name)]
        rules += [(one, '') for one in unit.words('ReadWritePaths')]
        for name, above in self._MADE.items():
            rules += [('%s/%s' % (above, one), '')
                      for one in unit.words(name)]
        if unit.on('PrivateTmp'):
            rules += [('/tmp', ''), ('/var/tmp', '')]  # noqa: S108
        rules = [(one, option) for one, option in rules
                 if pathlib.PurePath(path).is_relative_to(one)]
        return max(rules, key=lambda rule: (len(rule[0]), not rule[1]),
                   default=('', ''))[1]
