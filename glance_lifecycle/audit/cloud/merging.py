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

"""What the operator gives, over what was read."""

from collections.abc import Mapping
import copy
from typing import Any

import jsonschema

from glance_lifecycle.audit.cloud import document
from glance_lifecycle import exceptions
from glance_lifecycle.planning import cloud_file
from glance_lifecycle.planning import cloud_schema
from glance_lifecycle.policy import schema
from glance_lifecycle.policy import yaml_tree

_LISTS = ('stores', 'compute_groups', 'volume_backends', 'images')
# Of an image: names -> numbers, of which some may be given.
_TABLES = ('boots_per_week', 'volumes_per_week')


def given(data: bytes) -> document.Document:
    """A document of which each part may be left out.

    :raises CloudError: with everything that is wrong with it
    """
    tree = yaml_tree.read(data, cloud_file.LIMITS)
    problems = list(tree.problems)
    if tree.value is not None:
        problems += schema.problems(tree, _PARTIAL)
    if not problems:
        problems += _twice(tree)
    if problems:
        raise cloud_file.CloudError(problems=tuple(sorted(set(problems))))
    found: document.Document = tree.value
    return found


def _twice(tree: yaml_tree.Tree) -> list[yaml_tree.Problem]:
    found = []
    for table in _LISTS:
        seen: set[str] = set()
        for place, one in enumerate(tree.value.get(table, ())):
            if one['name'] in seen:
                found.append(tree.problem(
                    (table, place, 'name'), 'this name is here twice'))
            seen.add(one['name'])
    return found


def _partial() -> Any:
    """The schema, with nothing required but names."""
    part = copy.deepcopy(cloud_schema.SCHEMA)
    part['required'] = []
    properties = part['properties']
    properties['glance']['required'] = []
    for table in _LISTS:
        properties[table]['minItems'] = 0
        properties[table]['items']['required'] = ['name']
    return jsonschema.Draft202012Validator(
        part, format_checker=schema.FORMATS)


_PARTIAL = _partial()


def merged(found: document.Document, over: Mapping[str, Any]
           ) -> document.Document:
    """What is given counts, of each name and key; the rest stays.

    Lists are merged by the names in them: one that was not found is added.

    :raises ConfigurationError: what is added lacks something
    """
    result = {**found, **{key: value for key, value in over.items()
                          if key not in (*_LISTS, 'glance')}}
    result['glance'] = {**found.get('glance', {}), **over.get('glance', {})}
    for table in _LISTS:
        if table in found or table in over:
            result[table] = _by_name(table, found.get(table, ()),
                                     over.get(table, ()))
    return result


def _by_name(table: str, found: Any, over: Any) -> list[document.Item]:
    result = {one['name']: one for one in found}
    for one in over:
        before = result.get(one['name'])
        if before is None:
            _complete(table, one)
            before = {}
        result[one['name']] = {**before, **one, **{
            table: {**before.get(table, {}), **one[table]}
            for table in _TABLES if table in one}}
    return list(result.values())


def _complete(table: str, one: document.Item) -> None:
    needed = cloud_schema.SCHEMA['properties'][table]['items']['required']
    if table == 'stores':
        # The rest is filled in where it is not known.
        needed = ['name', 'kind']
    lacking = [key for key in needed if key not in one]
    if lacking:
        raise exceptions.InputRefused(
            detail='%s is given in %s, and was not found in the cloud. If '
            'that is its name, it must have %s, too' % (
                document.name(one['name']), table, ', '.join(lacking)))
