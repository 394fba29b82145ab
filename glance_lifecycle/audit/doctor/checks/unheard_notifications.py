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

"""GLC609"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class UnheardNotifications(check.Check):
    """The worker listens, and Glance tells nothing.

    With ``[lifecycle_worker] notifications``, changes are to be mended within
    seconds. Glance sends notifications only if the option ``driver`` of
    ``[oslo_messaging_notifications]`` says so; without, they are found by the
    next look at what has changed.

    Set the driver in glance-api.conf on every host, or turn ``notifications``
    off.
    """

    code = 'GLC609'
    bad = (
        {'glance-api.conf': '[lifecycle_worker]\nnotifications = true\n'},
        {'glance-api.conf': '[lifecycle_worker]\nnotifications = true\n'
         '[oslo_messaging_notifications]\ndriver = noop\n'},
    )
    good = (
        {'glance-api.conf': '[lifecycle_worker]\nnotifications = true\n'
         '[oslo_messaging_notifications]\ndriver = messagingv2\n'},
        {'glance-api.conf': '[oslo_messaging_notifications]\n'
         'driver = noop\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        section = 'oslo_messaging_notifications'
        drivers = host.value(section, 'driver') or []
        if host.value('lifecycle_worker', 'notifications') and not (
                set(drivers) - {'noop', ''}):
            yield self.found(
                host, '[%s] driver' % section,
                'The worker listens to notifications, and [%s] driver is %s.'
                % (section, 'noop' if drivers else 'not set'),
                'Set driver = messagingv2 in [%s] of glance-api.conf.'
                % section, host.setting('lifecycle_worker', 'notifications'),
                host.setting(section, 'driver'))
