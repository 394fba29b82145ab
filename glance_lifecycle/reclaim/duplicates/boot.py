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

"""What of two images is not the same, and matters to who boots from them."""

from collections.abc import Iterator
from collections.abc import Mapping
import re
from typing import Any

from glance_lifecycle.audit import drift

_ATTRIBUTES = ('container_format', 'disk_format', 'min_disk', 'min_ram')

# Notes of people, of the service, and of who uploaded it. All others count:
# a scheduler may look at any property (AggregateImagePropertiesIsolation).
_NOTES = re.compile(r'description|owner_specified\..*|lifecycle_.*|'
                    r'os_glance_.*')

# Each signature is another, of the same bytes, too.
_SIGNATURE = 'img_signature'


def differences(one: Mapping[str, Any], other: Mapping[str, Any]
                ) -> list[str]:
    """Names of attributes and properties, sorted.

    :param one: an image of the Image API
    """
    return sorted(_different(one, other))


def _different(one: Mapping[str, Any], other: Mapping[str, Any]
               ) -> Iterator[str]:
    for name in _ATTRIBUTES:
        if one.get(name) != other.get(name):
            yield name
    for name in (one.keys() | other.keys()) - drift.ATTRIBUTES:
        if _NOTES.fullmatch(name):
            continue
        if name == _SIGNATURE:
            same = (name in one) == (name in other)
        else:
            same = one.get(name) == other.get(name)
        if not same:
            yield name
