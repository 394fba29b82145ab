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

"""Sums over a catalogue, one image at a time, however long it is."""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import generations
from glance_lifecycle.signing import properties

#: What of an image's signature its properties tell.
SIGNED, NOT_SIGNED, MALFORMED = SIGNATURES = (
    'signed', 'not signed', 'incomplete')

#: A store that has no name: there is one only.
ONLY_STORE = '(the only store)'


class Catalogue:
    """Images as the Image API shows them.

    :param stores: names of all there are, so that an empty one is told, too
    :ivar status: how many images are in it
    :ivar stores: name -> copies
    :ivar copies: store, disk format -> bytes
    :ivar formats: disk format -> images
    :ivar held: disk format -> bytes, one copy of each
    :ivar visibility: likewise, images
    :ivar signatures: visibility, signature -> active images
    """

    def __init__(self, stores: Sequence[str] = ()) -> None:
        self.images = 0
        self.bytes = 0
        self._named = bool(stores)
        self.status: collections.Counter[str] = collections.Counter()
        self.stores: collections.Counter[str] = collections.Counter(
            dict.fromkeys(stores, 0))
        self.copies: collections.Counter[tuple[str, str]] = (
            collections.Counter())
        self.formats: collections.Counter[str] = collections.Counter()
        self.held: collections.Counter[str] = collections.Counter()
        self.visibility: collections.Counter[str] = collections.Counter()
        self.signatures: collections.Counter[tuple[str, str]] = (
            collections.Counter())

    def add(self, image: drift.Resource) -> None:
        self.images += 1
        status = str(image.get('status'))
        self.status[status] += 1
        if status not in drift.SETTLED:
            return
        size = image.get('size') or 0
        disk_format = str(image.get('disk_format') or 'none')
        self.formats[disk_format] += 1
        self.held[disk_format] += size
        visibility = str(image.get('visibility'))
        self.visibility[visibility] += 1
        self.signatures[visibility, _signature(image)] += 1
        # What Nova makes of a server with a volume lies in no store.
        for store in image_api.stores_of(image) if self._named else (
                [ONLY_STORE] if size else []):
            self.stores[store] += 1
            self.copies[store, disk_format] += size
            self.bytes += size

    def through(self, images: Iterable[drift.Resource]
                ) -> Iterator[drift.Resource]:
        """The same images, counted as they go by."""
        for image in images:
            self.add(image)
            yield image


def _signature(image: Mapping[str, Any]) -> str:
    try:
        return SIGNED if properties.parse(image) else NOT_SIGNED
    except exceptions.ImageRefused:
        return MALFORMED


class Classes:
    """Images by the first rule of the policy that decides any of theirs.

    :param view: see ``audit.drift.drifted``
    :ivar images: name of a rule, or ``defaults`` -> how many
    :ivar held: likewise, bytes, one copy of each
    """

    def __init__(self, policy: decision.Policy, view: drift.See) -> None:
        rules = policy.document.rules if policy.document else ()
        self._order = {rule.name: number
                       for number, rule in enumerate(rules)}
        self._view = view
        self.images: collections.Counter[str] = collections.Counter()
        self.held: collections.Counter[str] = collections.Counter()

    def view(self, image: drift.Resource, known: decision.Facts,
             wanted: decision.Decision) -> generations.View | None:
        """Of the family, as the one given has it; the image is counted."""
        first = min(wanted.rules.values(), key=lambda name: (
            self._order.get(name, len(self._order))))
        self.images[first] += 1
        self.held[first] += image.get('size') or 0
        return self._view(image, known, wanted)
