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

"""Findings that somebody has decided to live with, for a time.

As Ceph's "health mute": a mute says which code, of what subject, until when
and why. It lapses when its time is over, and when what it mutes gets worse.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle import exceptions
from glance_lifecycle.policy import yaml_tree

VERSION = 1

_NEEDED = frozenset(('code', 'until', 'reason'))
_KNOWN = _NEEDED | {'subject', 'severity', 'count'}


@dataclasses.dataclass(frozen=True)
class Mute:
    """One decision.

    :ivar subject: of the findings; empty for all of that code
    :ivar until: the last day
    :ivar severity: the worst that it mutes
    :ivar count: the most that it mutes, where one on three hosts is three
    """

    code: str
    until: datetime.date
    reason: str
    subject: str = ''
    severity: finding.Severity = finding.Severity.WARNING
    count: int = 1

    def covers(self, one: finding.Finding) -> bool:
        return one.code == self.code and self.subject in ('', one.subject)

    def __str__(self) -> str:
        return masking.name(' '.join(filter(None, (self.code, self.subject))))


@dataclasses.dataclass(frozen=True)
class Muted:
    """What mutes leave of findings.

    :ivar shown: those that count
    :ivar muted: those that do not, and by what
    :ivar lapsed: sentences about mutes that no longer mute
    """

    shown: tuple[finding.Finding, ...]
    muted: tuple[tuple[finding.Finding, Mute], ...] = ()
    lapsed: tuple[str, ...] = ()


def load(data: bytes) -> tuple[Mute, ...]:
    """The mutes of a file.

    :raises ConfigurationError: it is broken: nothing is muted by half of it
    """
    tree = yaml_tree.read(data)
    if tree.problems:
        raise _broken(str(tree.problems[0]))
    value = tree.value
    if not isinstance(value, dict) or value.get('version') != VERSION or (
            value.keys() - {'version', 'mutes'}):
        raise _broken('it must have "version: 1" and "mutes", and nothing '
                      'else')
    listed = value.get('mutes') or []
    if not isinstance(listed, list):
        raise _broken('"mutes" is no list')
    return tuple(_mute(number, entry)
                 for number, entry in enumerate(listed, 1))


def apply(found: Sequence[finding.Finding], mutes: Sequence[Mute],
          today: datetime.date) -> Muted:
    """What is left of these findings."""
    by: dict[int, Mute] = {}
    lapsed = []
    for mute in mutes:
        covered = [number for number, one in enumerate(found)
                   if mute.covers(one)]
        why = _lapse(mute, [found[number] for number in covered], today)
        if why:
            lapsed.append(why)
        else:
            by.update((number, mute) for number in covered)
    return Muted(
        tuple(one for number, one in enumerate(found) if number not in by),
        tuple((found[number], mute) for number, mute in sorted(by.items())),
        tuple(lapsed))


def _lapse(mute: Mute, covered: Sequence[finding.Finding],
           today: datetime.date) -> str:
    if not covered:
        return ''
    if today > mute.until:
        return 'The mute of %s was until %s.' % (mute, mute.until)
    worst = min((one.severity for one in covered),
                key=lambda severity: severity.rank)
    if worst.rank < mute.severity.rank:
        return ('The mute of %s is for "%s", and it is "%s" now. Write '
                'severity: %s if that may be.' % (
                    mute, mute.severity, worst, worst))
    count = sum(max(1, len(one.hosts)) for one in covered)
    if count > mute.count:
        return ('The mute of %s is for %d, and there are %d now. Write '
                'count: %d if that may be.' % (
                    mute, mute.count, count, count))
    return ''


def _mute(number: int, entry: Any) -> Mute:
    where = 'mute %d' % number
    if not isinstance(entry, dict) or _NEEDED - entry.keys() or (
            entry.keys() - _KNOWN):
        raise _broken('%s must have %s, and may have subject, severity and '
                      'count' % (where, ', '.join(sorted(_NEEDED))))
    return Mute(**dict(_fields(where, entry)))


def _fields(where: str, entry: Mapping[str, Any]
            ) -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        if name == 'until':
            try:
                yield name, datetime.date.fromisoformat(str(value))
            except ValueError:
                raise _broken('%s: until must be a day, such as 2027-01-31'
                              % where) from None
        elif name == 'severity':
            if value not in list(finding.Severity):
                raise _broken('%s: severity must be one of %s' % (
                    where, ', '.join(finding.Severity)))
            yield name, finding.Severity(value)
        elif name == 'count':
            if not isinstance(value, int) or isinstance(value, bool) or (
                    value < 1):
                raise _broken('%s: count must be a number of 1 or more'
                              % where)
            yield name, value
        elif not isinstance(value, str) or not value.strip():
            raise _broken('%s: %s must be a text' % (where, name))
        else:
            yield name, value.strip()


def _broken(what: str) -> exceptions.InputRefused:
    return exceptions.InputRefused(detail=what)
