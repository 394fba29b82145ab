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

"""Copies within a container, made by the service, and compared when they are.

Of a manifest only itself is copied: its segments stay where they are, and are
served by either.
"""

from typing import Any
import urllib.parse

from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.swift import service as swift_service

Head = dict[str, str]

# What is known of an object besides its bytes and its own metadata.
_SAME = frozenset((
    'cache-control', 'content-disposition', 'content-encoding',
    'content-language', 'content-length', 'content-type', 'expires',
    'x-delete-at', 'x-object-manifest', 'x-robots-tag',
    'x-static-large-object'))
_METADATA = 'x-object-meta-'


def is_same(one: Head, other: Head) -> bool:
    """The same bytes, and all that is known of them.

    The entity tag of a manifest is that of what it serves.
    """
    return _said(one) == _said(other)


def _said(head: Head) -> dict[str, str]:
    return {'etag': head['etag'].strip('"'), **{
        name: value for name, value in head.items()
        if name in _SAME or name.startswith(_METADATA)}}


def remove(service: swift_service.Service, name: str, head: Head) -> bool:
    """Remove an object, if it still is the one that was found.

    Swift has no condition for that, so it is looked at just before.

    :param head: its headers
    :returns: whether it has gone
    """
    again = service.find(name)
    if again is None:
        return True
    if any(again[one] != head[one] for one in ('etag', 'x-timestamp')):
        return False
    service.delete(name)
    return True


class Copying:
    """Of one store.

    :param options: of the store
    """

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        self._store = store
        self._options = quarantined.patient(options)
        self._services: dict[str, swift_service.Service] = {}

    def copy(self, service: swift_service.Service, name: str, to: str
             ) -> Head | None:
        """Make a copy, over whatever has the name.

        :param service: of the container, as it looks at objects
        :returns: its head, None where nothing is there
        :raises StoreError: it may be there, or not
        """
        self._patient(service).call(
            'copying %s' % name, 'put_object', service.container, to, None,
            # The type of the original is taken where there is none.
            headers={'X-Copy-From': urllib.parse.quote(
                '/%s/%s' % (service.container, name))},
            query_string='multipart-manifest=get')
        return service.find(to)

    def _patient(self, service: swift_service.Service
                 ) -> swift_service.Service:
        """Waits as long as the largest copy takes."""
        container = service.container
        found = self._services.get(container)
        if found is None:
            found = swift_service.Service(self._store, self._options,
                                          container)
            found.connect()
            self._services[container] = found
        found.pacing = service.pacing
        return found

    def close(self) -> None:
        for service in self._services.values():
            service.close()
