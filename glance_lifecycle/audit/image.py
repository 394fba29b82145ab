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

"""An image's record, as far as audits look at it."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.audit import drift


@dataclasses.dataclass(frozen=True)
class Image:
    """What the Image API says of an image.

    :ivar id: empty for a file that is no image yet
    :ivar size: bytes; None while queued
    :ivar os_hash_algo: such as ``sha512``; empty while queued
    :ivar os_hash_value: hexadecimal
    :ivar properties: the additional ones
    :ivar plain: all of it, as the Image API shows it; None for a file
    """

    id: str
    properties: Mapping[str, object]
    name: str = ''
    status: str = 'active'
    visibility: str = 'private'
    size: int | None = None
    os_hash_algo: str = ''
    os_hash_value: str = ''
    plain: Mapping[str, Any] | None = dataclasses.field(
        default=None, repr=False, compare=False)

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> 'Image':
        """Of the plain JSON of the Image API: see ``drift.catalogue``."""
        return cls(
            id=resource['id'], properties={
                name: value for name, value in resource.items()
                if name not in drift.ATTRIBUTES},
            name=resource.get('name') or '',
            status=resource.get('status') or '',
            visibility=resource.get('visibility') or '',
            size=resource.get('size'),
            os_hash_algo=resource.get('os_hash_algo') or '',
            os_hash_value=resource.get('os_hash_value') or '',
            plain=resource)

    def digest(self, algorithm: str) -> bytes | None:
        """The digest that Glance computed when it stored the bytes.

        :param algorithm: a name that hashlib knows
        """
        if self.os_hash_algo != algorithm:
            return None
        try:
            return bytes.fromhex(self.os_hash_value) or None
        except ValueError:
            return None
