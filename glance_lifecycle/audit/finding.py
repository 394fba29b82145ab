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

"""A Finding: one audited fact, and what to do about it."""

import dataclasses
import enum


class Severity(enum.StrEnum):
    """How bad it is.

    ERROR: something does not work, or is not what it claims to be. UNKNOWN:
    it could not be told. WARNING: it works, and will not for long, or is not
    safe.
    """

    ERROR = 'error'
    UNKNOWN = 'unknown'
    WARNING = 'warning'


@dataclasses.dataclass(frozen=True)
class Finding:
    """One fact.

    :ivar code: a stable slug that tools and documentation use
    :ivar subject: id of the image; ``*`` for something about many
    :ivar evidence: a sentence with the values that were seen
    :ivar remedy: what to do
    :ivar destructive: whether the remedy deletes or overwrites something
    """

    code: str
    severity: Severity
    subject: str
    evidence: str
    remedy: str
    destructive: bool = False
