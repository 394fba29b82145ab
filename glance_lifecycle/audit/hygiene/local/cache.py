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

"""Glance's cache of images on this host.

``cache audit`` asks the API of each glance-api what it has cached, and what it
would prune. This looks at the files, also those that no record is of, and asks
the database whether anybody needs them.
"""

from collections.abc import Iterator
import os

from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.transfer.backends import inventory

Kind = listing.Kind

_INNER = {'incomplete': Kind.INCOMPLETE, 'invalid': Kind.INVALID,
          'queue': Kind.QUEUED}

_EVICT = ('Take it out with "openstack cached image delete %s", asked of this '
          'very glance-api. If that knows none, remove the file while '
          'glance-api is stopped.')
_CLEAN = ('Run glance-cache-cleaner on this host, or have POST '
          '/v2/cache/clean called (Glance 33).')


class Cache(place.Files):
    """:param stall_time: seconds after which Glance gives a fetch up"""

    name = 'cache'
    # What is still being read by somebody, or written.
    opened = frozenset((Kind.CACHED, Kind.INCOMPLETE, Kind.INVALID))

    def __init__(self, path: str, stall_time: float) -> None:
        super().__init__(path)
        self._stall_time = stall_time

    def files(self) -> Iterator[listing.File]:
        yield from self._files(self.path, Kind.CACHED)
        for name, kind in _INNER.items():
            yield from self._files(os.path.join(self.path, name), kind)

    def _files(self, path: str, kind: Kind) -> Iterator[listing.File]:
        for name, status in listing.scan(path, inner=path != self.path):
            image_id = inventory.image_id(name)
            # Besides the images, the databases of drivers lie there.
            yield listing.made(path, name, status, kind if image_id
                               else Kind.OTHER, image_id)

    def verdict(self, file: listing.File, facts: place.Facts
                ) -> found.Verdict | None:
        if file.kind is Kind.INVALID:
            return _stale('Glance took it for broken, and serves it to '
                          'nobody.', _CLEAN)
        if file.kind is Kind.INCOMPLETE:
            if facts.times.now - file.changed < self._stall_time:
                return None
            return _stale(
                'It is the beginning of a fetch, and nobody writes it any '
                'more. Until it is removed, the image is not cached.', _CLEAN)
        gone = facts.gone(file.image_id)
        if not gone:
            return None
        return _stale(
            gone + (' It is queued to be cached, and never will be.'
                    if file.kind is Kind.QUEUED else
                    ' Nobody can ask for it any more.'),
            _EVICT % wording.shown(file.image_id))


def _stale(why: str, remedy: str) -> found.Verdict:
    return found.Verdict(found.CACHE, why, remedy)
