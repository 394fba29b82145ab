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

"""What ``glance-lifecycle-compute-cache`` says: as data, and for people."""

from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import textwrap
from typing import Any

from glance_lifecycle.audit.caches import base_images
from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.audit import pages
from glance_lifecycle.policy import units

#: Raised if a field changes its meaning, or goes.
VERSION = 1

_WIDTH = 78
_MOST_USERS = 2
_COLUMNS = ('FILE', 'IMAGE', 'ON DISK', 'SIZE', 'LAST USE', 'USED BY',
            'PRUNABLE')


def data(cache: base_images.Cache, conf: nova_conf.NovaConf,
         found: Sequence[finding.Finding], now: float) -> dict[str, Any]:
    """All that is known.

    :param now: seconds since 1970
    """
    return {
        'version': VERSION, 'path': cache.path,
        'file_system': {'total': cache.total, 'free': cache.free},
        'allocated': sum(one.allocated for one in cache.files),
        'files': [_file(one, now) for one in cache.files],
        'options': list(_options(cache, conf, now)),
        'findings': [{
            'code': one.code, 'page': pages.code(one.code),
            'severity': str(one.severity),
            'subject': one.subject, 'evidence': one.evidence,
            'remedy': one.remedy, 'destructive': one.destructive}
            for one in found]}


def lines(report: dict[str, Any]) -> Iterator[str]:
    """For people."""
    yield from _wrapped(_summary(report))
    if report['files']:
        yield ''
        yield from _table([_COLUMNS, *map(_row, report['files'])])
    for one in report['options']:
        yield ''
        yield '%s = %s (%s)' % (
            one['option'], masking.name(str(one['value'])),
            one['place'] or 'default')
        yield from _wrapped(one['effect'], '    ')
    for one in report['findings']:
        yield ''
        yield '%s %s %s %s' % (one['severity'].upper(), one['page'],
                               one['code'], one['subject'])
        yield from _wrapped(one['evidence'], '    ')
        yield from _wrapped('%s%s' % (
            'DESTRUCTIVE: ' if one['destructive'] else 'Remedy: ',
            one['remedy']), '    ')


def _file(one: base_images.BaseFile, now: float) -> dict[str, Any]:
    return {
        'name': one.name, 'kind': str(one.kind), 'image': one.image or None,
        'size': one.size, 'allocated': one.allocated,
        'virtual_size': one.virtual_size, 'last_use': _time(one.last_use),
        'used_by': list(one.used_by),
        'prunable_at': None if one.prunable_at is None else _time(
            one.prunable_at),
        'prunable': one.prunable_at is not None and one.prunable_at <= now,
        'option': one.option or None, 'unread': one.unread or None}


def _options(cache: base_images.Cache, conf: nova_conf.NovaConf, now: float
             ) -> Iterator[dict[str, Any]]:
    """Each option, and what another value would change."""
    unused = [one for one in cache.files if not one.used_by
              and base_images.age_option(one.kind)]
    total = sum(one.allocated for one in unused)
    interval = conf.option(nova_conf.INTERVAL)
    for option, effect in (
            (conf.option(nova_conf.REMOVE), (
                'On, unused files are removed by their ages below; off, '
                'none is. There are now: %s, %s.' % (
                    _plural(len(unused), 'file'),
                    units.size_text(total)))),
            (interval, (
                'Nova looks %s. Sooner frees no more: it frees earlier.' % (
                    'never' if interval.value < 0 else 'every %s' % (
                        units.duration_text(interval.value or 60))))),
            *((conf.option(name), _age_effect(unused, conf.option(name), now))
              for name in (nova_conf.ORIGINAL_AGE, nova_conf.RESIZED_AGE))):
        yield {'option': option.full_name, 'value': option.value,
               'default': nova_conf.KNOWN[option.name].default,
               'place': option.place or None, 'effect': effect}


def _age_effect(unused: Sequence[base_images.BaseFile],
                option: nova_conf.Option, now: float) -> str:
    ruled = [one for one in unused
             if base_images.age_option(one.kind) == option.name]
    old = sum(one.allocated for one in ruled
              if one.last_use + option.value <= now)
    total = sum(one.allocated for one in ruled)
    return ('It rules %s that nothing uses, %s; of that %s is old enough '
            'now, and at 0 all would be. Lower, more is downloaded again; '
            'higher, more lies here.' % (
                _plural(len(ruled), 'file'), units.size_text(total),
                units.size_text(old)))


def _summary(report: dict[str, Any]) -> str:
    files, space = report['files'], report['file_system']
    users = {user for one in files for user in one['used_by']}
    prunable = [one for one in files if one['prunable']]
    return (
        '%s: %s, %s on disk. In use: %d, by %s. Old enough to be removed '
        'when nova-compute looks: %d, %s. Free on its file system: %s of '
        '%s.' % (
            masking.name(report['path']), _plural(len(files), 'file'),
            units.size_text(report['allocated']),
            sum(bool(one['used_by']) for one in files),
            _plural(len(users), 'instance'), len(prunable),
            units.size_text(sum(one['allocated'] for one in prunable)),
            units.size_text(space['free']), units.size_text(space['total'])))


def _plural(number: int, word: str) -> str:
    return '%d %s%s' % (number, word, '' if number == 1 else 's')


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    users = one['used_by']
    more = len(users) - _MOST_USERS
    if users:
        when = 'in use'
    elif one['prunable']:
        when = 'now'
    else:
        when = one['prunable_at'] or 'never'
    return (masking.name(one['name']),
            masking.name(one['image'] or one['kind']),
            units.size_text(one['allocated']), units.size_text(one['size']),
            one['last_use'], ', '.join(map(
                masking.name, users[:_MOST_USERS])) + (
                    ' and %d more' % more if more > 0 else '') or '-', when)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield '  '.join(text.ljust(width) for text, width in zip(
            row, widths)).rstrip()


def _wrapped(text: str, indent: str = '') -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent,
                         subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False)


def _time(seconds: float) -> str:
    try:
        return datetime.datetime.fromtimestamp(
            int(seconds), datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
    except (OSError, OverflowError, ValueError):
        return 'unknown'
