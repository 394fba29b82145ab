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

"""What turned out to be the same, though Glance has no same hash for it."""

from collections.abc import Iterable
import enum

from glance_lifecycle import exceptions

# Only what is linked is held, and that is what was hashed in two ways.
_MOST = 100_000


class Why(enum.StrEnum):
    """What tells that images are the same.

    HASH: Glance's own. SOURCE: of which upload they were made. CONTENT: they
    were read.
    """

    HASH = 'hash'
    SOURCE = 'source'
    CONTENT = 'content'


class Links:
    """Sets of contents, by their names."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        # Each leads to one that stands for it; that one to itself.
        self._above: dict[str, str] = {}
        self._why: dict[str, set[Why]] = {}

    def __contains__(self, content: object) -> bool:
        return content in self._above

    def __bool__(self) -> bool:
        return bool(self._above)

    def join(self, contents: Iterable[str], why: Why) -> None:
        """They are all the same.

        :raises ConfigurationError: there are more than can be held
        """
        first, *others = sorted(contents)
        top = self.top(first)
        self._above.setdefault(top, top)
        reasons = self._why.setdefault(top, set())
        for other in others:
            theirs = self.top(other)
            if theirs != top:
                reasons |= self._why.pop(theirs, set())
            self._above[theirs] = top
        reasons.add(why)
        if len(self._above) > self._most:
            raise exceptions.InputRefused(
                detail='More than %d contents are the same as others of '
                'another hash. Compare one store at a time' % self._most)

    def top(self, content: str) -> str:
        """The one that stands for all that are the same."""
        while (above := self._above.get(content, content)) != content:
            # Half the way for the next time.
            self._above[content] = self._above.get(above, above)
            content = above
        return content

    def why(self, top: str) -> set[Why]:
        return self._why.get(top, set())
