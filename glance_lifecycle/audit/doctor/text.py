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

"""What the doctor says to people: a summary first."""

from collections.abc import Iterator
import textwrap
from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import masking

_WIDTH = 78
_MOST_PLACES = 4
_MOST_HOSTS = 8

_COLOURS = {'error': '\033[31m', 'unknown': '\033[35m',
            'warning': '\033[33m', 'info': '\033[36m'}
_PLAIN = '\033[0m'


def lines(report: dict[str, Any], *, colour: bool) -> Iterator[str]:
    """Of a report, see ``report.data()``."""
    yield from textwrap.wrap(summary(report), _WIDTH)
    for sentence in report['lapsed']:
        yield from textwrap.wrap(sentence, _WIDTH)
    shown = [one for one in report['findings'] if one['muted'] is None]
    for one in shown:
        yield ''
        yield from _finding(one, colour)
    if shown:
        yield ''
        yield ('Why, and what it should look like: "openstack image '
               'lifecycle doctor explain CODE".')


def summary(report: dict[str, Any]) -> str:
    """What was looked at, and how much was found."""
    counts = report['summary']
    found = ', '.join(
        _plural(number, word) for word, number in (
            ('error', counts['error']), ('unknown', counts['unknown']),
            ('warning', counts['warning']), ('info', counts['info']))
        if number)
    bad = counts['error'] or counts['unknown'] or counts['warning']
    asked = report['asked']
    return '%s%s%s. %d checks for Glance %d on %s.' % (
        '' if bad else 'All well', '' if bad or not found else ': ', found,
        len(report['checks']), report['release'], ', and on '.join(filter(
            None, (_files(report), '' if asked is None else
                   'the running services (%s)' % asked)))) + (
            ' %s.' % ('%d more, muted' % counts['muted'])
            if counts['muted'] else '')


def _files(report: dict[str, Any]) -> str:
    return '%s (%s): %s, %s' % (
        _plural(len(report['hosts']), 'host'),
        _some(report['hosts'], _MOST_HOSTS),
        _plural(report['files'], 'file'),
        _plural(report['options'], 'option')) if report['hosts'] else ''


def explained(kind: type[check.Check]) -> Iterator[str]:
    """The text of a check, and its examples."""
    yield '%s: %s' % (kind.code, kind.title())
    yield ''
    yield 'Subject: %s. Severity: %s. Releases: %s.' % (
        kind.subject(), kind.severity, ', '.join(map(str, kind.releases)))
    for paragraph in kind.text().split('\n\n')[1:]:
        yield ''
        yield from textwrap.wrap(paragraph.replace('``', ''), _WIDTH)
    for word, examples in (('Wrong', kind.bad), ('Right', kind.good)):
        for files in examples:
            yield ''
            yield '%s:' % word
            for name, text in files.items():
                yield ''
                yield '    # %s' % name
                yield from ('    %s' % masking.name(line)
                            for line in text.split('\n') if line)


def _finding(one: dict[str, Any], colour: bool) -> Iterator[str]:
    word = one['severity'].upper()
    if colour:
        word = _COLOURS[one['severity']] + word + _PLAIN
    yield '%s %s %s' % (word, one['code'], one['subject'])
    yield from _indented(one['evidence'])
    for place in one['places'][:_MOST_PLACES]:
        where = '%s:%d' % (place['path'], place['line']) if (
            place['line']) else place['path']
        value = '' if not place['option'] else ': %s%s' % (
            place['option'], '' if place['value'] is None
            else ' = %s' % place['value'])
        yield '    at %s%s' % (masking.name(where), value)
    more = len(one['places']) - _MOST_PLACES
    if more > 0:
        yield '    and at %d more places' % more
    yield '    on %s' % (_some(one['hosts'], _MOST_HOSTS)
                         or 'the running services')
    yield from _indented('%s%s' % (
        'DESTRUCTIVE: ' if one['destructive'] else 'Remedy: ',
        one['remedy']))


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent='    ',
                         subsequent_indent='    ', break_long_words=False,
                         break_on_hyphens=False)


def _some(names: list[str], most: int) -> str:
    more = len(names) - most
    return ', '.join(map(masking.name, names[:most])) + (
        ' and %d more' % more if more > 0 else '')


def _plural(number: int, word: str) -> str:
    if word in ('unknown', 'info'):
        return '%d %s' % (number, word)
    return '%d %s%s' % (number, word, '' if number == 1 else 's')
