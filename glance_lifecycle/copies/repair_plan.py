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

"""What is wrong with an image and its copies, and what is to be done.

Pure: who asks has looked, and has read every copy once. In doubt, nothing is
done: no copy is touched while nobody can tell which one is right, none while
it is the last one, and no hash is written over another.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import enum

from glance_lifecycle.copies import known
from glance_lifecycle.policy import match


class State(enum.StrEnum):
    """What a copy is found to be.

    READ: all of it, and there was no hash to compare with. UNCLEAR: it could
    not be read.
    """

    GOOD = 'good'
    READ = 'read'
    MISSING = 'missing'
    WRONG = 'wrong'
    DIFFERS = 'differs'
    UNCLEAR = 'unclear'


class Action(enum.StrEnum):
    NONE = 'none'
    LEAVE = 'leave'
    FILL = 'fill in'
    WRITE = 'write'
    REPLACE = 'replace'
    DROP = 'drop'
    DEACTIVATE = 'deactivate'


_OF_WAY = {
    known.Way.BESIDE: (
        Action.WRITE, 'The wrong one has another name, and stays.'),
    known.Way.IN_PLACE: (
        Action.REPLACE, 'It stays until the new one is whole.'),
    known.Way.ASIDE: (
        Action.REPLACE, 'It is put into quarantine until the new one is '
        'whole.'),
    known.Way.FIRST: (
        Action.REPLACE, 'It has to go before the new one is written.'),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What Glance says of the image.

    :ivar algorithm: of its hash; where it has none, of the one that it gets
    :ivar absent: names of attributes that are, and should not be
    :ivar virtual_size: what a copy says, None where it does not
    """

    id: str
    name: str
    status: str
    size: int | None
    checksum: str | None
    algorithm: str
    absent: frozenset[str]
    virtual_size: int | None = None

    @property
    def hashed(self) -> bool:
        return 'os_hash_value' not in self.absent


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """One copy, after it was looked at and read.

    :ivar why: a sentence
    :ivar way: how another could take its place
    :ivar against: why it must not be replaced, or written; a sentence
    """

    store: str
    state: State
    why: str = ''
    digests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    size: int | None = None
    way: known.Way = known.Way.NONE
    against: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """What was found, and what is to be done about it.

    :ivar store: empty for what is said of the image
    :ivar bad: something is wrong, and is so until it is mended
    :ivar unclear: something could not be told
    """

    store: str
    found: str
    action: Action
    detail: str = ''
    bad: bool = False
    unclear: bool = False
    destructive: bool = False

    @property
    def is_work(self) -> bool:
        return self.action not in (Action.NONE, Action.LEAVE)


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """All of it.

    :ivar good: stores whose copies are the image
    :ivar values: attribute -> what is filled in
    """

    image_id: str
    name: str
    lines: tuple[Line, ...]
    good: tuple[str, ...]
    values: Mapping[str, str | int]

    @property
    def work(self) -> list[Line]:
        return [line for line in self.lines if line.is_work]

    def said(self) -> Iterator[str]:
        """For the operator, before they say yes."""
        yield 'Image %s%s:' % (self.image_id, ' (%s)' % match.text(self.name)
                               if self.name else '')
        for line in self.lines:
            yield '  %s%s: %s%s%s' % (
                'DESTRUCTIVE: ' if line.destructive else '',
                'store ' + line.store if line.store else 'the image',
                line.found,
                '' if line.action is Action.NONE else '; %s' % line.action,
                '. ' + line.detail if line.detail else '.')


def judged(facts: Facts, seen: Sequence[Seen]) -> list[Seen]:
    """The copies that were only read, compared with each other."""
    read = [one for one in seen if one.state is State.READ]
    fitting = [one for one in read if facts.checksum in (
        None, one.digests.get('md5'))]
    alike = len({one.digests[facts.algorithm] for one in fitting}) < 2
    found = []
    for one in seen:
        if one.state is not State.READ:
            found.append(one)
        elif one not in fitting:
            found.append(dataclasses.replace(
                one, state=State.WRONG, why='The md5 of its bytes is %s and '
                'must be %s.' % (one.digests.get('md5'), facts.checksum)))
        elif alike:
            found.append(dataclasses.replace(one, state=State.GOOD))
        else:
            found.append(dataclasses.replace(
                one, state=State.DIFFERS, why='The %s of its bytes is %s, and '
                'Glance has no hash to say which copy is right.' % (
                    facts.algorithm, one.digests[facts.algorithm])))
    return found


