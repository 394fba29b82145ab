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

"""A report as one page that asks for nothing and runs nothing."""

import base64
import functools
import hashlib
import importlib.resources

import jinja2
import markupsafe

from glance_lifecycle.reporting import charts
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

# What a browser may do with the page: show it, with this style sheet. Should
# a name ever come through as HTML, it could neither run nor load anything.
_POLICY = ("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
           "form-action 'none'")

_SOURCES = {
    model.Source.MEASURED: 'Somebody measured it in this cloud.',
    model.Source.READ: 'A service, a store, a database or a configuration '
                       'file says so.',
    model.Source.GIVEN: 'The description of the cloud says so.',
    model.Source.ASSUMED: 'Nobody said so: it is what is usual. Of what is '
                          'computed from several facts, the weakest counts.'}

_NUMBERS = tuple(unit for unit in model.Unit if unit is not model.Unit.TEXT)


def page(report: model.Report) -> str:
    """The whole document."""
    # The file of ours, and nobody else's text.
    style = markupsafe.Markup(_template('report.css'))  # noqa: S704
    return _environment().get_template('report.html.j2').render(
        report=report, style=style,
        policy=_POLICY % _digest(style), command=model.COMMAND,
        sources=_SOURCES, numbers=_NUMBERS, colours=charts.COLOURS,
        text=words.short, chart=functools.partial(_chart, report),
        value=functools.partial(_value, report))


def _value(report: model.Report, value: model.Value, unit: model.Unit
           ) -> str:
    return words.value(value, unit, report.currency)


def _chart(report: model.Report, table: model.Table, name: str
           ) -> markupsafe.Markup:
    # It escapes what it is given.
    return markupsafe.Markup(  # noqa: S704
        charts.drawn(table, name, report.currency))


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, loader=jinja2.FunctionLoader(_template))


def _template(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(
        'templates', name).read_text('utf-8')
