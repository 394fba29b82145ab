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

"""Whether a location leads to an image's bytes, with today's credentials."""

import contextlib
import json
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs
from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer.backends.s3 import service as s3_service
from glance_lifecycle.transfer.backends.s3 import source as s3_source
from glance_lifecycle.transfer.backends.swift import service as swift_service
from glance_lifecycle.transfer.backends.swift import source as swift_source
from glance_lifecycle.transfer import job as jobs

# Bytes: who may ask for its size may not be one who may read it.
_PROBE = 4096


class Checker:
    """Looks at many objects of one store over few connections.

    What connects reads the credentials from Glance's configuration, never
    from a location.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._services: dict[str, object_source.Service] = {}

    def close(self) -> None:
        while self._services:
            self._services.popitem()[1].close()

    def check(self, url: str, size: int | None) -> None:
        """Ask for the object's size, and read its beginning.

        :param size: bytes of the image, None where they are not known
        :raises CopyMissing: there is nothing
        :raises CopyCorrupt: it is of another size
        :raises StoreError: it cannot be read
        :raises ConfigurationError: no store of this driver is read so
        """
        described = copy_jobs.describe_location(self._store, url, size)
        options = dict(described.options)
        source = jobs.load(described.entry)
        name = str(options.pop('key' if source is s3_source.StoredS3
                               else 'name'))
        try:
            service = self._service(source, options)
            self._look(service, source, name, size)
        except (exceptions.CopyMissing, exceptions.CopyCorrupt):
            raise
        except exceptions.StoreError:
            # Its patience is at an end.
            self.close()
            raise

    def _look(self, service: object_source.Service, source: Any, name: str,
              size: int | None) -> None:
        head = service.find(name)
        if head is None:
            raise exceptions.CopyMissing(
                store=self._store, detail='its object is not there')
        found = source.size_of(head)
        if size not in (None, found):
            raise exceptions.CopyCorrupt(
                store=self._store, detail='it has %d bytes and the image %d'
                % (found, size))
        if found:
            head, _data = service.read(name, 0, min(_PROBE, found))
            if not head:
                raise exceptions.CopyMissing(
                    store=self._store, detail='its object is not there')

    def _service(self, source: Any,
                 options: dict[str, Any]) -> object_source.Service:
        del options['size']
        key = json.dumps(options, sort_keys=True)
        if key not in self._services:
            made = _made(source, self._store, options)
            with contextlib.ExitStack() as undo:
                undo.callback(made.close)
                made.connect()
                undo.pop_all()
            self._services[key] = made
        return self._services[key]


def _made(source: Any, store: str,
          options: dict[str, Any]) -> object_source.Service:
    if source is s3_source.StoredS3:
        return s3_service.Service(store, {**options['options'], 'senders': 1})
    if source is swift_source.StoredSwift:
        return swift_service.Service(store, options['options'],
                                     options['container'])
    raise exceptions.InputRefused(
        detail='Store %s keeps no credentials in its locations. Driver: %s'
        % (store, glance_host.store_driver(store)))
