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

"""oslo.messaging, with threads, addressed as Glance's notifications are."""

from typing import Any

from oslo_config import cfg
from oslo_service import backend

from glance_lifecycle import exceptions

# oslo.messaging imports oslo.service, and that would choose eventlet.
try:
    backend.init_backend(backend.BackendType.THREADING)
except backend.exceptions.BackendAlreadySelected:
    # By whoever imports us, knowingly.
    pass

import oslo_messaging  # noqa: E402
from oslo_messaging import opts as messaging_opts  # noqa: E402

# Glance's own, unless [DEFAULT] control_exchange says otherwise.
EXCHANGE = 'glance'

GROUP = 'oslo_messaging_notifications'


def transport(conf: cfg.ConfigOpts, address: str | None = None,
              prefetch: int | None = None
              ) -> tuple[oslo_messaging.TransportURL, Any]:
    """As Glance's own notifier has it, but for what is given.

    :param address: a URL
    :param prefetch: messages that RabbitMQ sends ahead
    :raises ConfigurationError: the options give none that can be used
    """
    # Glance has set the same default.
    oslo_messaging.set_transport_defaults(EXCHANGE)
    conf.register_opts(dict(messaging_opts.list_opts())[GROUP], group=GROUP)
    try:
        url = oslo_messaging.TransportURL.parse(
            conf, address or conf[GROUP].transport_url)
        if prefetch is not None and is_rabbit(url):
            # Of this connection only; RPC may want another.
            url.query.setdefault('rabbit_qos_prefetch_count', str(prefetch))
        return url, oslo_messaging.get_notification_transport(conf, url)
    except (oslo_messaging.MessagingException, cfg.Error, ValueError,
            RuntimeError) as error:
        # The errors show the address, and that has a password in it.
        raise exceptions.ConfigurationError(
            detail='no notifications can be received or sent with the '
            'transport_url of [lifecycle_worker] notification_transport_url, '
            '[oslo_messaging_notifications] or [DEFAULT]: %s'
            % type(error).__name__) from None


def notifier(conf: cfg.ConfigOpts, publisher: str, retry: int) -> Any:
    """Sends as Glance's own does; nothing where its driver is none.

    :param publisher: who sends
    :param retry: attempts to send one again
    :raises ConfigurationError: the options give no address
    """
    _url, found = transport(conf)
    return oslo_messaging.Notifier(found, publisher_id=publisher,
                                   retry=retry)


def is_rabbit(url: oslo_messaging.TransportURL) -> bool:
    return url.transport.split('+')[0] in ('rabbit', 'kombu')
