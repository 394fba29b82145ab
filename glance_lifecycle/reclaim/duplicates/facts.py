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

"""What is known of an image when it is decided what is done about it."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.reclaim.duplicates import seen

#: the Image API's: a task has the image now
LOCK = 'os_glance_import_task'

#: Images of this visibility can be used by every project.
EVERYBODYS = ('public', 'community')


@dataclasses.dataclass(frozen=True)
class Fact:
    """One image.

    :ivar image: of the Image API
    :ivar servers: that need it; None if nobody can tell
    :ivar volumes: likewise
    """

    image: Mapping[str, Any]
    servers: int | None = None
    volumes: int | None = None

    @property
    def id(self) -> str:
        return str(self.image['id'])

    @property
    def owner(self) -> str:
        return str(self.image.get('owner') or '')

    @property
    def hidden(self) -> bool:
        return bool(self.image.get('os_hidden'))

    @property
    def users(self) -> int | None:
        """Servers and volumes; None where one of the two is not known."""
        if self.servers is None or self.volumes is None:
            return None
        return self.servers + self.volumes


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is decided of one image.

    :ivar instead: the one to use instead; None where nothing is done
    :ivar why: nothing is done, as a sentence
    """

    image_id: str
    instead: Fact | None = None
    same_by: tuple[str, ...] = ()
    why: str = ''


def differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two images of the Image API surely have not the same bytes."""
    mine, theirs = seen.of(one), seen.of(other)
    return mine.size != theirs.size or (
        mine.algorithm == theirs.algorithm and mine.digest != theirs.digest)


def same_by(group: grouping.Group, one: Fact, other: Fact
            ) -> tuple[str, ...]:
    """What tells that two of a group are the same."""
    mine, theirs = seen.of(one.image), seen.of(other.image)
    if mine.digest and (mine.algorithm, mine.digest, mine.size) == (
            theirs.algorithm, theirs.digest, theirs.size):
        return (str(grouping.Why.HASH),)
    # It is not known which of these holds for just these two: all may be
    # needed.
    return tuple(str(why) for why in group.why if why != grouping.Why.HASH)
