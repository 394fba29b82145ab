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


"""The JSON schema of the document, version 1, and what it finds."""

from collections.abc import Iterator
import difflib
from typing import Any

import jsonschema

from glance_lifecycle.policy import family
from glance_lifecycle.policy import match
from glance_lifecycle.policy import units
from glance_lifecycle.policy import yaml_tree

VISIBILITIES = ('public', 'community', 'shared', 'private')
IMPORT_METHODS = ('glance-direct', 'web-download', 'glance-download',
                  'copy-image')
MAX_RULES = 500

# Our word for "what would be right", beside the schema that says it.
EXPECTED = 'x-expected'
# Whether a list can neither be empty nor be left out.
NEEDED = 'x-needed'


def text(expected: str, **more: Any) -> dict[str, Any]:
    return {'type': 'string', 'minLength': 1, 'maxLength': 255,
            EXPECTED: expected, **more}


def one_of(*words: str) -> dict[str, Any]:
    return {'enum': list(words), EXPECTED: 'one of ' + ', '.join(words)}


def list_of(item: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {'type': 'array', 'items': item, 'maxItems': 200,
            'minItems': least, 'uniqueItems': True, EXPECTED: 'a list'}


def _some(item: dict[str, Any]) -> dict[str, Any]:
    """One, or a list of which any will do."""
    return {'if': {'type': 'array'}, 'then': list_of(item, 1), 'else': item}


def mapping(properties: dict[str, Any], *required: str, least: int = 0
            ) -> dict[str, Any]:
    return {'type': 'object', 'properties': properties,
            'required': list(required), 'additionalProperties': False,
            'minProperties': least, EXPECTED: 'a mapping with any of '
            + ', '.join(properties)}


def _named(value: dict[str, Any], what: str = 'property'
           ) -> dict[str, Any]:
    """Names of image properties, or of something else -> something."""
    return {'type': 'object', 'additionalProperties': value,
            'minProperties': 1, 'maxProperties': 200,
            'propertyNames': {'minLength': 1, 'maxLength': 255},
            EXPECTED: 'a mapping of %s names' % what}


_WORD = text('text')
BOOL = {'type': 'boolean', EXPECTED: 'true or false'}
_GLOB = text('a pattern such as ubuntu-*', format='glob')
_SIZE = text('a size such as 10 GiB', format='size')
_DURATION = text('a time such as 30 days', format='duration')
_FORMAT = text('the name of a format, such as qcow2',
                pattern=r'^[a-z0-9_+-]+\Z')

_PROPERTY = {
    'if': {'type': 'object'},
    'then': {**mapping({'pattern': _some(_GLOB), 'present': BOOL}),
             'minProperties': 1, 'maxProperties': 1},
    'else': _some({**_WORD, EXPECTED: 'text, a list of texts, '
                   '{pattern: ...} or {present: true}', 'minLength': 0})}

_MATCH = {**mapping({
    'project': _some(_WORD),
    'domain': _some(_WORD),
    'visibility': _some(one_of(*VISIBILITIES)),
    'tags': _some(_WORD),
    'name': _some(_GLOB),
    'disk_format': _some(_FORMAT),
    'container_format': _some(_FORMAT),
    'size': mapping({'min': _SIZE, 'max': _SIZE}, least=1),
    'virtual_size': mapping({'min': _SIZE, 'max': _SIZE}, least=1),
    'properties': _named(_PROPERTY),
    'import_method': _some(one_of(*IMPORT_METHODS)),
    'signed': BOOL,
    'age': mapping({'min': _DURATION, 'max': _DURATION}, least=1),
    'importer_roles': _some(_WORD),
    'any': list_of({'$ref': '#/$defs/match'}, 1),
    'all': list_of({'$ref': '#/$defs/match'}, 1),
    'not': {'$ref': '#/$defs/match'},
})}

_SET_PROPERTY = text('text; numbers, true and false in quotes',
                      maxLength=65535)

_SECTIONS = {
    'require': mapping({
        'signature': one_of('never', 'signed-only', 'always'),
        # None is all: an empty list would lift the operator's own.
        'allowed_certificates': list_of(_WORD, 1),
        'ca_bundle': text('the full path of a PEM file', pattern='^/'),
        'denied_serials': list_of(text(
            'a serial number in hexadecimal, in quotes',
            pattern=r'^(serial=)?[0-9A-Fa-f:]+\Z')),
        'min_rsa_bits': {'type': 'integer', 'minimum': 1024,
                         'maximum': 16384, EXPECTED: 'a number of bits'},
        'min_ec_bits': {'type': 'integer', 'minimum': 224, 'maximum': 571,
                        EXPECTED: 'a number of bits'},
        'allow_dsa': BOOL,
        'check_validity': BOOL,
        'check_key_usage': BOOL,
        'formats': list_of(_FORMAT, 1),
        'container_formats': list_of(_FORMAT, 1),
        'max_virtual_size': {
            'if': {'const': 'unlimited'}, 'else': {
                **_SIZE, EXPECTED: 'a size such as 10 GiB, or unlimited'}},
        'max_expansion_ratio': {
            'if': {'const': 'unlimited'}, 'else': {
                'type': 'integer', 'minimum': 1,
                EXPECTED: 'a whole number, or unlimited'}},
        'properties': _named(_PROPERTY),
    }, least=1),
    'convert': mapping({
        'to_raw': {
            'if': {'type': 'object'},
            'then': mapping({'if_store_is': _some(_WORD)}, 'if_store_is'),
            'else': {**one_of('always', 'never'), EXPECTED: 'always, '
                     'never, or {if_store_is: [rbd]}'}},
    }, least=1),
    'place': mapping({
        'stores': list_of(_WORD, 1),
        'later': list_of(_WORD),
        'copies': one_of('at-least', 'exact'),
        'combine': one_of('union', 'policy-only'),
        'all_must_succeed': BOOL,
    }, least=1),
    'protect': mapping({
        'protected': BOOL,
        'keep_while_in_use': BOOL,
        'cool_down': _DURATION,
        'may_delete': list_of(_WORD),
        'may_unprotect': list_of(_WORD),
    }, least=1),
    'visibility': mapping({
        'allowed': list_of(one_of(*VISIBILITIES), 1),
        'publishers': list_of(_WORD),
        'hidden': BOOL,
    }, least=1),
    'metadata': mapping({
        'set_properties': _named(_SET_PROPERTY),
        'set_tags': list_of(_WORD),
        'forbid_properties': list_of(_GLOB),
        'forbid_tags': list_of(_GLOB),
    }, least=1),
    'cache': mapping({
        'prefetch': list_of(one_of('glance', 'nova')),
        'aggregates': list_of(text(
            'the name or the id, in quotes, of a host aggregate of Nova',
            # It stands in jobs and their history.
            maxLength=200, pattern=r'^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+\Z')),
        'keep': BOOL,
    }, least=1),
    'retain': mapping({
        'hide_after': _DURATION,
        'deactivate_after': _DURATION,
        'delete_after': _DURATION,
        'only_unused': BOOL,
        'unused_for': _DURATION,
        'family': {**mapping({
            'property': _WORD,
            'name': _some(text(
                'a pattern such as (ubuntu-*)-????????', format='family'))}),
            'minProperties': 1, 'maxProperties': 1},
        'keep_last': {'type': 'integer', 'minimum': 1, 'maximum': 10000,
                      EXPECTED: 'a whole number, 1 or more'},
        'deprecate': {
            'if': {'type': 'object'},
            'then': mapping({'hidden': BOOL}, 'hidden'),
            'else': {**BOOL, EXPECTED: 'true, false, or {hidden: true}'}},
    }, least=1),
}

SECTIONS = tuple(_SECTIONS)

# Of stores, and not of images.
_HYGIENE = mapping({
    'stores': _named(mapping({
        'apply': one_of('never', 'quarantine'),
        'after': _DURATION,
        'at_most': mapping({
            'objects': {'type': 'integer', 'minimum': 1, 'maximum': 50000,
                        EXPECTED: 'a number of objects'},
            'percent': {'type': 'integer', 'minimum': 1, 'maximum': 100,
                        EXPECTED: 'a whole number of percent'},
        }, least=1),
        'purge': {
            'if': {'type': 'object'},
            'then': mapping({'after': _DURATION}, 'after'),
            'else': {**one_of('never'), EXPECTED: 'never, or {after: 30 '
                     'days}'}},
        'alone': BOOL,
    }, least=1), 'store'),
}, 'stores')

SCHEMA = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema',
    'title': 'Image lifecycle policy',
    **mapping({
        'version': {'const': 1, EXPECTED: '1, the only version there is'},
        'description': text('text', maxLength=4096),
        'defaults': mapping(_SECTIONS),
        'rules': {**list_of(mapping({
            'name': text(
                'a name of letters, digits, "-", "_" and "."',
                pattern=r'^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z'),
            'description': text('text', maxLength=4096),
            'match': {'$ref': '#/$defs/match'},
            **_SECTIONS}, 'name')), 'maxItems': MAX_RULES,
            'uniqueItems': False},
        'hygiene': _HYGIENE,
    }, 'version'),
    '$defs': {'match': _MATCH},
}

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks('size', raises=ValueError)
def _is_size(value: object) -> bool:
    return not isinstance(value, str) or units.size(value) >= 0


