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

"""The JSON schema of a cloud on paper, version 1."""

from typing import Any

import jsonschema

from glance_lifecycle.planning import known
from glance_lifecycle.policy import schema
from glance_lifecycle.policy import units

#: What YAML is read with: 18 digits, 888 PiB.
MOST_BYTES = 10 ** 18 - 1
MOST_IMAGES = 100_000
#: That an image can be asked to have.
MOST_COPIES = 3
#: Of the last boot: it may have been today.
NOT_KNOWN = 'unknown'
DISK_FORMATS = ('raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso', 'ami',
                'aki', 'ari', 'ploop')


def _known(value: dict[str, Any]) -> dict[str, Any]:
    """A fact, or a mapping that also says where it is from."""
    return {
        'if': {'type': 'object'},
        'then': schema.mapping({
            'value': value,
            'from': schema.one_of(*(one.value for one in known.Source)),
            'spread': {'type': 'number', 'exclusiveMinimum': 1,
                       'maximum': 1000, schema.EXPECTED: 'how many times '
                       'more, or less, was seen, such as 1.3'}},
            'value', 'from'),
        'else': value}


def _number(expected: str, **more: Any) -> dict[str, Any]:
    return _known({'type': 'number', 'minimum': 0, 'maximum': 10 ** 12,
                   schema.EXPECTED: expected, **more})


def _bytes(expected: str, least: int = 0) -> dict[str, Any]:
    number = {'type': 'integer', 'minimum': least, 'maximum': MOST_BYTES,
              schema.EXPECTED: expected}
    return _known({'if': {'type': 'integer'}, 'then': number, 'else': {
        'type': 'string', 'format': 'size' if not least else 'some',
        schema.EXPECTED: expected}})


def _listed(item: dict[str, Any], most: int, least: int = 0
            ) -> dict[str, Any]:
    """Unlike a list of a policy: long, and not compared each with each."""
    return {'type': 'array', 'items': item, 'minItems': least,
            'maxItems': most, schema.EXPECTED: 'a list',
            schema.NEEDED: least > 0}


# It is shown, and names of stores are words.
_SHOWN = r'[^\x00-\x1f\x7f-\x9f\ud800-\udfff]'
_NAME = schema.text('a name', pattern=r'^%s+\Z' % _SHOWN)
_NAME_OR_NONE = schema.text(
    'a name, or "" if it has none that a policy can match',
    pattern=r'^%s*\Z' % _SHOWN, minLength=0)
_FSID = schema.text('the fsid of a cluster', pattern=r'^[A-Za-z0-9-]+\Z')
_SIZE = _bytes('a size such as 10 GiB, or bytes')
_RATE = _bytes('a size such as 400 MiB, which is read or written in a second',
               least=1)
_BOOL = _known(schema.BOOL)
_SECONDS = _number('a number of seconds')
_WEEKLY = {'type': 'object', 'maxProperties': 5000,
           'additionalProperties': _number('a number'),
           schema.EXPECTED: 'a mapping of names to numbers'}

_STORE = schema.mapping({
    'name': _NAME,
    'kind': schema.one_of('rbd', 'file', 's3', 'swift', 'other'),
    'cost_per_gib_month': _number('a price, such as 0.02'),
    'factor': _number('a number, 1 or more: 3 for three replicas, 1.5 for '
                      'erasure code 4+2', minimum=1, maximum=100),
    'capacity': _SIZE, 'free': _SIZE, 'thin': _BOOL, 'fsid': _FSID,
    'weight': {'type': 'integer', 'minimum': -10 ** 6, 'maximum': 10 ** 6,
               schema.EXPECTED: 'a whole number'},
    'read_per_second': _RATE, 'write_per_second': _RATE,
    'clone_seconds': _SECONDS,
}, 'name', 'kind', 'cost_per_gib_month', 'capacity', 'free')

