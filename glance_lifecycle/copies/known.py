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

"""What is known of one copy; words that all operations share."""

import dataclasses
import enum


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """One copy, as far as it is known.

    :ivar driver: of its store; empty if not known here
    :ivar present: None if nobody could look
    :ivar size: bytes
    :ivar allocated: bytes that are not holes
    :ivar verified: when, ISO 8601; empty for not on this host
    :ivar detail: what is wrong
    """

    store: str
    driver: str = ''
    present: bool | None = None
    size: int | None = None
    allocated: int | None = None
    verified: str = ''
    detail: str = ''

    @property
    def good(self) -> bool:
        """It is there, and as large as the image."""
        return bool(self.present) and self.size is not None


class Way(enum.Enum):
    """How a new copy takes the place of a wrong one.

    BESIDE: they have different names. IN_PLACE: in the moment when it is
    whole. ASIDE: the wrong one is kept in quarantine until then. FIRST: it has
    to go before the new one is written.
    """

    NONE = 'none'
    BESIDE = 'beside'
    IN_PLACE = 'in place'
    ASIDE = 'aside'
    FIRST = 'first'
