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

"""The one word that sources, engine and sinks share: Extent."""

import dataclasses
import enum


class Kind(enum.Enum):
    DATA = 'data'
    ZERO = 'zero'


@dataclasses.dataclass(frozen=True, slots=True)
class Extent:
    """A run of guest bytes of one kind.

    :ivar start: offset in the guest's view of the disk, in bytes
    :ivar length: bytes, more than zero
    :ivar kind: DATA must be read; ZERO reads as zeros and is never read
    """

    start: int
    length: int
    kind: Kind

    @property
    def end(self) -> int:
        return self.start + self.length
