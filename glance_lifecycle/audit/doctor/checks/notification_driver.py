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

"""GLC734"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit import finding


class NotificationDriver(check.Check):
    """Notifications are to be sent by a driver that oslo.messaging has not.

    It logs a warning, and sends none. The worker of this package, Ceilometer
    and others that listen then hear nothing.

    Correct the name. Somebody else's driver must be installed on every host.
    """

    code = 'GLC734'
    bad = ({'glance-api.conf': '[oslo_messaging_notifications]\n'
            'driver = messaging_v2\n'},
           {'glance-api.conf': '[oslo_messaging_notifications]\n'
            'driver = glance.openstack.common.notifier.rpc\n'})
    good = ({'glance-api.conf': '[oslo_messaging_notifications]\n'
             'driver = messagingv2\ndriver = log\n'},
            {'glance-api.conf': '[oslo_messaging_notifications]\n'
             'driver =\n'})

    _KNOWN = ('log', 'messaging', 'messagingv2', 'noop', 'routing', 'test')
    _SECTION = 'oslo_messaging_notifications'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for name in host.value(self._SECTION, 'driver') or ():
            if name and name not in self._KNOWN:
                meant = near.closest(name.lower(), self._KNOWN, 0.7)
                yield self.found(
                    host, '[%s] driver' % self._SECTION,
                    'oslo.messaging has no driver "%s".' % masking.value(name),
                    'Write driver = %s.' % (meant or 'messagingv2'),
                    host.setting(self._SECTION, 'driver'))
