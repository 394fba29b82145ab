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

"""Which images of a family are newer than one of them.

An image of another project is never of its family, whatever it is called: a
stranger cannot make somebody's image old. Nor is a snapshot of a server, which
has the properties of the image that the server was booted from.

A newer image counts only for those that can be seen by no more projects than
it can: a private one, say, does not replace a public one.

Pure. Of an image no more than its id and its time is kept: some 400 bytes.
"""

import bisect
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
import heapq
import itertools

from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import family as families
from glance_lifecycle.policy import wants

#: since when there is a newer one, ISO 8601
DEPRECATED = 'lifecycle_deprecated'
#: id of the newest one
REPLACED_BY = 'lifecycle_replaced_by'

_SETTLED = ('active', 'deactivated')
_ARCHITECTURE = 'architecture'
_LONGEST = 255

# Creation and id: those of one second have an order, too.
_Moment = tuple[datetime.datetime, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """Images with the same one are a family.

    :ivar value: of the property, or a part of the name
    """

    family: families.Family
    project: str
    architecture: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One image of a family.

    :ivar width: how few see it: an index of ``wants.ALL_VISIBILITIES``
    :ivar usable: it is active, and found by who looks for one
    """

    id: str
    created: datetime.datetime
    width: int
    usable: bool

    @property
    def moment(self) -> _Moment:
        return self.created, self.id


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """A family as one of its images sees it.

    :ivar key: of the family; None if it is surely of none
    :ivar newer: how many usable ones are newer
    :ivar replacement: id of the newest of these; empty for none
    :ivar first: when the first newer one was created, usable or not
    :ivar out: seconds from its creation until so many newer ones had been
        created as are to be kept; None: that was never so
    """

    key: Key | None = None
    newer: int = 0
    replacement: str = ''
    first: datetime.datetime | None = None
    out: int | None = None


def key(facts: policy_facts.Facts, decision: decisions.Decision
        ) -> Key | None:
    """None where it is of no family, or nobody can tell of which."""
    family = decision.retain.family
    properties = facts.properties
    if (family is None or properties is None or not facts.project
            or 'retain' in decision.unsure
            or properties.get('image_type') == 'snapshot'):
        return None
    value = family.value(facts)
    architecture = properties.get(_ARCHITECTURE, '')
    if value is None or len(architecture) > _LONGEST:
        return None
    return Key(family, facts.project, architecture, value)


def member(image_id: str, status: str | None,
           created: datetime.datetime | None, facts: policy_facts.Facts,
           decision: decisions.Decision) -> Member | None:
    """None where it is not yet there, or its time is not known."""
    if (status not in _SETTLED or created is None or created.tzinfo is None
            or facts.visibility not in wants.ALL_VISIBILITIES):
        return None
    # What is hidden as replaced is shown again where it is the newest.
    found = facts.hidden is False or (
        decision.retain.hides_deprecated
        and DEPRECATED in (facts.properties or {}))
    return Member(image_id, created,
                  wants.ALL_VISIBILITIES.index(facts.visibility),
                  status == 'active' and found)


class Generations:
    """The images of some families."""

    def __init__(self) -> None:
        self._members: dict[str, tuple[Key, Member]] = {}
        self._sorted: dict[tuple[Key, int, bool], list[_Moment]] | None = None

    def add(self, key: Key, member: Member) -> None:
        """The last of what is said of an image counts.

        An image that changes while all are listed is listed twice.
        """
        self._members[member.id] = key, member
        self._sorted = None

    def view(self, key: Key, member: Member, keep_last: int | None) -> View:
        """As this image sees its family, whether or not it was added."""
        usable = [*self._newer(key, member, True)]
        every = [*self._newer(key, member, False)]
        newest = max((group[-1] for group, _ in usable), default=None)
        count = keep_last or 1
        oldest = heapq.merge(*(group[start:start + count]
                               for group, start in every))
        first = [created for created, _ in itertools.islice(oldest, count)]
        out = first[-1] if keep_last and len(first) == keep_last else None
        return View(
            key, sum(len(group) - start for group, start in usable),
            newest[1] if newest else '', first[0] if first else None,
            None if out is None
            else int((out - member.created).total_seconds()))

    def after(self, key: Key, member: Member, but: Collection[str]) -> str:
        """Id of the newest image after this one; empty if it is that itself.

        Usable or not, and whoever sees it: another one with the visibility
        of this one, made now, would be newer for one of them or the other.

        :param but: ids of images that do not count
        """
        widest = dataclasses.replace(
            member, width=len(wants.ALL_VISIBILITIES) - 1)
        newest = [next((moment for moment in itertools.islice(
            reversed(group), len(group) - start) if moment[1] not in but),
            None) for group, start in self._newer(key, widest, False)]
        return max(filter(None, newest), default=(None, ''))[1]

    def _newer(self, key: Key, member: Member, usable: bool
               ) -> Iterator[tuple[list[_Moment], int]]:
        """Sorted groups, and from where on they are newer."""
        groups = self._groups()
        for width in range(member.width + 1):
            group = groups.get((key, width, usable), [])
            start = bisect.bisect_right(group, member.moment)
            if start < len(group):
                yield group, start

    def _groups(self) -> dict[tuple[Key, int, bool], list[_Moment]]:
        """Those that are usable, and all, by who sees them."""
        if self._sorted is None:
            self._sorted = {}
            for key, member in self._members.values():
                for usable in {member.usable, False}:
                    self._sorted.setdefault(
                        (key, member.width, usable), []).append(
                            member.moment)
            for group in self._sorted.values():
                group.sort()
        return self._sorted


def marks(facts: policy_facts.Facts, decision: decisions.Decision,
          view: View | None) -> dict[str, str | bool | None]:
    """What an image is to carry so that people find the newer one.

    Names of properties, and ``os_hidden`` -> value; None for not there.

    :param view: None where nobody has looked
    """
    retain, properties = decision.retain, facts.properties
    if retain.deprecate is None or properties is None or (
            retain.deprecate and view is None):
        return {}
    if retain.deprecate and view is not None and view.replacement:
        return _marked(decision, properties, view)
    if DEPRECATED not in properties and REPLACED_BY not in properties:
        return {}
    found: dict[str, str | bool | None] = {DEPRECATED: None,
                                           REPLACED_BY: None}
    old = (retain.keep_last is None and retain.hide_after is not None
           and (facts.age is None or facts.age >= retain.hide_after))
    if retain.hides_deprecated and DEPRECATED in properties and not old and (
            decision.visibility.hidden is None):
        found['os_hidden'] = False
    return found


def _marked(decision: decisions.Decision, properties: Mapping[str, str],
            view: View) -> dict[str, str | bool | None]:
    # It stays as it is where it was once said: the first newer one may be
    # gone by now.
    since = properties.get(DEPRECATED, '')
    if not _is_time(since):
        since = view.first.astimezone(datetime.UTC).strftime(
            '%Y-%m-%dT%H:%M:%SZ') if view.first else ''
    found: dict[str, str | bool | None] = {DEPRECATED: since,
                                           REPLACED_BY: view.replacement}
    if decision.retain.hides_deprecated and (
            decision.visibility.hidden is None):
        found['os_hidden'] = True
    return found


def _is_time(text: str) -> bool:
    try:
        datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%SZ')
    except ValueError:
        return False
    return True
