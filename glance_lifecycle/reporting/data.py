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

"""A report as plain data."""

import dataclasses
from typing import Any

from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

#: Raised if a field changes its meaning, or goes.
VERSION = 1


def data(report: model.Report) -> dict[str, Any]:
    """Numbers are in bytes, seconds, percent, and the currency of the cloud.

    Of each table, ``total`` says how many rows there are, and ``rows`` has
    the first of them.
    """
    return {
        'version': VERSION, 'title': words.text(report.title),
        'at': report.at, 'release': report.release,
        'currency': words.text(report.currency),
        'decisions': [_decision(one) for one in report.decisions],
        'sections': [_section(one) for one in report.sections]}


def _section(one: model.Section) -> dict[str, Any]:
    return {
        'name': one.name, 'title': one.title, 'about': one.about,
        'not_asked': words.text(one.not_asked) or None,
        'figures': [_figure(each) for each in one.figures],
        'tables': [_table(each) for each in one.tables],
        'notes': list(map(words.text, one.notes))}


def _figure(one: model.Figure) -> dict[str, Any]:
    return {
        'name': one.name, 'label': one.label, 'value': _value(one.value),
        'unit': str(one.unit), 'from': str(one.source),
        'command': model.COMMAND + one.command,
        'note': words.text(one.note),
        'severity': one.severity and str(one.severity)}


def _table(one: model.Table) -> dict[str, Any]:
    return {
        'name': one.name, 'caption': one.caption, 'total': one.total,
        'from': str(one.source), 'command': model.COMMAND + one.command,
        'columns': [{**dataclasses.asdict(each), 'unit': str(each.unit)}
                    for each in one.columns],
        'rows': [{column.name: _value(value)
                  for column, value in zip(one.columns, row)}
                 for row in one.rows]}


def _decision(one: model.Decision) -> dict[str, Any]:
    return {'severity': str(one.severity), 'text': words.text(one.text),
            'command': model.COMMAND + one.command}


def _value(value: model.Value) -> model.Value:
    return words.text(value) if isinstance(value, str) else value
