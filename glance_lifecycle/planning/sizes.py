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

"""How many bytes an image has, by format and store, and what they cost."""

from glance_lifecycle.planning import assumed
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning.formats import Format


def disk_format(image: clouds.Image, kind: Format) -> str:
    """What Glance says of it then."""
    return {Format.RAW: 'raw', Format.AS_IS: image.disk_format}.get(
        kind, 'qcow2')


def size(image: clouds.Image, kind: Format) -> float:
    """Bytes that a download takes: holes of raw are read as zeros."""
    if kind is image.kind:
        return image.size.value
    if kind is Format.RAW:
        return image.virtual_size.value
    return image.data_size.value * (
        image.compression.value if kind is Format.COMPRESSED else 1)


def stored(image: clouds.Image, kind: Format, store: clouds.Store) -> float:
    """Bytes that a copy takes, replicas not counted."""
    if kind is Format.RAW and store.thin.value:
        return min(image.data_size.value, image.virtual_size.value)
    return size(image, kind)


def both(image: clouds.Image, kind: Format) -> tuple[float, float]:
    """Bytes of a copy in a store that is not thin, and in one that is."""
    thick = size(image, kind)
    return thick, (min(image.data_size.value, image.virtual_size.value)
                   if kind is Format.RAW else thick)


def cost(image: clouds.Image, kind: Format, store: clouds.Store) -> float:
    """Of a copy, for a month."""
    return price(store, stored(image, kind, store))


def price(store: clouds.Store, size: float) -> float:
    """Of bytes that are stored, for a month, with their replicas."""
    return size / assumed.GIB * (store.factor.value * store.cost.value)
