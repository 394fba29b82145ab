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

"""GLC108"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit import finding


class Overridden(check.Check):
    """An option that is set twice, to different values.

    The later one counts, and the other has no effect: within a file, the
    later line; of files, glance-image-import.conf is read before
    glance-api.conf, so that glance-api.conf wins, and the directories
    glance.conf.d and glance-api.conf.d come last. That files of these override
    others is what they are for: it is told as "info".

    Remove the line that has no effect.
    """

    code = 'GLC108'
    bad = (
        {'glance-api.conf': '[image_import_opts]\n'
         'image_import_plugins = []\n',
         'glance-image-import.conf': '[image_import_opts]\n'
         'image_import_plugins = [lifecycle]\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = true\ndebug = false\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = true\n',
         'glance-api.conf.d/local.conf': '[DEFAULT]\ndebug = false\n'},
    )
    good = (
        {'glance-api.conf': '[image_import_opts]\n'
         'image_import_plugins = [lifecycle]\n',
         'glance-image-import.conf': '[image_import_opts]\n'
         'image_import_plugins = [lifecycle]\n'},
        # Each of these counts.
        {'glance-api.conf': '[oslo_messaging_notifications]\n'
         'driver = messagingv2\ndriver = log\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found: dict[tuple[str, str], list[ini.Setting]] = {}
        for setting in host.settings():
            option = host.option(setting)
            if option is not None and not option.multi:
                found.setdefault((option.group, option.name), []).append(
                    setting)
        for (group, name), settings in found.items():
            counts = host.setting(group, name)
            full_name = '[%s] %s' % (group, name)
            lost = [one for one in settings
                    if counts and one.value != counts.value]
            if counts is None or not lost:
                continue
            meant = all('.conf.d/' in counts.path
                        and one.path != counts.path for one in lost)
            yield self.found(
                host, full_name, '%s of %s counts for %s: %s. What '
                'stands elsewhere has no effect.' % (
                    'Line %d' % counts.line, counts.path, full_name,
                    host.shown(counts)),
                'Keep one of them. Those that can be removed without a change '
                'are: %s.' % ', '.join(
                    '%s:%d' % (one.path, one.line) for one in lost[:10]),
                counts, *lost, severity=check.INFO if meant else None)
