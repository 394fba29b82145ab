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

"""What is wrong with a cloud on paper that its schema cannot see."""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import cloud_json
from glance_lifecycle.policy import match
from glance_lifecycle.policy import yaml_tree

#: Who makes disks of images, and where an image says how many.
CONSUMERS = (('compute_groups', 'boots_per_week'),
              ('volume_backends', 'volumes_per_week'))
_TABLES = ('stores', 'compute_groups', 'volume_backends', 'images')


def problems(tree: yaml_tree.Tree) -> Iterator[yaml_tree.Problem]:
    """Of a file that its schema is content with."""
    stores = {one['name'] for one in tree.value['stores']}
    yield from _twice(tree)
    yield from _no_store(tree, ('glance', 'default_store'),
                         tree.value['glance']['default_store'], stores)
    for path, one in _each(tree, 'stores'):
        yield from _fsid(tree, path, one, one['kind'] == clouds.CEPH,
                         'a store of kind rbd')
        if plain(one['free']) > plain(one['capacity']):
            yield tree.problem((*path, 'free'),
                               'more is free than the capacity')
    for table, _weekly in CONSUMERS:
        for path, one in _each(tree, table):
            yield from _consumer(tree, path, one, stores)
    known = {weekly: {one['name'] for _path, one in _each(tree, table)}
             for table, weekly in CONSUMERS}
    for path, one in _each(tree, 'images'):
        if one.get('copies_at_least', 1) > len(stores):
            yield tree.problem((*path, 'copies_at_least'),
                               'there are not so many stores')
        yield from _copies(tree, path, one, stores)
        for table, weekly in CONSUMERS:
            yield from (tree.problem(
                (*path, weekly), 'there is no %s in %s' % (
                    match.text(name), table), key=name)
                for name in one.get(weekly, ()) if name not in known[weekly])
        yield from (tree.problem(path, message) if key is None else
                    tree.problem((*path, key), message)
                    for key, message, wrong in _SIZES if wrong(one))


def plain(value: Any) -> Any:
    """A size in bytes; what is none is what it is."""
    if isinstance(value, dict):
        value = value['value']
    return cloud_json.size(value) if isinstance(value, str) else value


def _each(tree: yaml_tree.Tree, table: str
          ) -> Iterator[tuple[yaml_tree.Path, dict[str, Any]]]:
    for number, one in enumerate(tree.value.get(table, ())):
        yield (table, number), one


def _twice(tree: yaml_tree.Tree) -> Iterator[yaml_tree.Problem]:
    for table in _TABLES:
        seen: dict[str, yaml_tree.Path] = {}
        for path, one in _each(tree, table):
            if one['name'] in seen:
                first = ', first in line %d' % tree.place(
                    seen[one['name']])[0] if tree.places else ''
                yield tree.problem((*path, 'name'), (
                    'the name %s is here twice%s' % (
                        match.text(one['name']), first)))
            seen.setdefault(one['name'], path)


def _consumer(tree: yaml_tree.Tree, path: yaml_tree.Path,
              one: dict[str, Any], stores: set[str]
              ) -> Iterator[yaml_tree.Problem]:
    if 'images_type' in one:
        yield from _fsid(tree, path, one, one['images_type'] == clouds.CEPH,
                         'images_type rbd')
    if 'copies_into' in one:
        yield from _no_store(tree, (*path, 'copies_into'),
                             one['copies_into'], stores)
    for place, name in enumerate(one.get('cannot_open', ())):
        yield from _no_store(tree, (*path, 'cannot_open', place), name,
                             stores)


def _copies(tree: yaml_tree.Tree, path: yaml_tree.Path, one: dict[str, Any],
            stores: set[str]) -> Iterator[yaml_tree.Problem]:
    seen = set()
    for place, copy in enumerate(one['copies']):
        name = copy['store'] if isinstance(copy, dict) else copy
        yield from _no_store(tree, (*path, 'copies', place), name, stores)
        if name in seen:
            yield tree.problem((*path, 'copies', place),
                               'this store is named twice')
        seen.add(name)


def _virtual(one: dict[str, Any]) -> Any:
    return plain(one.get('virtual_size', one['size']))


_SIZES: tuple[tuple[str | None, str, Callable[[dict[str, Any]], bool]],
              ...] = (
    ('compressed', 'only qcow2 is compressed',
     lambda one: 'compressed' in one and one['disk_format'] != 'qcow2'),
    (None, 'there must be virtual_size here: the size of the disk is not '
     'that of the file', lambda one: 'virtual_size' not in one and (
         one['disk_format'] not in ('raw', 'iso', 'ami', 'aki', 'ari'))),
    ('virtual_size', 'that of a raw image is its size',
     lambda one: one['disk_format'] == 'raw' and (
         _virtual(one) != plain(one['size']))),
    ('data_size', 'there are more data than the disk has',
     lambda one: plain(one.get('data_size', 0)) > _virtual(one)),
)


def _fsid(tree: yaml_tree.Tree, path: yaml_tree.Path, one: dict[str, Any],
          needed: bool, what: str) -> Iterator[yaml_tree.Problem]:
    if needed and 'fsid' not in one:
        yield tree.problem(path, 'there must be fsid here: %s is in a '
                           'cluster of Ceph' % what)
    if not needed and 'fsid' in one:
        yield tree.problem((*path, 'fsid'),
                           'only %s has a cluster of Ceph' % what)


def _no_store(tree: yaml_tree.Tree, path: yaml_tree.Path, name: str,
              stores: set[str]) -> Iterator[yaml_tree.Problem]:
    if name not in stores:
        yield tree.problem(path, 'there is no store %s; there are %s' % (
            match.text(name), match.text(sorted(stores))))