@FORMATS.checks('duration', raises=ValueError)
def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or units.duration(value) >= 0


@FORMATS.checks('glob', raises=ValueError)
def _is_glob(value: object) -> bool:
    if isinstance(value, str) and value.count('*') > 8:
        raise ValueError('it has more than 8 stars')
    return True


@FORMATS.checks('family', raises=ValueError)
def _is_family(value: object) -> bool:
    if isinstance(value, str):
        family.check(value)
    return True


_validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=FORMATS)


def problems(tree: yaml_tree.Tree, validator: Any = _validator
             ) -> Iterator[yaml_tree.Problem]:
    """Everything in which the document differs from the schema.

    :param validator: of jsonschema; of a policy, if it is not given
    """
    known = {(problem.line, problem.column) for problem in tree.problems}
    for error in validator.iter_errors(tree.value):
        path = tuple(error.absolute_path)
        if tree.place(path) in known:
            continue
        if error.validator == 'additionalProperties':
            yield from _unknown(tree, path, error)
        else:
            yield tree.problem(path, _message(error))


def _unknown(tree: yaml_tree.Tree, path: yaml_tree.Path, error: Any
             ) -> Iterator[yaml_tree.Problem]:
    known = error.schema['properties']
    for key in error.instance:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            yield tree.problem(path, 'the key %s is not known here%s' % (
                match.text(key), ': did you mean %s?' % near[0] if near
                else ': known are ' + ', '.join(known)), key=key)