_COPY = {
    'if': {'type': 'object'},
    'then': schema.mapping({
        'store': _NAME, 'location': schema.text('a URL', maxLength=4096),
        'clones': {'type': 'integer', 'minimum': 0, 'maximum': 10 ** 9,
                   schema.EXPECTED: 'a whole number'}}, 'store'),
    'else': {**_NAME, schema.EXPECTED: 'the name of a store'}}

IMAGE = schema.mapping({
    'name': _NAME, 'glance_name': _NAME_OR_NONE,
    'disk_format': schema.one_of(*DISK_FORMATS),
    'compressed': schema.BOOL,
    'size': _SIZE, 'virtual_size': _SIZE, 'data_size': _SIZE,
    'compression': _number('a ratio, such as 0.5', maximum=1),
    'copies': _listed(_COPY, 50, 1),
    'boots_per_week': _WEEKLY, 'volumes_per_week': _WEEKLY,
    'project': _NAME, 'class': _NAME, 'golden': schema.BOOL,
    'last_boot': {
        'if': {'const': NOT_KNOWN}, 'else': schema.text(
            'how long ago, such as 400 days, or %s' % NOT_KNOWN,
            format='duration')},
    'copies_at_least': {
        'type': 'integer', 'minimum': 1, 'maximum': MOST_COPIES,
        schema.EXPECTED: 'a number from 1 to %d' % MOST_COPIES},
}, 'name', 'disk_format', 'size', 'copies')

_CONSUMER = {
    'name': _NAME, 'fsid': _FSID,
    'cannot_open': _listed(_NAME, 50),
    'network_per_second': _RATE, 'disk_write_per_second': _RATE,
    'verify_per_second': _RATE, 'convert_per_second': _RATE,
    'decompress_per_second': _RATE}

_COMPUTES = schema.mapping({
    **_CONSUMER,
    'hosts': _number('a number, 1 or more', minimum=1),
    'images_type': schema.one_of('rbd', 'qcow2', 'raw', 'flat'),
    'image_cache': _BOOL, 'copies_into': _NAME, 'start_seconds': _SECONDS,
}, 'name', 'hosts', 'images_type')

_VOLUMES = schema.mapping({
    **_CONSUMER, 'service_token': _BOOL, 'encrypted': _BOOL}, 'name')

_CACHES = schema.mapping({
    'glance_nodes': _number('a number, 1 or more', minimum=1, maximum=1000),
    'max_size': _SIZE, 'base_age': _SECONDS, 'server_seconds': _SECONDS,
    'pruner_interval': _number('60 seconds or more', minimum=60),
    'manager_interval': _number('seconds, or -1 for never', minimum=-1)})

SCHEMA = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema',
    'title': 'A cloud on paper',
    **schema.mapping({
        'version': {'const': 1,
                    schema.EXPECTED: '1, the only version there is'},
        'currency': schema.text('a currency, such as EUR', maxLength=12,
                                pattern=r'^%s+\Z' % _SHOWN),
        'glance': schema.mapping({
            'show_image_direct_url': schema.BOOL,
            'show_multiple_locations': schema.BOOL,
            'default_store': _NAME, 'growth_per_week': _SIZE},
            'default_store'),
        'caches': _CACHES,
        'stores': _listed(_STORE, 50, 1),
        'compute_groups': _listed(_COMPUTES, 5000),
        'volume_backends': _listed(_VOLUMES, 500),
        'images': _listed(IMAGE, MOST_IMAGES, 1),
    }, 'version', 'glance', 'stores', 'images'),
}


@schema.FORMATS.checks('some', raises=ValueError)
def _is_some(value: object) -> bool:
    if isinstance(value, str) and not units.size(value):
        raise ValueError('nothing would ever be ready')
    return True


VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=schema.FORMATS)

# The same, without any image.
WITHOUT_IMAGES = jsonschema.Draft202012Validator(
    {**SCHEMA, 'properties': {**SCHEMA['properties'],
                              'images': {'type': 'array'}}},
    format_checker=schema.FORMATS)
