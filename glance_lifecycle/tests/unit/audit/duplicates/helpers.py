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

"""Images as plain data."""

from collections.abc import Sequence
import dataclasses
from typing import Any

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members


@dataclasses.dataclass(frozen=True)
class Location:

    store: str = 's1'
    url: str = 'file:///images/1'


@dataclasses.dataclass(frozen=True)
class Image:

    id: str
    digest: str = 'ab' * 64
    algorithm: str = 'sha512'
    size: int = 100
    created: float = 0.0
    name: str = ''
    project: str = 'p1'
    visibility: str = 'private'
    hidden: bool = False
    disk_format: str = 'raw'
    attestation: str = ''
    server: str = ''
    locations: Sequence[Location] = (Location(),)


def unhashed(image_id: str, **other: Any) -> Image:
    return Image(image_id, '', '', **other)


def member(image_id: str, **other: Any) -> members.Member:
    found = members.of(Image(image_id, **other))
    assert found is not None  # noqa: S101 - it has a location
    return found


def group(*some: members.Member) -> grouping.Group:
    return grouping.Group('0123456789ab', (grouping.Why.HASH,), some)
