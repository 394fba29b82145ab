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


"""Documents and images at random, and a second opinion on both."""

from collections.abc import Mapping
import fnmatch
import json
from typing import Any

from hypothesis import strategies as st

from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import units
from glance_lifecycle.policy import wants

_PATTERNS = st.sampled_from(['*', 'a*', '*b', 'a*b', 'ab', 'b', '?b', 'abc*',
                              '[ab]b', 'a[!c]*', '*[bc]'])
_WORDS = st.sampled_from(['a', 'b', 'ab', 'abc'])
_SIZES = st.sampled_from(['1 KiB', '2 KiB', '3 KiB', '4 KiB'])
_AGES = st.sampled_from(['1 day', '2 days', '3 days'])


def _some(one: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return one | st.lists(one, min_size=1, max_size=3, unique=True)


def _range(ends: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(['min', 'max']), ends, min_size=1)


_TESTS = st.dictionaries(
    st.sampled_from(['p', 'q']),
    _some(_WORDS) | st.fixed_dictionaries({'pattern': _some(_PATTERNS)})
    | st.fixed_dictionaries({'present': st.booleans()}),
    min_size=1)

_PLAIN = st.fixed_dictionaries({}, optional={
    'project': _some(_WORDS), 'domain': _some(_WORDS),
    'visibility': _some(st.sampled_from(wants.ALL_VISIBILITIES)),
    'tags': _some(_WORDS), 'name': _some(_PATTERNS),
    'disk_format': _some(st.sampled_from(['raw', 'qcow2', 'iso'])),
    'size': _range(_SIZES), 'virtual_size': _range(_SIZES),
    'age': _range(_AGES), 'properties': _TESTS, 'signed': st.booleans(),
    'import_method': _some(st.sampled_from(['glance-direct',
                                            'web-download'])),
    'importer_roles': _some(_WORDS)})

#: What may stand after "match:".
MATCHES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _PLAIN, lambda inner: st.builds(
        lambda plain, more: {**plain, **more}, _PLAIN,
        st.fixed_dictionaries({}, optional={
            'any': st.lists(inner, min_size=1, max_size=2,
                            unique_by=json.dumps),
            'all': st.lists(inner, min_size=1, max_size=2,
                            unique_by=json.dumps),
            'not': inner})), max_leaves=4)

_SECTIONS: dict[str, st.SearchStrategy[Any]] = {
    'require': st.fixed_dictionaries(
        {'formats': st.just(['raw', 'qcow2'])}, optional={
            'signature': st.sampled_from(['never', 'always']),
            'max_virtual_size': _SIZES,
            'container_formats': st.just(['bare'])}),
    'convert': st.fixed_dictionaries(
        {'to_raw': st.sampled_from(['always', 'never'])}),
    'protect': st.fixed_dictionaries(
        {'protected': st.booleans()},
        optional={'cool_down': _AGES, 'may_delete': st.just(['a'])}),
    'cache': st.fixed_dictionaries({'keep': st.booleans()})}

SECTIONS = st.fixed_dictionaries({}, optional=_SECTIONS)

_RULES = st.lists(st.builds(
    lambda match, said: {'match': match, **said}, MATCHES,
    SECTIONS.filter(bool)), max_size=5)

#: Whole documents, as data.
DOCUMENTS = st.builds(
    lambda defaults, rules: {
        'version': 1, 'defaults': defaults, 'rules': [
            {'name': 'r%d' % number, **rule}
            for number, rule in enumerate(rules)]}, SECTIONS, _RULES)

_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    'disk_format': st.sampled_from(['raw', 'qcow2', 'iso']),
    'container_format': st.just('bare'),
    'size': st.sampled_from([0, 1024, 1500, 2048, 3072, 9999]),
    'virtual_size': st.sampled_from([0, 1024, 2048, 4096, 9999]),
    'name': _WORDS | st.just(''), 'project': _WORDS, 'domain': _WORDS,
    'visibility': st.sampled_from(wants.ALL_VISIBILITIES),
    'tags': st.frozensets(_WORDS),
    'properties': st.dictionaries(st.sampled_from(['p', 'q']), _WORDS),
    'import_method': st.sampled_from(['glance-direct', 'web-download']),
    'signed': st.booleans(),
    'age': st.sampled_from([0, 86400, 100000, 172800, 10 ** 6]),
    'importer_roles': st.frozensets(_WORDS)}

#: Everything is known.
FACTS = st.builds(decision.Facts, **_KNOWN)

#: Not everything.
SOME_FACTS = st.builds(decision.Facts, **{
    name: known | st.none() for name, known in _KNOWN.items()})


def load(data: Mapping[str, Any]) -> document.Document:
    return document.load(json.dumps(data).encode())


def decide(facts: decision.Facts, defaults: decision.Defaults,
           loaded: document.Document | None = None) -> decision.Decision:
    return decision.Policy(loaded, defaults).decide(facts)


def holds(match: Mapping[str, Any], facts: decision.Facts) -> bool:
    """Whether a rule matches, from the words of the document; all known."""
    return all(_holds(key, value, facts) for key, value in match.items())


def _holds(key: str, value: Any, facts: decision.Facts) -> bool:
    if key == 'any':
        return any(holds(each, facts) for each in value)
    if key == 'all':
        return all(holds(each, facts) for each in value)
    if key == 'not':
        return not holds(value, facts)
    if key == 'properties':
        return all(_property(test, (facts.properties or {}).get(name))
                   for name, test in value.items())
    found = getattr(facts, key)
    if key in ('size', 'virtual_size', 'age'):
        parse = units.duration if key == 'age' else units.size
        return bool(parse(value.get('min', '0 B' if key != 'age'
                                    else '0 days')) <= found
                    and ('max' not in value or found <= parse(value['max'])))
    if key == 'name':
        return any(fnmatch.fnmatchcase(found, each) for each in _many(value))
    if key in ('tags', 'importer_roles'):
        return bool(found & set(_many(value)))
    return found in _many(value)


def _property(test: Any, found: str | None) -> bool:
    if isinstance(test, dict) and 'present' in test:
        return (found is not None) is test['present']
    if found is None:
        return False
    if isinstance(test, dict):
        return any(fnmatch.fnmatchcase(found, each)
                   for each in _many(test['pattern']))
    return found in _many(test)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
