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

"""GLC610"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import worker_files
from glance_lifecycle.audit import finding

_NOTIFIED = '[oslo_messaging_notifications]\ndriver = messagingv2\n'


class WorkerBroker(check.Check):
    """Notifications are to go to a broker that nobody has named.

    Without ``transport_url``, oslo.messaging goes to a RabbitMQ on this very
    host as the user guest. RabbitMQ itself lets guest in only from its own
    host. Glance then tries for ever, and logs it; the worker hears nothing.

    Set ``transport_url`` in ``[DEFAULT]`` or in
    ``[oslo_messaging_notifications]``.
    """

    code = 'GLC610'
    bad = (
        {'glance-api.conf': _NOTIFIED},
        {'glance-api.conf': '[DEFAULT]\n'
         'transport_url = rabbit://guest:guest@192.0.2.9/\n' + _NOTIFIED},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n',
         'glance-lifecycle-worker.conf':
         '[lifecycle_worker]\nnotifications = true\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\n'
         'transport_url = rabbit://glance:s3cr3t@192.0.2.9/\n' + _NOTIFIED},
        {'glance-api.conf': '[DEFAULT]\n'
         'transport_url = rabbit://guest:guest@localhost/\n' + _NOTIFIED},
        {'glance-api.conf': '[DEFAULT]\ntransport_url = *********\n'
         + _NOTIFIED},
        {'glance-api.conf': '[oslo_messaging_notifications]\n'
         'driver = noop\n'},
    )

    _SECTION = 'oslo_messaging_notifications'
    _HERE = ('localhost', '127.', '[::1]')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        drivers = host.value(self._SECTION, 'driver') or []
        sent = any('messaging' in one for one in drivers)
        heard = worker_files.value(host, 'lifecycle_worker', 'notifications')
        broker = host.setting(self._SECTION, 'transport_url') or host.setting(
            'DEFAULT', 'transport_url')
        if sent:
            yield from self._judged(host, 'Glance', broker, host.setting(
                self._SECTION, 'driver'))
        if heard:
            yield from self._judged(
                host, 'The worker', worker_files.setting(
                    host, 'lifecycle_worker', 'notification_transport_url')
                or broker, worker_files.setting(
                    host, 'lifecycle_worker', 'notifications'))

    def _judged(self, host: hosts.Host, who: str, broker: ini.Setting | None,
                asked: ini.Setting | None) -> Iterator[finding.Finding]:
        remedy = ('Set transport_url = rabbit://glance:PASSWORD@HOST:5672/ in '
                  '[%s].' % self._SECTION)
        if broker is None or not broker.value:
            yield self.found(
                host, '[%s] transport_url' % self._SECTION,
                '%s uses notifications, and transport_url is not set.' % who,
                remedy, asked)
        elif not masking.hidden(broker.value):
            rest = broker.value.partition('://')[2]
            user, at, place = rest.rpartition('@')
            if at and user.partition(':')[0] == 'guest' and not (
                    place.startswith(self._HERE)):
                yield self.found(
                    host, '[%s] transport_url' % self._SECTION,
                    '%s goes to a broker on another host as guest.' % who,
                    remedy, broker, asked)
