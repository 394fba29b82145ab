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


"""The advice as text for people."""

from collections.abc import Iterator
from collections.abc import Sequence
import textwrap
from typing import Any

_COMPARED = (('Stored', 'stored'), ('On disks', 'on_disks'),
             ('Cost a month', 'cost'), ('Disks a week', 'disks_per_week'),
             ('Of these cloned', 'cloned_per_week'),
             ('Seconds to a disk', 'seconds_per_disk'),
             ('Moved a week', 'moved_per_week'))
_BYTES = ('stored', 'on_disks', 'moved_per_week')
#: Rows of a table of money, and moves: -f json has all.
MOST_ROWS = 10


def rejected(one: dict[str, str]) -> str:
    return 'not %s: %s' % (one['what'], one['why'])


def lines(report: dict[str, Any], moves: Sequence[dict[str, Any]]
          ) -> Iterator[str]:
    """:param moves: the first of them, at most ``MOST_ROWS``"""
    for one in report['advice']:
        yield from wrapped('%s: %s' % (
            one['what'][:1].upper() + one['what'][1:], one['advice']))
        yield from indented(one['reason'])
        for other in one['rejected']:
            yield from indented(rejected(other))
        yield ''
    money = report['currency']
    yield '%-20s%16s%16s' % ('', 'Before', 'After')
    for title, key in _COMPARED:
        yield '%-20s%16s%16s' % (title, *(
            amount(key, report[when][key], money)
            for when in ('before', 'after')))
    yield ''
    yield ('Each format in each store, as if it had all images and locations '
           'were shown:')
    yield '  %-16s%-18s%12s%14s%10s%10s' % (
        'Store', 'Format', 'Stored', 'Cost', 'Cloned', 'Seconds')
    for one in report['formats']:
        yield '  %-16s%-18s%12s%14s%10s%10s' % (
            one['store'], one['format'], amount('stored', one['stored'], ''),
            amount('cost', one['cost'], money),
            amount('', one['cloned_per_week'], ''),
            amount('seconds_per_disk', one['seconds_per_disk'], ''))
    yield ''
    yield from _placement(report, moves)
    for what, rows in report['economics'].items():
        yield from _money(what, rows, money)
    yield from _doubts(report)


def _placement(report: dict[str, Any], moves: Sequence[dict[str, Any]]
               ) -> Iterator[str]:
    found, money = report['placement'], report['currency']
    if found is None:
        return
    yield from textwrap.wrap(
        'Cheapest placement, with %s as fast as %s: %s a month instead of '
        '%s, and no placement costs less than %s (a gap of %.2f %%). %d '
        'images move%s.' % (
            'what is booted, and golden images,', 'advised'
            if found['keeps'] == 'advised' else 'today', amount(
                'cost', found['cost'], money), amount(
                    'cost', found['cost_before'], money), amount(
                        'cost', found['bound'], money), 100 * found['gap'],
            found['moves'], ', and %d stay as they are, although that is '
            'slower than advised or not what the policy wants: nothing else '
            'has the room' % found['without_room']
            if found['without_room'] else ''), 78)
    if found['dearer']:
        yield from indented(found['dearer'])
    for one in moves:
        yield from indented(one['why'])
    if found['moves'] > len(moves):
        yield '    And %d more; -f json names each.' % (
            found['moves'] - len(moves))
    yield ''


def _money(what: str, rows: list[dict[str, Any]], money: str
           ) -> Iterator[str]:
    yield 'Cost a month by %s:' % what
    for one in rows[:MOST_ROWS]:
        yield '  %-34s%16s%16s' % (one['name'][:33], *(
            amount('cost', one['cost_' + when], money)
            for when in ('before', 'after')))
    if len(rows) > MOST_ROWS:
        yield '  And %d more; -f json names each.' % (len(rows) - MOST_ROWS)
    yield ''


def _doubts(report: dict[str, Any]) -> Iterator[str]:
    counts = {flag: sum(one['count'] for one in report['sources'] if (
        one['from'] == 'assumed') is flag) for flag in (False, True)}
    yield '%d of %d numbers are assumed; -f json names each.' % (
        counts[True], sum(counts.values()))
    changes = report['sensitivity']
    for one in changes[:MOST_ROWS]:
        yield from textwrap.wrap(
            'If %s of %s (%s) were %s, %s.' % (
                one['name'], one['of'], one['source'], one['turned'],
                one['effect']), 78)
    if len(changes) > MOST_ROWS:
        yield 'And %d more; -f json names each.' % (
            len(changes) - MOST_ROWS)
    if not changes:
        yield 'No number, halved, doubled or turned round, changes the advice.'


def amount(key: str, value: float, money: str) -> str:
    from glance_lifecycle.policy import units
    if key in _BYTES:
        return units.size_text(int(value))
    if key == 'cost':
        return '%.2f %s' % (value, money) if money else '%.2f' % value
    return '%.1f' % value if key == 'seconds_per_disk' else '%g' % value


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 78, break_long_words=False,
                         break_on_hyphens=False)


def indented(text: str) -> list[str]:
    return textwrap.wrap(text, 78, initial_indent='    ',
                         subsequent_indent='    ', break_long_words=False,
                         break_on_hyphens=False)
