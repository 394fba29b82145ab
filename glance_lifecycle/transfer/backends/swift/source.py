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

from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift import service
from glance_lifecycle.transfer import confine

_BY_REFERENCE = ('swift+config',)
_BY_ADDRESS = ('swift', 'swift+http', 'swift+https')


class StoredSwift(object_source.StoredObject):
    """An object of a container, or the segments that its manifest names.

    :param name: of the object
    :param options: what ``swift_options.describe`` returned
    """

    def __init__(self, fd: int = -1, *, store: str, name: str,
                 container: str, options: dict[str, Any],
                 size: int | None = None) -> None:
        super().__init__(
            fd, store=store, name=name, place='container %s' % container,
            service=service.Service(store, options, container),
            size=size)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        options = options['options']
        return settings.reach(options, options['cacert'],
                              options['account_file'])

    @classmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        options = swift_options.describe(conf, store)
        if url.startswith(_BY_REFERENCE[0]):
            reference, container, name = object_source.parsed(
                store, url, _BY_REFERENCE)
            # It must be one that is still there.
            swift_options.account(conf, store, reference)
            options['reference'] = reference
        else:
            address, container, name = object_source.parsed(
                store, url, _BY_ADDRESS)
            own = swift_options.account(conf, store, options['reference'])
            if address != own['auth_address'].rpartition('://')[2].strip('/'):
                raise stored.not_of(store)
        return {'store': store, 'name': name, 'container': container,
                'options': options, 'size': size}

    @staticmethod
    def size_of(head: dict[str, Any]) -> int:
        return int(head['content-length'])

    @staticmethod
    def version_of(head: dict[str, Any]) -> str:
        return '%s %s' % (head['etag'], head['x-timestamp'])
