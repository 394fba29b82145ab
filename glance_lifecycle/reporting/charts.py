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

"""Bars as SVG, of the rows of a table.

The name and the sum of a bar stand above it, so that it is read at the width
of a telephone as well. Colours are those of the page's style sheet, by class:
they change with it between light and dark. Nothing is told by a colour alone,
for the same numbers stand in the table.

drawsvg draws, because it escapes texts, knows no scripts and no style sheets,
and needs no other package.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
from typing import Any

import drawsvg

from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

#: Parts of a bar that have a colour of their own in the style sheet.
COLOURS = 6

_WIDTH, _ROW, _BAR, _FONT = 400, 46, 14, 14
_MOST_LABEL, _MOST_BARS = 28, 12
# What is there is seen.
_LEAST = 1.5


class _Description(drawsvg.Title):
    """What a screen reader says of it."""

    TAG_NAME = 'desc'


@dataclasses.dataclass(frozen=True)
class _Bar:
    name: str
    values: tuple[float, ...]


def drawn(table: model.Table, name: str, currency: str = '') -> str:
    """The chart of a table; empty where it has none, or all bars are 0.

    :param name: of the chart, the only one of the document
    """
    chart = table.chart
    if chart is None:
        return ''
    columns = [one.name for one in table.columns]
    parts = [columns.index(one) for one in chart.parts]
    bars = [_Bar(words.text(row[columns.index(chart.label)]), tuple(
        _number(row[part]) for part in parts))
        for row in table.rows[:_MOST_BARS]]
    beside = compares(chart)
    most = max((max(one.values) if beside else sum(one.values)
                for one in bars), default=0)
    if most <= 0:
        return ''
    unit = table.columns[parts[0]].unit
    height = _ROW + (_BAR if beside else 0)
    drawing = drawsvg.Drawing(
        _WIDTH, len(bars) * height, class_='chart', role='img',
        aria_labelledby='%s-title %s-description' % (name, name))
    drawing.append(drawsvg.Title(chart.title, id=name + '-title'))
    drawing.append(_Description(' '.join(
        '%s: %s.' % (one.name, ', '.join(
            '%s %s' % (table.columns[part].title, words.value(
                value, unit, currency))
            for part, value in zip(parts, one.values))) for one in bars),
        id=name + '-description'))
    for number, one in enumerate(bars):
        said = [words.value(value, unit, currency) for value in (
            one.values if beside else (sum(one.values),))]
        drawing.extend(_row(number * height, one, most, beside,
                            ' → '.join(said)))
    return str(drawing.as_svg(header=''))


def compares(chart: model.Chart) -> bool:
    """Whether its parts are now and after, which have no sum."""
    return any(name.endswith('_after') for name in chart.parts)


def _row(top: int, bar: _Bar, most: float, beside: bool, said: str
         ) -> Iterator[Any]:
    name = bar.name if len(bar.name) <= _MOST_LABEL else (
        bar.name[:_MOST_LABEL - 1] + '…')
    yield drawsvg.Text(name, _FONT, 0, top + _FONT, class_='name')
    yield drawsvg.Text(said, _FONT, _WIDTH, top + _FONT, class_='said',
                       text_anchor='end')
    top += _FONT + 6
    lines = len(bar.values) if beside else 1
    yield drawsvg.Rectangle(0, top, _WIDTH, _BAR * lines, class_='track')
    # Severities have a colour wherever they are.
    yield from _parts(top, bar.values, most, beside, 'bar-%s' % bar.name
                      if bar.name in list(model.Severity) else '')


def _parts(top: int, values: Sequence[float], most: float, beside: bool,
           named: str) -> Iterator[Any]:
    x = 0.0
    for part, value in enumerate(values):
        if value <= 0:
            continue
        width = max(_WIDTH * value / most, _LEAST)
        yield drawsvg.Rectangle(
            0 if beside else round(min(x, _WIDTH - width), 2),
            top + (part * _BAR if beside else 0), round(width, 2), _BAR,
            class_=named or 'part-%d' % (part % COLOURS))
        x += width


def _number(value: model.Value) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
