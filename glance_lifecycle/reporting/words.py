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

"""Values as people read them, and texts of strangers made harmless."""

import re

from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.policy import units
from glance_lifecycle.reporting import model

# A name has 255 characters at most; evidence and remedies are sentences.
_MOST = 400

# An id has 36, most addresses of objects have less.
_LONGEST_WORD = 60
_LONG = re.compile(r'\S{%d,}' % (_LONGEST_WORD + 1))

_NOT_KNOWN = 'not known'


def text(value: object) -> str:
    """Of a stranger: on one line, not without end, without what is not seen.

    Among that are the characters that change the direction of a text. What
    HTML would take for its own is left to the template.
    """
    found = str(value)
    if len(found) > _MOST:
        found = found[:_MOST] + '...'
    return masking.plain(found)


def short(value: object) -> str:
    """The same for a page: no word is longer than a line."""
    return _LONG.sub(lambda found: found[0][:_LONGEST_WORD - 1] + '…',
                     text(value))


def value(given: model.Value, unit: model.Unit, currency: str = '') -> str:
    """With its unit."""
    if given is None:
        return _NOT_KNOWN
    if isinstance(given, str):
        return short(given)
    match unit:
        case model.Unit.BYTES:
            return size(given)
        case model.Unit.MONEY:
            return ' '.join(filter(None, (
                f'{given:,.2f}', text(currency))))
        case model.Unit.PERCENT:
            return percent(given)
        case model.Unit.SECONDS:
            return f'{given:,.1f} s'
    return f'{given:,.0f}' if given == int(given) else (
        f'{given:,.1f}')


def size(given: float) -> str:
    """Bytes, with three digits that count."""
    count, unit = float(given), 'B'
    for larger in ('KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'):
        if abs(count) < 1000:
            break
        count, unit = count / 1024, larger
    digits = 0 if unit == 'B' or abs(count) >= 100 else (
        1 if abs(count) >= 10 else 2)
    return '%.*f %s' % (digits, count, unit)


def percent(given: float) -> str:
    """100 % and 0 % are said of all and of none only."""
    shown = '%.1f' % given
    if shown == '100.0' and given < 100:
        shown = '99.9'
    elif shown == '0.0' and given > 0:
        shown = '0.1'
    return shown.removesuffix('.0') + ' %'


def duration(seconds: float) -> str:
    return units.about_text(max(seconds, 0))


def counted(number: int, one: str, several: str = '') -> str:
    """Such as "1 image" and "2,000 images"."""
    return '{:,d} {}'.format(number, one if number == 1 else (
        several or one + 's'))
