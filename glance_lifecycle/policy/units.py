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


"""Sizes and durations as people write them: ``10 GiB``, ``30 days``."""

import re

_BYTES: dict[str, int] = {'B': 1} | {
    prefix + 'iB': 1024 ** (power + 1)
    for power, prefix in enumerate('KMGTP')}

_SECONDS = {'second': 1, 'minute': 60, 'hour': 3600, 'day': 86400,
            'week': 7 * 86400, 'year': 365 * 86400}

# What Glance's database holds.
_MOST_BYTES = 2 ** 63 - 1
_MOST_SECONDS = 1000 * 365 * 86400

_QUANTITY = re.compile(r'([0-9]{1,19})(\.[0-9]{1,6})? *([A-Za-z]{1,10})')


def size(text: str) -> int:
    """Bytes.

    :param text: such as ``10 GiB``; units are B, KiB, MiB, GiB, TiB, PiB
    :raises ValueError: with what is wrong
    """
    number, unit = _split(text, 'a size such as 10 GiB')
    if unit not in _BYTES:
        raise ValueError('%s is not a unit of sizes: write %s%s' % (
            unit, ', '.join(_BYTES), '' if unit[-1:] not in 'Bb' else
            ' (1 GiB is 1024 MiB)'))
    return _bounded(number * _BYTES[unit], _MOST_BYTES, text)


def duration(text: str) -> int:
    """Seconds.

    :param text: such as ``30 days``; units are second, minute, hour, day,
        week and year (of 365 days), and their plurals
    :raises ValueError: with what is wrong
    """
    number, unit = _split(text, 'a time such as 30 days')
    single = unit.removesuffix('s')
    if single not in _SECONDS:
        raise ValueError('%s is not a unit of time: write %s' % (
            unit, ', '.join(name + 's' for name in _SECONDS)))
    return _bounded(number * _SECONDS[single], _MOST_SECONDS, text)


def size_text(value: int) -> str:
    """As ``size()`` reads it, rounded where it is no whole number."""
    for unit in reversed(_BYTES):
        count = _BYTES[unit]
        if value >= count and (value % count == 0 or value >= 10 * count):
            return _text(value, count) + ' ' + unit
    return '%d B' % value


def duration_text(value: int) -> str:
    """As ``duration()`` reads it."""
    for unit in reversed(_SECONDS):
        count = _SECONDS[unit]
        if value >= count and value % count == 0:
            return '%d %s%s' % (value // count, unit,
                                's' if value > count else '')
    return '%d seconds' % value


def about_text(value: float) -> str:
    """For people: whole units, the largest of which there are two."""
    for unit in reversed(_SECONDS):
        count = _SECONDS[unit]
        if value >= 2 * count:
            return '%d %ss' % (value // count, unit)
    return '1 second' if value >= 1 else '0 seconds'


def _split(text: str, expected: str) -> tuple[float, str]:
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ValueError('it is not %s, with its unit' % expected)
    whole, fraction, unit = found.groups()
    return (float(whole + fraction) if fraction else int(whole)), unit


def _bounded(value: float, most: int, text: str) -> int:
    if value > most:
        raise ValueError('%s is too much' % text)
    return int(value)


def _text(value: int, count: int) -> str:
    return str(value // count) if value % count == 0 else (
        '%.1f' % (value / count))