def _message(error: Any) -> str:
    expected = error.schema.get(EXPECTED, '')
    value = error.instance
    if error.validator == 'required':
        missing = [key for key in error.validator_value if key not in value]
        return 'there must be %s here' % ' and '.join(missing)
    if error.validator == 'format':
        return '%s is not %s: %s' % (match.text(value), expected, error.cause)
    if error.validator == 'enum' and isinstance(value, str):
        near = difflib.get_close_matches(
            value, [v for v in error.validator_value], 1)
        return '%s is not %s%s' % (match.text(value), expected, (
            ': did you mean %s?' % near[0] if near else ''))
    if error.validator == 'uniqueItems':
        return 'the list says the same thing twice'
    if error.validator in ('minItems', 'minProperties'):
        return 'it is empty: %s' % (
            'there must be one at least' if error.schema.get(NEEDED)
            else 'leave it out, or say something')
    if error.validator == 'minimum' and value < 0:
        return '%s is not %s: it must be %g or more' % (
            value, expected, error.validator_value)
    if error.validator in ('maxItems', 'maxProperties'):
        return 'there are more than %d' % error.validator_value
    if (error.validator == 'type' and error.validator_value == 'string'
            and isinstance(value, (bool, int))):
        return '%s is not %s: put it in quotes if it is text' % (
            match.text(value), expected)
    if isinstance(value, (dict, list)):
        return '%s is not %s' % (
            'a mapping' if isinstance(value, dict) else 'a list', expected)
    return '%s is not %s' % (match.text(value), expected or 'allowed here')
