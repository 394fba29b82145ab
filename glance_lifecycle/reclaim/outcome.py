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

"""What became of one thing."""

import dataclasses
import enum

from glance_lifecycle.transfer.backends import inventory


class Result(enum.StrEnum):
    """With ``--dry-run``, what would.

    QUARANTINED: it was taken out of sight. KEPT: it was before, and still is.
    PURGED: removed for good. RESTORED: brought back. GONE: there is nothing
    any more. LEFT: it stays as it is. BRAKED: it is for the next run. FAILED:
    nobody can tell.
    """

    QUARANTINED = 'quarantined'
    KEPT = 'in quarantine'
    PURGED = 'purged'
    RESTORED = 'restored'
    GONE = 'gone'
    LEFT = 'left'
    BRAKED = 'not yet'
    FAILED = 'failed'


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """:ivar entry: the object, with its old place; None for a whole store
    :ivar detail: a sentence; empty where there is nothing to say
    """

    store: str
    entry: inventory.Entry | None
    result: Result
    detail: str = ''

    @property
    def held(self) -> int:
        return self.entry.held if self.entry else 0