def plan(facts: Facts, seen: Sequence[Seen], *, drop: bool = False,
         deactivate: bool = False) -> Plan:
    """What to do.

    :param seen: after ``judged``
    :param drop: forget locations that lead nowhere, rather than write
    :param deactivate: the image, if it has no good copy at all
    """
    good = [one for one in seen if one.state is State.GOOD]
    lines: list[Line] = []
    values: dict[str, str | int] = {}
    if facts.absent:
        why = _unfilled(facts, seen, good)
        if not why:
            values = _values(facts, good[0])
        lines += _filling(facts, values, why)
    writable = good and (facts.hashed or 'os_hash_value' in values)
    lines += [_of_copy(one, bool(good), bool(writable), drop) for one in seen]
    lines += _hopeless(facts, seen, deactivate)
    return Plan(facts.id, facts.name, tuple(lines),
                tuple(one.store for one in good), values)


def _unfilled(facts: Facts, seen: Sequence[Seen], good: Sequence[Seen]
              ) -> str:
    """Why nothing can be filled in; empty if it can."""
    if any(one.state is State.DIFFERS for one in seen):
        return 'The copies differ, and nothing tells which one is right.'
    if not good:
        return 'There is no good copy to read it of.'
    unread = [one.store for one in seen if one.state is State.UNCLEAR]
    if unread and not facts.hashed:
        return ('The copy in store %s could not be read, and has to be '
                'compared first.' % ', '.join(unread))
    return ''


def _values(facts: Facts, copy: Seen) -> dict[str, str | int]:
    told: dict[str, str | int | None] = {
        'os_hash_algo': facts.algorithm,
        'os_hash_value': copy.digests.get(facts.algorithm),
        'checksum': copy.digests.get('md5'),
        'size': copy.size,
        'virtual_size': facts.virtual_size}
    return {name: value for name, value in told.items()
            if name in facts.absent and value is not None}


def _filling(facts: Facts, values: Mapping[str, str | int], why: str
             ) -> Iterator[Line]:
    if values:
        yield Line('', 'no ' + ', '.join(sorted(values)), Action.FILL,
                   ', '.join('%s = %s' % (name, values[name])
                             for name in sorted(values)) + '.', bad=True)
    left = sorted(facts.absent - values.keys())
    if left:
        yield Line('', 'no ' + ', '.join(left), Action.LEAVE,
                   why or 'A copy does not tell it.', unclear=True)


def _of_copy(one: Seen, good: bool, writable: bool, drop: bool) -> Line:
    if one.state is State.GOOD:
        return Line(one.store, str(one.state), Action.NONE, one.why)
    dropped = one.state is State.MISSING and drop
    left = _left(one, good, writable or dropped)
    if left is not None:
        action, more = Action.LEAVE, left
    elif dropped:
        action, more = Action.DROP, 'Glance forgets that location.'
    elif one.state is State.MISSING:
        action, more = Action.WRITE, ''
    else:
        action, more = _OF_WAY[one.way]
    return Line(
        one.store, str(one.state), action,
        ' '.join(filter(None, (one.why, more))),
        bad=one.state is not State.UNCLEAR,
        unclear=one.state is State.UNCLEAR,
        destructive=action is Action.REPLACE and one.way is known.Way.FIRST)


def _left(one: Seen, good: bool, possible: bool) -> str | None:
    """Why nothing is done about it, None where something is.

    :param possible: what there is to do can be done
    """
    if one.state in (State.UNCLEAR, State.DIFFERS):
        # That says why.
        return ''
    if not good:
        return 'There is no good copy to write it from.'
    if one.against:
        return one.against
    if one.state is State.WRONG and one.way is known.Way.NONE:
        return 'Nobody can tell what is there.'
    return None if possible else (
        'It cannot be written while the image has no hash.')


def _hopeless(facts: Facts, seen: Sequence[Seen], deactivate: bool
              ) -> Iterator[Line]:
    # What Nova makes of a server with a volume has no bytes, and no copies.
    if not seen and not facts.size:
        return
    if any(one.state not in (State.MISSING, State.WRONG) for one in seen):
        return
    if deactivate and facts.status == 'active':
        yield Line('', 'no good copy', Action.DEACTIVATE,
                   'Nobody can download it then.', bad=True)
    else:
        yield Line('', 'no good copy', Action.LEAVE, 'The image is lost, '
                   'unless a store has a backup.%s' % (
                       ' Use --deactivate to keep users from it.'
                       if facts.status == 'active' else ''), bad=True)
