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

"""GLC104"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


class OldName(check.Check):
    """An option by a name of old, or one that will be removed.

    It still works. A release to come ignores it without a word, so it is
    better renamed while somebody thinks of it.

    Write it by its new name, in its new section. For one that will be
    removed, the release notes of the release that deprecated it say what
    takes its place.
    """

    code = 'GLC104'
    severity = check.INFO
    bad = ({'glance-api.conf': '[DEFAULT]\nlogdir = /var/log/glance\n'},)
    good = ({'glance-api.conf': '[DEFAULT]\nlog_dir = /var/log/glance\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            option = host.option(setting)
            if option is None or host.unread(option):
                continue
            section = options.group_name(setting.section)
            if (section, setting.name) != (option.group, option.name):
                yield self.found(
                    host, '[%s] %s' % (setting.section, setting.name),
                    '[%s] %s is a name of old for %s.' % (
                        setting.section, setting.name, option.full_name),
                    'Rename it to %s, in the section [%s].' % (
                        option.name, option.group), setting)
            elif option.leaving:
                yield self.found(
                    host, option.full_name, '%s is deprecated, and will be '
                    'removed.' % option.full_name, 'Leave it for now. '
                    'Before an upgrade, look in the release notes for what '
                    'takes its place.', setting)
