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

"""Servers booted from an image (Nova), and those shelved in it."""

from collections.abc import Iterator
from collections.abc import Mapping
import datetime
from typing import Any

from openstack import exceptions as sdk_exceptions

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import listing

NOVA = 'Nova (compute)'

# soft_deleted adds those that can still be restored, with their disk; Nova
# looks at it for administrators only.
# https://docs.openstack.org/api-ref/compute/#list-servers-detailed
_ALL = {'all_tenants': 'true', 'soft_deleted': 'true'}

_SHELVED = ('SHELVED', 'SHELVED_OFFLOADED')

# Nova deletes the image before it says that the server is active again.
_UNSHELVED = ('unshelving', 'spawning')

# Since this version Nova names the servers of a cell that does not answer, if
# nothing else is asked for than all of them. From lists with a filter or a
# limit, and before, it leaves them out without a word, as an operator has to
# forbid it ([api] list_records_by_skipping_down_cells).
# https://docs.openstack.org/api-guide/compute/down_cells.html
_NAMES_ALL = '2.69'
_NAMED = 'UNKNOWN'

_LIMITED = 'only servers of your own project: Nova shows you no others'


class ServersProvider(base.Provider):
    """Servers with a disk that was made of the image by Nova.

    A server booted from a volume has no image; the volume has.
    """

    name = 'servers'
    quick = True

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        self.limited = ''
        with listing.asking(NOVA):
            yield from self._shelved(image)
            try:
                yield from self._booted({**_ALL, 'image': image.id})
                self._check_cells()
            except sdk_exceptions.ForbiddenException:
                self.limited = _LIMITED
                yield from self._booted({'image': image.id})

    def used(self) -> Iterator[str]:
        with listing.asking(NOVA):
            for page in self._pages(_ALL):
                for server in page:
                    if isinstance(server['image'], Mapping):
                        yield str(server['image']['id'])
                    if _is_shelved(server):
                        yield str(server['id'])
            self._check_cells()

    def used_since(self, since: datetime.datetime) -> Iterator[str]:
        """Nova lists deleted servers as well, until its rows are archived.

        https://docs.openstack.org/api-ref/compute/#list-servers
        """
        query = {'all_tenants': 'true', 'changes-since': since.astimezone(
            datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}
        with listing.asking(NOVA):
            for page in self._pages(query):
                for server in page:
                    if isinstance(server['image'], Mapping):
                        yield str(server['image']['id'])
            self._check_cells()

    def _check_cells(self) -> None:
        """That nothing was left out.

        :raises NotAsked: a cell does not answer
        """
        answer = listing.get(self.connection.compute, '/servers',
                             {'all_tenants': 'true'}, _NAMES_ALL)
        if any(server.get('status') == _NAMED
               for server in answer['servers']):
            raise base.NotAsked(
                detail='a cell of Nova does not answer, and nobody can tell '
                'which images its servers were booted from')

    def _booted(self, query: Mapping[str, Any]) -> Iterator[base.Dependent]:
        for page in self._pages(query):
            for server in page:
                yield _server(server, 'booted from it')

    def _shelved(self, image: base.Image) -> Iterator[base.Dependent]:
        if image.shelved_server is None:
            return
        try:
            server = listing.get(self.connection.compute, '/servers/%s'
                                 % image.shelved_server, {})['server']
        except sdk_exceptions.NotFoundException:
            return
        if _is_shelved(server):
            yield _server(server, 'shelved in it')

    def _pages(self, query: Mapping[str, Any]
               ) -> Iterator[list[listing.Item]]:
        return listing.pages(self.connection.compute, '/servers/detail',
                             'servers', query)


def _is_shelved(server: Mapping[str, Any]) -> bool:
    return (server['status'] in _SHELVED
            and server.get('OS-EXT-STS:task_state') not in _UNSHELVED)


def _server(server: Mapping[str, Any], how: str) -> base.Dependent:
    return base.Dependent(
        'server', str(server['id']), str(server.get('name') or ''),
        str(server.get('tenant_id') or ''),
        '%s, %s' % (how, server.get('status') or 'UNKNOWN'))
