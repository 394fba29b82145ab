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


"""A copy in a store of glance_store's Swift driver."""

from typing import Any

from glance_lifecycle.transfer.sink import swift_options
from glance_lifecycle.transfer.sink import swift_service
from glance_lifecycle.transfer.source import stored
from glance_lifecycle.transfer.source import stored_object

_BY_REFERENCE = ('swift+config',)
_BY_ADDRESS = ('swift', 'swift+http', 'swift+https')


class StoredSwift(stored_object.StoredObject):
    """An object of a container, or the segments that its manifest names.

    :param name: of the object
    :param options: what ``swift_options.describe`` returned
    """

    def __init__(self, fd: int = -1, *, store: str, name: str,
                 container: str, options: dict[str, Any],
                 size: int | None = None) -> None:
        super().__init__(fd, store=store, size=size)
        self._name = name
        self._service = swift_service.Service(store, options, container)
        try:
            self._service.connect()
            self.look('object %s of container %s' % (name, container))
        except BaseException:
            self.close()
            raise

    @classmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        options = swift_options.describe(conf, store)
        if url.startswith(_BY_REFERENCE[0]):
            reference, container, name = stored_object.parsed(
                store, url, _BY_REFERENCE)
            # It must be one that is still there.
            swift_options.account(conf, store, reference)
            options['reference'] = reference
        else:
            address, container, name = stored_object.parsed(
                store, url, _BY_ADDRESS)
            own = swift_options.account(conf, store, options['reference'])
            if address != own['auth_address'].rpartition('://')[2].strip('/'):
                raise stored.not_of(store)
        return {'store': store, 'name': name, 'container': container,
                'options': options, 'size': size}

    def head(self) -> tuple[int, str] | None:
        found = self._service.find(self._name)
        if found is None:
            return None
        return int(found['content-length']), _version(found)

    def read(self, offset: int, length: int) -> tuple[str, bytes | None]:
        found, data = self._service.read(self._name, offset, length)
        return _version(found), data

    def close(self) -> None:
        self._service.close()


def _version(headers: dict[str, str]) -> str:
    if not headers:
        return ''
    return '%s %s' % (headers['etag'], headers['x-timestamp'])
