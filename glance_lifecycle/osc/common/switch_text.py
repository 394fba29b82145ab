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

"""A switch of the default store as text."""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from glance_lifecycle.osc.common import advice_text

# Of consumers and groups; -f json has all.
_MOST_ROWS = 20
_BEFORE, _AFTER = 'image_in_old_store', 'image_in_new_store'


def lines(report: dict[str, Any]) -> Iterator[str]:
    old, new = report['from'], report['to']
    yield from advice_text.wrapped(
        'The default store is %s. This is what %s instead would mean; nothing '
        'is changed.' % (old, new))
    for warning in report['warnings']:
        yield from advice_text.wrapped('WARNING: ' + warning)
    yield ''
    yield 'What goes to the default store, and then to %s:' % new
    for one in report['goes_to_default']:
        yield from advice_text.indented('%s. %s' % (
            one['what'], one['but']))
    yield ''
    yield from _consumers(report)
    yield from _snapshots(report)
    yield from _stores(report)
    yield from _images(report)
    yield 'The keys to set on every host of glance-api, in the order below:'
    yield ''
    yield from report['configuration'].rstrip('\n').split('\n')
    yield ''
    yield from _numbered('The order:', report['steps'])
    yield from _numbered('The way back:', report['back'])


def _consumers(report: dict[str, Any]) -> Iterator[str]:
    yield from advice_text.wrapped(
        'How a new image gets to those who boot it, with a disk of %s of '
        'which %s are data (the medians of the catalogue):' % (
            advice_text.amount('stored', report['image']['virtual_size'][
                'value'], ''), advice_text.amount('stored', report['image'][
                    'data_size']['value'], '')))
    yield '  %-20s%-18s%9s  %-14s%19s' % (
        'Consumer', 'Format', 'Disks', 'Change', 'Seconds')
    rows = report['consumers']
    # What changes comes first.
    rows = sorted(rows, key=lambda one: one['change'] == 'no difference')
    for one in rows[:_MOST_ROWS]:
        before, after = one['before'], one['after']
        yield '  %-20s%-18s%9g  %-14s%8s -> %7s' % (
            '%s (%s)' % (one['name'][:11], one['service']), one['format'],
            one['disks_per_week'], one['change'],
            *('%.1f' % each['first_seconds'] for each in (before, after)))
        for when, each in (('Now', before), ('Then', after)):
            if not each['cloned'] and before['cloned'] != after['cloned']:
                yield from advice_text.indented('%s not cloned: %s' % (
                    when, each['why']))
    yield from _more(rows)


def _snapshots(report: dict[str, Any]) -> Iterator[str]:
    rows = report['snapshots']
    if not rows:
        return
    yield 'Snapshots of servers with disks in Ceph, after the switch:'
    for one in rows[:_MOST_ROWS]:
        yield from advice_text.indented(
            '%s: of a server whose image is in %s, %s; of one whose image is '
            'in %s, %s.' % (
                one['compute_group'], report['from'], _snapshot(one[_BEFORE]),
                report['to'], _snapshot(one[_AFTER])))
    yield from _more(rows)


def _snapshot(one: dict[str, Any]) -> str:
    return 'uploaded to %s' % one['store'] if one['uploaded'] else (
        'made in %s by Nova itself' % one['store'])


def _more(rows: list[dict[str, Any]]) -> Iterator[str]:
    if len(rows) > _MOST_ROWS:
        yield '  And %d more; -f json names each.' % (len(rows) - _MOST_ROWS)
    yield ''


def _stores(report: dict[str, Any]) -> Iterator[str]:
    yield '  %-20s%18s%16s%16s' % ('Store', 'A GiB and month', 'Free',
                                   'Full in')
    for one in report['stores']:
        days = one['days_until_full']
        yield '  %-20s%18s%16s%16s' % (
            one['name'][:19], _sourced(
                ('%.4f %s' % (one['cost_per_gib_month']['value'],
                              report['currency'])).rstrip(),
                one['cost_per_gib_month']),
            _sourced(advice_text.amount('stored', one['free']['value'], ''),
                     one['free']),
            'not known' if days is None else '%.0f days' % days)
    growth = report['growth_per_week']
    yield from advice_text.indented(
        'How much comes in is not known: growth_per_week of "glance" in the '
        'facts says it.' if growth is None else
        'Full, if all that comes in goes there: %s a week (%s).' % (
            advice_text.amount('stored', growth['value'], ''),
            growth['from']))
    yield ''


def _sourced(text: str, fact: dict[str, Any]) -> str:
    """What is assumed is said; where others are from, -f json says."""
    return text + (' ?' if fact['from'] == 'assumed' else '')


def _images(report: dict[str, Any]) -> Iterator[str]:
    stay = report['images_that_stay']
    yield from advice_text.wrapped(
        'Images that are in %s stay there: %d with %s, %d of them in no other '
        'store. Nothing moves them. To plan that: "%s".%s' % (
            report['from'], stay['images'],
            advice_text.amount('stored', stay['stored'], ''),
            stay['in_no_other_store'], stay['move_with'],
            ' %s has no room for %s of them.' % (
                report['to'], advice_text.amount(
                    'stored', stay['room_lacking'], ''))
            if stay['room_lacking'] else ''))
    yield ''


def _numbered(title: str, sentences: Iterable[str]) -> Iterator[str]:
    yield title
    for number, one in enumerate(sentences, 1):
        yield from advice_text.indented('%d. %s' % (number, one))
    yield ''
