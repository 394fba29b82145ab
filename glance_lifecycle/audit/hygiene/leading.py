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


"""Which images have locations that lead to what bears the id of another.

An image can be registered with what was stored for another one, such as to
rescue it; its own id says nothing of that. All locations are read once, and
after that those that have been written since.
"""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import time
from typing import Protocol

from glance_lifecycle.audit.hygiene import claims

# Seconds by which the clocks of those that write to the database may differ,
# and by which what is written may appear later.
_OVERLAP = 3600.0

# Images that one statement asks for.
_BATCH = 500

# Of images with a location that nobody can read, those that are looked at
# again. Where there are more, it is not a few that are wrong.
_MOST = 100


class Host(Protocol):
    """Where Glance's database is."""

    def some(self, ids: Sequence[str]) -> Mapping[str, claims.Image]:
        """The images of these ids, as they are now."""

    def locations(self, since: float | None = None
                  ) -> Iterator[tuple[str, str]]:
        """The image and the URL of each that is not deleted.

        :param since: only those that were written then or later
        """


class Leading:
    """To one store.

    :param subject: of what a name is, see ``inventory.Inventory``
    :param wanted: subjects of which it is to be known; by default, of all
    :param since: seconds since the epoch; what was written before is known
        to who asks. By default, nothing is
    """

    def __init__(self, host: Host, store: claims.Store,
                 subject: Callable[[str], str],
                 wanted: Container[str] | None = None,
                 since: float | None = None) -> None:
        self._host = host
        self._store = store
        self._subject = subject
        self._wanted = wanted
        self._since = None if since is None else since - _OVERLAP
        # Subject -> images.
        self._images: dict[str, set[str]] = {}
        self._unreadable: set[str] = set()
        self._any = False

    def refresh(self) -> None:
        """Read what has been written since.

        :raises DatabaseError: it cannot be read
        """
        begun = time.time()
        for image_id, url in self._host.locations(self._since):
            self._read(image_id, url)
        self._since = begun - _OVERLAP

    def _read(self, image_id: str, url: str) -> None:
        if not url:
            self.note_unreadable(image_id)
            return
        spot = self._store.spot(url)
        if spot is not None:
            self._any = True
            self._add(spot.name, image_id)
        if spot is None and not self._store.elsewhere(url):
            for name in claims.named(url):
                self._add(name, image_id)

    def _add(self, name: str, image_id: str) -> None:
        subject = self._subject(name)
        if subject != image_id and (
                self._wanted is None or subject in self._wanted):
            self._images.setdefault(subject, set()).add(image_id)

    def note_unreadable(self, image_id: str) -> None:
        """It has a location that cannot be decrypted."""
        if len(self._unreadable) < _MOST:
            self._unreadable.add(image_id)

    def anywhere(self) -> bool:
        """Whether one was read, of any image, that leads into the store."""
        return self._any

    def to(self, subject: str) -> Iterator[claims.Image]:
        """The other images that may lead to it, as they are now."""
        found = sorted(self._images.get(subject, ()))
        for first in range(0, len(found), _BATCH):
            yield from self._host.some(
                found[first:first + _BATCH]).values()

    def unreadable(self) -> str:
        """An image with a location that cannot be decrypted; empty for none.

        It may need anything.
        """
        found = sorted(self._unreadable)
        if len(found) < _MOST:
            found = [one.id for one in self._host.some(found).values()
                     if claims.unreadable(one)] if found else []
        return found[0] if found else ''
