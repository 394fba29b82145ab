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

"""Types of options: as data, and back as oslo.config's own.

What is judged by them is judged as the service does. A type that is not known
accepts everything: that is never a false alarm.
"""

from collections.abc import Callable
from typing import Any

from oslo_config import types

#: As it stands in the data: the kind, and what it is bound by.
Spec = list[Any]

Convert = Callable[[Any], Any]


def dump(kind: Any) -> Spec:
    """The data of a type."""
    # Of a class before its base.
    for number, name in ((types.Port, 'port'), (types.Integer, 'int'),
                         (types.Float, 'float')):
        if isinstance(kind, number):
            return [name, kind.min, kind.max]
    for plain, name in ((types.Boolean, 'bool'), (types.IPAddress, 'ip'),
                        (types.HostAddress, 'host')):
        if isinstance(kind, plain):
            return [name]
    if isinstance(kind, types.List):
        return ['list', dump(kind.item_type), bool(kind.bounds)]
    if isinstance(kind, types.Dict):
        return ['dict', dump(kind.value_type), bool(kind.bounds)]
    if isinstance(kind, types.URI):
        return ['uri', sorted(kind.schemes or [])]
    if kind is str:
        return ['str', {}]
    # Not its subclasses, that read the string in other ways.
    if type(kind) is types.String:
        return ['str', {
            name: shown for name, shown in (
                ('choices', list(kind.choices) if kind.choices else None),
                ('quotes', kind.quotes or None),
                ('ignore_case', kind.ignore_case or None),
                ('regex', kind.regex.pattern if kind.regex else None),
                ('max_length', kind.max_length or None)) if shown is not None}]
    return ['any']


def load(spec: Spec) -> Convert:
    """The type that was dumped; converts a text, or raises ValueError."""
    name, *rest = spec
    if name in ('int', 'port', 'float'):
        made = {'int': types.Integer, 'port': types.Port,
                'float': types.Float}[name]
        return _callable(made(min=rest[0], max=rest[1]))
    if name == 'bool':
        return _callable(types.Boolean())
    if name in ('list', 'dict'):
        item: Any = load(rest[0])
        many: Any = types.List if name == 'list' else types.Dict
        return _callable(many(item, bounds=rest[1]))
    if name == 'uri':
        return _callable(types.URI(schemes=rest[0] or None))
    if name == 'host':
        return _callable(types.HostAddress())
    if name == 'ip':
        return _callable(types.IPAddress())
    if name == 'str':
        return _callable(types.String(**rest[0]))
    return str


def described(spec: Spec) -> str:
    """What a value must be, such as "an integer of 1 or more"."""
    name, *rest = spec
    if name in ('int', 'port', 'float'):
        least, most = rest
        what = 'a number' if name == 'float' else 'an integer'
        if least is not None and most is not None:
            return '%s from %s to %s' % (what, least, most)
        if least is not None:
            return '%s of %s or more' % (what, least)
        return what if most is None else '%s of %s or less' % (what, most)
    if name in ('list', 'dict'):
        return '%s, separated by commas%s' % (
            'pairs "name:value", each name once' if name == 'dict' else
            'a list of values' if rest[0][0] in ('str', 'any') and (
                not rest[0][1:] or not rest[0][1].get('choices')) else
            'a list, each %s' % described(rest[0]),
            ', in brackets [ ]' if rest[1] else '')
    if name == 'str' and rest[0].get('choices'):
        choices = ['(empty)' if one in ('', None) else str(one)
                   for one in rest[0]['choices']]
        return choices[0] if len(choices) == 1 else (
            'one of ' + ', '.join(choices))
    return {'bool': 'true or false', 'uri': 'a URI',
            'host': 'a host name or an IP address', 'ip': 'an IP address'
            }.get(name, 'another text')


def _callable(kind: Any) -> Convert:
    converted: Convert = kind
    return converted
