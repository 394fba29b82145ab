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

"""GLC114"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


class Indented(check.Check):
    """An option or a section is indented.

    For oslo.config, a line that begins with a blank continues the line before
    it: it is part of that option's value, and not an option. So two options
    are wrong at once: the one that is lost, and the one that has its text.

    Take away the blanks at the beginning of the line.
    """

    code = 'GLC114'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         '[a]\nrbd_store_user = glance\n  rbd_store_pool = images\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = true\n'
         '  [glance_store]\ndefault_backend = a\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_backends = a:rbd,\n  b:file\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_import_methods = [\n'
         '  glance-direct,\n  web-download]\n'},
    )

    _OPTION = re.compile(r'([a-z]\w{0,80})\s*=')
    _SECTION = re.compile(r'\[(\w{1,80})\]')
    _MOST = 20

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            lines = setting.value.split('\n')
            for number, line in enumerate(lines[1:self._MOST], 1):
                lost = self._lost(host, setting, line)
                if lost:
                    where = finding.Place(setting.path, setting.line + number)
                    yield self.found(
                        host, lost, '%s is indented, and so it is a part of '
                        'the value of %s.' % (
                            lost, masking.option(setting.name)),
                        'Take away the blanks at the beginning of line %d of '
                        '%s.' % (where.line, setting.path), where)

    def _lost(self, host: hosts.Host, setting: ini.Setting, line: str) -> str:
        """What the line was to be; empty if it continues the value."""
        groups = host.catalogue.groups
        found = self._SECTION.fullmatch(line)
        if found:
            known = options.group_name(found[1]) in groups
            return '[%s]' % found[1] if known else ''
        found = self._OPTION.match(line)
        if found and (host.catalogue.option(setting.section, found[1])
                      or host.catalogue.homes(found[1])):
            return '[%s] %s' % (masking.name(setting.section), found[1])
        return ''
