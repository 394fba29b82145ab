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

"""What a report says, whether it is shown as HTML or as JSON."""

from collections.abc import Sequence
import dataclasses
import enum
from typing import TypeAlias
from typing import TypeVar

from glance_lifecycle.audit import finding
from glance_lifecycle.planning import known

T = TypeVar('T')

Source = known.Source
Severity = finding.Severity

#: Rows of a table, at most: a report is read, and what is longer is a list.
MOST_ROWS = 20

#: Every command begins so.
COMMAND = 'openstack image lifecycle '


class Unit(enum.StrEnum):
    """What a value is."""

    TEXT = 'text'
    COUNT = 'count'
    BYTES = 'bytes'
    SECONDS = 'seconds'
    PERCENT = 'percent'
    MONEY = 'money'


#: None where it is not known.
Value = str | int | float | None


@dataclasses.dataclass(frozen=True)
class NotAsked:
    """What stands where a source could not be asked.

    :ivar why: a sentence
    """

    why: str


#: What was collected for a section.
Told: TypeAlias = T | NotAsked


@dataclasses.dataclass(frozen=True)
class Figure:
    """One number.

    :ivar name: stays what it is from release to release
    :ivar note: what has to be known to read it; empty for nothing
    :ivar command: that shows more, without "openstack image lifecycle"
    :ivar severity: if it is nothing good
    """

    name: str
    label: str
    value: Value
    unit: Unit
    source: Source
    command: str
    note: str = ''
    severity: Severity | None = None


@dataclasses.dataclass(frozen=True)
class Column:
    """:ivar name: stays what it is from release to release"""

    name: str
    title: str
    unit: Unit = Unit.TEXT


@dataclasses.dataclass(frozen=True)
class Chart:
    """Bars of some columns of a table, a row each, one after another.

    :ivar title: of what
    :ivar label: name of the column that names a bar
    :ivar parts: names of the columns whose values are its parts
    """

    title: str
    label: str
    parts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of values, the most important first.

    :ivar rows: as many as are shown
    :ivar total: how many there are
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: int
    source: Source
    command: str
    chart: Chart | None = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """What somebody has to decide.

    :ivar text: a sentence
    :ivar command: that shows what it is about
    """

    severity: Severity
    text: str
    command: str


@dataclasses.dataclass(frozen=True)
class Section:
    """:ivar name: stays what it is from release to release
    :ivar notes: sentences
    :ivar not_asked: why there is nothing else; empty if there is
    :ivar key: name of the figure that stands for the section, if there is one
    """

    name: str
    title: str
    about: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    not_asked: str = ''
    key: str = ''

    @property
    def key_figure(self) -> Figure | None:
        return next((one for one in self.figures if one.name == self.key),
                    None)


@dataclasses.dataclass(frozen=True)
class Report:
    """All of it.

    :ivar title: of the cloud
    :ivar at: when, UTC, ISO 8601
    :ivar currency: of all money; may be empty
    """

    title: str
    at: str
    release: str
    currency: str
    sections: tuple[Section, ...]

    @property
    def decisions(self) -> list[Decision]:
        """The worst first."""
        return sorted((one for section in self.sections
                       for one in section.decisions),
                      key=lambda one: one.severity.rank)

    @property
    def key_figures(self) -> list[tuple[Section, Figure | None]]:
        return [(one, one.key_figure) for one in self.sections]


def table(name: str, caption: str, columns: tuple[Column, ...],
          rows: Sequence[tuple[Value, ...]], source: Source, command: str, *,
          total: int | None = None, chart: Chart | None = None) -> Table:
    """One of which no more than ``MOST_ROWS`` are kept.

    :param total: how many rows there are, if not all of them are given
    """
    return Table(name, caption, columns, tuple(rows[:MOST_ROWS]),
                 len(rows) if total is None else total, source, command,
                 chart)


def weakest(sources: Sequence[Source]) -> Source:
    """Of a number that was computed from others: the worst of theirs."""
    order = list(Source)
    return max(sources, key=order.index, default=Source.GIVEN)
