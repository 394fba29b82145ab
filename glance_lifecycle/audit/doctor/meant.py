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

"""What was meant by a value that an option cannot have.

Only what the option's own type takes is proposed, so that the line can be
written as it is told.
"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import kinds
from glance_lifecycle.audit.doctor import near

_LONGEST = 400
_SIZE = re.compile(r'(\d{1,9}) ?([KMGT])(?:i?B)?', re.IGNORECASE)
_POWERS = {'K': 10, 'M': 20, 'G': 30, 'T': 40}
_BOOLEANS = {'true': 'True', 'yes': 'True', 'on': 'True', 'enabled': 'True',
             'enable': 'True', 'false': 'False', 'no': 'False',
             'off': 'False', 'disabled': 'False', 'disable': 'False'}

# Of these, the unit is a byte.# Those of Glance, where a negative one is none.
_QUOTA = re.compile(r'^image_\w+_quota$')
_UNLIMITED = ('unlimited', 'infinite', 'none', 'no', 'off')

_IN_BYTES = re.compile(r'size_cap$|max_size$')


def value(name: str, kind: kinds.Spec, text: str) -> str | None:
    """What to write instead; None if nobody can know.

    :param name: of the option
    :param text: as it is written; the caller sees to it that it may be shown
    """
    if len(text) > _LONGEST or '$' in text:
        return None
    converted = kinds.load(kind)
    for one in _candidates(name, kind, text.strip()):
        try:
            converted(one)
        except ValueError:
            continue
        return one
    return None


def _candidates(name: str, kind: kinds.Spec, text: str) -> Iterator[str]:
    bare = text.strip('\u201c\u201d\u2018\u2019\u201e\'"` ')
    if bare != text:
        yield bare
    if kind[0] in ('list', 'dict') and kind[2]:
        yield '[%s]' % bare.strip('[](){} ')
    choices = kind[1][1].get('choices') if (
        kind[0] == 'list' and kind[1][0] == 'str') else None
    if choices:
        items = [near.closest(item.strip().lower(), map(str, choices), 0.7)
                 or item.strip() for item in bare.strip('[]').split(',')]
        yield ('[%s]' if kind[2] else '%s') % ', '.join(items)
    if kind[0] == 'dict':
        yield re.sub(r'[;,\s]+', ',', re.sub(
            r'(?<!\s)\s*[=:]\s*', ':', bare.strip(',; ')))
    if kind[0] == 'bool':
        word = near.closest(bare.lower(), _BOOLEANS, 0.75)
        if word:
            yield _BOOLEANS[word]
    if kind[0] == 'str' and kind[1].get('choices'):
        choices = {str(one).lower(): str(one) for one in kind[1]['choices']
                   if one}
        word = near.closest(bare.lower(), choices, 0.7) or (
            next(iter(choices)) if len(choices) == 1 else None)
        if word:
            yield choices[word]
    if kind[0] == 'int':
        yield from _numbers(name, bare)


def _numbers(name: str, bare: str) -> Iterator[str]:
    if _QUOTA.search(name) and bare.lower() in _UNLIMITED:
        yield '-1'
    size = _SIZE.fullmatch(bare)
    if size and _IN_BYTES.search(name):
        yield str(int(size[1]) << _POWERS[size[2].upper()])
