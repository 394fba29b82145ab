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

"""GLC101"""

from collections.abc import Iterator
import itertools

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import history
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding

# Of one host: of a file that is none, there would be thousands.
_MOST = 100


class UnknownOption(check.Check):
    """An option that nobody reads.

    oslo.config ignores what it does not know: the service starts, and the
    option has no effect. Where the name is nearly that of another option, or
    belongs in another section, it is a mistake, and what was meant is as it
    is by default. Where it is not, it may be a deployment tool's own, and
    harmless: that is told as "info".

    Write the option as it is called, where it belongs, or remove the line.
    """

    code = 'GLC101'
    bad = (
        {'glance-api.conf': '[DEFAULT]\n'
         'enable_import_methods = [glance-direct]\n'},
        {'glance-api.conf': '[glance_store]\n'
         'worker_self_reference_url = http://192.0.2.1:9292\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_backend = fast\n'
         '[fast]\nrbd_store_user = glance\ndescription = Fast\n'},
        {'glance-api.conf': '[DEFAULT]\nsql_connection = mysql://db/g\n'},
        {'glance-api.conf': '[keystone_authtoken]\nadmin_user = glance\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'},
        {'glance-api.conf': '[keystone_authtoken]\nauth_type = password\n'
         'username = glance\n'},
        # GLC203 says what is wrong.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:ceph\n'
         '[fast]\nrbd_store_user = glance\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        unknown = self._unknown(host)
        for setting in itertools.islice(unknown, _MOST):
            yield self._judged(host, setting, list(host.catalogue.groups[
                options.group_name(setting.section)]))
        more = sum(1 for _ in unknown)
        if more:
            yield self.found(
                host, '*', 'Nobody reads %d more options.' % more,
                'Correct these first.')

    def _unknown(self, host: hosts.Host) -> Iterator[ini.Setting]:
        for setting in host.settings():
            group = host.catalogue.groups.get(
                options.group_name(setting.section))
            if (group is not None and host.option(setting) is None
                    and not self._without_driver(host, setting)
                    and (history.moved(setting)
                         or not history.removed(host, setting))):
                yield setting

    def _without_driver(self, host: hosts.Host, setting: ini.Setting
                        ) -> bool:
        """Whether it is of a store whose driver is not known: GLC203."""
        driver = {options.group_name(store): driver for store, driver
                  in host.stores.items()}.get(
                      options.group_name(setting.section))
        return driver is not None and driver not in host.catalogue.drivers

    def _judged(self, host: hosts.Host, setting: ini.Setting,
                known: list[str]) -> finding.Finding:
        name = masking.option(setting.name)
        section = masking.name(setting.section)
        subject = '[%s] %s' % (section, name)
        moved = history.moved(setting)
        if moved:
            return self._moved(host, setting, subject, *moved)
        meant = history.MEANT.get(setting.name)
        if meant not in known:
            meant = near.closest(setting.name, known)
        if meant:
            return self.found(
                host, subject, 'Nobody reads [%s] %s: the option is called '
                '%s.' % (section, name, meant),
                'Rename it to %s.' % meant, setting)
        if host.catalogue.homes(setting.name):
            return self._elsewhere(host, setting, subject)
        return self.found(
            host, subject, 'Nobody in Glance %d reads [%s] %s.' % (
                host.release, section, name),
            'Remove the line, unless something else reads it.', setting,
            severity=check.INFO)

    def _elsewhere(self, host: hosts.Host, setting: ini.Setting,
                   subject: str) -> finding.Finding:
        """Of one that another section has."""
        name, groups = setting.name, host.catalogue.groups
        # The sections of stores know one another's options. With several
        # stores, what is in [glance_store] is ignored.
        homes = [home for home in host.catalogue.homes(name)
                 if not host.multi_store or not (
                     home in options.RESERVED
                     or host.unread(groups[home][name]))]
        free = [home for home in homes if host.setting(home, name) is None]
        where = 'it belongs in [%s]%s' % (
            '], or ['.join(homes[:5]), '' if free else ', and is set there'
        ) if homes else 'no store of enabled_backends has it'
        return self.found(
            host, subject, 'Nobody reads %s: %s.' % (subject, where),
            'Move the line to the section [%s].' % free[0] if free else
            'Remove the line.', setting,
            severity=None if free else check.INFO)

    def _moved(self, host: hosts.Host, setting: ini.Setting, subject: str,
               group: str, name: str) -> finding.Finding:
        there = host.setting(group, name) is not None
        full_name = '[%s] %s' % (group, name)
        return self.found(
            host, subject,
            'Nobody in Glance %d reads %s: %s takes its place%s.' % (
                host.release, subject, full_name,
                ', and is set' if there else ', and is not set'),
            'Remove the line.' if there else
            'Set %s, and remove the line.' % full_name, setting,
            severity=check.INFO if there else None)
