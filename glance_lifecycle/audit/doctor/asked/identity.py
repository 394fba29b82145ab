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

"""What Keystone says."""

from collections.abc import Iterable
from typing import Any

from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import masking

SERVICE = 'Identity'

#: Types of services that may use images, as openstacksdk calls them, and
#: the names that catalogues of old have for them.
KINDS = {'identity': 'identity', 'compute': 'compute',
         'block-storage': 'block-storage', 'block-store': 'block-storage',
         'volumev3': 'block-storage', 'volume': 'block-storage',
         'placement': 'placement'}

# There are four, of each service and region.
_MOST_LIMITS = 1000
_MOST_ENDPOINTS = 1000


def catalogue(connection: Any) -> list[live.Endpoint]:
    """All endpoints of the Image service, and of KINDS."""
    session = connection.session
    access = getattr(session.auth, 'get_access', None)
    if access is None:
        return []
    found = access(session).service_catalog.get_endpoints_data()
    return [live.Endpoint(
        str(one.interface), masking.name(str(one.region_name or '')),
        masking.plain(str(one.url)), KINDS.get(kind, kind),
        masking.name(str(one.endpoint_id or '')),
        masking.name(str(one.service_id or '')))
        for kind, each in found.items() if kind == 'image' or kind in KINDS
        for one in each][:_MOST_ENDPOINTS]


def limits(connection: Any) -> tuple[live.Registered, ...]:
    """Those of LIMITS that are registered."""
    data = collecting.get(connection.identity, '/registered_limits')
    return tuple(live.Registered(
        one['resource_name'], masking.name(str(one.get('service_id') or '')),
        masking.name(str(one.get('region_id') or '')),
        int(one['default_limit']))
        for one in data['registered_limits'][:_MOST_LIMITS]
        if one['resource_name'] in live.LIMITS)


def known(connection: Any, names: Iterable[str]) -> dict[str, bool]:
    """Whether there is each "project ID" and "user ID"."""
    found = {}
    for name in names:
        kind, _, wanted = name.partition(' ')
        found[name] = collecting.get(connection.identity, '/%ss/%s' % (
            kind, wanted)) is not None
    return found


def ahead(connection: Any) -> float | None:
    """Seconds that its clock is ahead; None if it does not say."""
    return collecting.fetch(connection.identity, '/').ahead
