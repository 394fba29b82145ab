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
    safe. INFO: nothing is wrong, and it is good to know.
    """

    ERROR = 'error'
    UNKNOWN = 'unknown'
    WARNING = 'warning'
    INFO = 'info'

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(type(self)).index(self)


@dataclasses.dataclass(frozen=True, order=True)
class Place:
    """Where a fact stands.

    :ivar path: of the file, as it was named
    :ivar line: from 1; 0 for the file as a whole
    :ivar option: such as ``[glance_store] default_backend``
    :ivar value: as it is shown, without secrets; None for one that is not
    """

    path: str
    line: int = 0
    option: str = ''
    value: str | None = None

    def __str__(self) -> str:
        return '%s:%d' % (self.path, self.line) if self.line else self.path


@dataclasses.dataclass(frozen=True)
class Finding:
    """One fact.

    :ivar code: stable: a slug, or of a check of the doctor such as GLC101
    :ivar subject: id of the image, or what it is about, such as an option;
        ``*`` for something about many
    :ivar evidence: a sentence with the values that were seen
    :ivar remedy: what to do: the exact line or command, where there is one
    :ivar destructive: whether the remedy deletes or overwrites something
    :ivar hosts: on which it was found, where that matters
    :ivar places: where it stands
    """

    code: str
    severity: Severity
    subject: str
    evidence: str
    remedy: str
    destructive: bool = False
    hosts: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
