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

"""A cloud on paper: bytes of YAML or JSON -> Cloud, or all that is wrong."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.planning import assumed
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import cloud_checks
from glance_lifecycle.planning import cloud_json
from glance_lifecycle.planning import cloud_schema
from glance_lifecycle.planning.known import Known
from glance_lifecycle.planning.known import Source
from glance_lifecycle.policy import schema
from glance_lifecycle.policy import yaml_tree

#: Of YAML: some ten thousand images.
LIMITS = yaml_tree.Limits(size=8 * 1024 ** 2, parts=600_000, fractions=True)
#: Bytes that are read: of JSON, some hundred thousand images.
MOST = cloud_json.MOST

_MOST_SHOWN = 10
_RBD = 'rbd://'
# Of JSON, lines are told up to this: finding them takes seconds.
_MOST_PLACED = 1024 ** 2


class CloudError(exceptions.LifecycleError):
    """A file that is not used.

    :ivar problems: all of them
    """

    message = 'The cloud on paper cannot be used: {detail}'

    def __init__(self, *, problems: tuple[yaml_tree.Problem, ...] = (),
                 detail: str = '') -> None:
        more = len(problems) - _MOST_SHOWN
        super().__init__(detail=detail or '; '.join(
            map(str, problems[:_MOST_SHOWN])) + (
                '; and %d more' % more if more > 0 else ''))
        self.problems = problems


def load(data: bytes) -> clouds.Cloud:
    """The cloud that the file is of.

    :raises CloudError: with everything that is wrong with it
    """
    if len(data) > MOST:
        raise CloudError(detail='the file has more than %d bytes, which is '
                         'all that is read' % MOST)
    if cloud_json.looks_like(data):
        half = cloud_json.half(data)
        if half:
            raise CloudError(problems=(yaml_tree.Problem(
                *half, '', 'this is half a character, which nobody can '
                'write: escape both halves, or none'),))
        value = _json(data)
        if value is not None:
            return _cloud(value)
    return _cloud(_placed(data))


def _placed(data: bytes) -> Any:
    """What it says; of what is wrong, the lines are told."""
    tree = yaml_tree.read(data, LIMITS)
    problems = list(tree.problems)
    if tree.value is not None:
        problems += schema.problems(tree, cloud_schema.VALIDATOR)
    if not problems:
        problems += cloud_checks.problems(tree)
    if problems:
        # Each key that is missing is told with all others.
        raise CloudError(problems=tuple(sorted(set(problems))))
    return tree.value


def _json(data: bytes) -> Any:
    """What it says; None if something is wrong, and lines can be told."""
    small = len(data) <= _MOST_PLACED
    try:
        value = cloud_json.read(data)
    except cloud_json.NotRead as error:
        if small:
            return None
        raise CloudError(detail=str(error)) from None
    images = value.get('images')
    if not isinstance(images, list) or not images:
        return None
    if len(images) > cloud_schema.MOST_IMAGES:
        raise CloudError(detail='images: there are more than %d'
                         % cloud_schema.MOST_IMAGES)
    problems = list(_problems({**value, 'images': []}))
    if not problems:
        closely = cloud_json.doubtful(
            images, frozenset(one['name'] for one in value['stores']),
            {weekly: frozenset(one['name'] for one in value.get(table, ()))
             for table, weekly in cloud_checks.CONSUMERS})
        problems = list(_problems({**value, 'images': closely}))
    if problems and not small:
        raise CloudError(problems=tuple(sorted(set(problems))))
    return None if problems else value


def _problems(value: dict[str, Any]) -> Iterator[yaml_tree.Problem]:
    """Of a value that has no lines."""
    tree = yaml_tree.Tree(value)
    found = list(schema.problems(tree, cloud_schema.WITHOUT_IMAGES
                                 if not value['images'] else
                                 cloud_schema.VALIDATOR))
    for problem in found or cloud_checks.problems(tree):
        yield dataclasses.replace(problem, line=0, column=0)


def of(document: Mapping[str, Any]) -> clouds.Cloud:
    """The cloud of a document that was collected, and not written by hand.

    Its schema is not looked at, which takes a minute for 100,000 images: who
    collects keeps to it.

    :raises CloudError: with everything else that is wrong with it
    """
    problems = set(cloud_checks.problems(yaml_tree.Tree(document)))
    if problems:
        raise CloudError(problems=tuple(sorted(problems)))
    # It stays the caller's, who may write it to a file.
    return _cloud({**document, 'images': [*document['images']]})


def _known(one: Mapping[str, Any], key: str,
           assumption: assumed.Assumption | None = None) -> Known[float]:
    if key not in one:
        return _fact(assumption.value if assumption else 0, Source.ASSUMED)
    found = one[key]
    if isinstance(found, dict):
        return _fact(cloud_checks.plain(found), Source(found['from']),
                     found.get('spread'))
    return _fact(cloud_checks.plain(found), Source.GIVEN)


# Of a catalogue, many are alike.
@functools.lru_cache(maxsize=65536, typed=True)
def _fact(value: float, source: Source, spread: float | None = None
          ) -> Known[float]:
    return Known(value, source, spread)


def _flag(one: Mapping[str, Any], key: str, assumption: assumed.Assumption
          ) -> Known[bool]:
    found = _known(one, key, assumption)
    return Known(bool(found.value), found.source)


def _cloud(value: Mapping[str, Any]) -> clouds.Cloud:
    stores = {one['name']: _store(one) for one in value['stores']}
    glance = value['glance']
    images = value['images']
    one_copy = {name: clouds.Copy(one) for name, one in stores.items()}
    large = frozenset(
        fsid for table in ('stores', 'compute_groups', 'volume_backends')
        for one in value.get(table, ())
        if (fsid := one.get('fsid', '')) != fsid.lower())
    # Each takes the place of what it was read from: memory holds one.
    for number, one in enumerate(images):
        images[number] = _image(one, stores, one_copy, large)
    return clouds.Cloud(
        glance=clouds.Glance(glance.get('show_image_direct_url', False),
                             glance.get('show_multiple_locations', False)),
        default_store=stores[glance['default_store']],
        stores=tuple(stores.values()),
        images=tuple(images),
        caches=_caches(value.get('caches', {})),
        compute_groups=tuple(_computes(one, stores) for one in value.get(
            'compute_groups', ())),
        volume_backends=tuple(map(_volumes, value.get(
            'volume_backends', ()))),
        currency=value.get('currency', ''),
        growth=_known(glance, 'growth_per_week')
        if 'growth_per_week' in glance else None)


def _caches(one: Mapping[str, Any]) -> clouds.Caches:
    return clouds.Caches(
        glance_nodes=_known(one, 'glance_nodes', assumed.GLANCE_NODES),
        max_size=_known(one, 'max_size', assumed.CACHE_SIZE),
        pruner_interval=_known(one, 'pruner_interval', assumed.PRUNER),
        base_age=_known(one, 'base_age', assumed.BASE_AGE),
        manager_interval=_known(one, 'manager_interval', assumed.MANAGER),
        server_seconds=_known(one, 'server_seconds', assumed.SERVER))


def _store(one: Mapping[str, Any]) -> clouds.Store:
    kind = one['kind']
    return clouds.Store(
        name=one['name'], kind=kind, fsid=one.get('fsid', '').lower(),
        weight=one.get('weight', 0),
        cost=_known(one, 'cost_per_gib_month'),
        factor=_known(one, 'factor', assumed.FACTOR[kind]),
        capacity=_known(one, 'capacity'), free=_known(one, 'free'),
        thin=_flag(one, 'thin', assumed.THIN),
        read_per_second=_known(one, 'read_per_second', assumed.READ[kind]),
        write_per_second=_known(one, 'write_per_second',
                                assumed.WRITE[kind]),
        clone_seconds=_known(one, 'clone_seconds', assumed.CLONE))


def _image(one: Mapping[str, Any], stores: Mapping[str, clouds.Store],
           one_copy: Mapping[str, clouds.Copy], large: frozenset[str]
           ) -> clouds.Image:
    size = _known(one, 'size')
    compression = _known(one, 'compression', assumed.COMPRESSION)
    virtual = _known(one, 'virtual_size') if 'virtual_size' in one else size
    data = _known(one, 'data_size') if 'data_size' in one else Known(
        min(virtual.value, size.value / (
            (compression.value or 1) if one.get('compressed') else 1)),
        Source.ASSUMED)
    return clouds.Image(
        name=one['name'], disk_format=one['disk_format'],
        compressed=one.get('compressed', False), size=size,
        virtual_size=virtual, data_size=data, compression=compression,
        copies=tuple(
            clouds.Copy(stores[copy['store']], _location(
                copy.get('location', ''), large), copy.get('clones', 0))
            if isinstance(copy, dict) else one_copy[copy]
            for copy in one['copies']),
        boots=_weekly(one.get('boots_per_week', {})),
        volumes=_weekly(one.get('volumes_per_week', {})),
        project=one.get('project', ''), group=one.get('class', ''),
        golden=one.get('golden', False),
        last_boot=cloud_json.last_boot(one['last_boot'])
        if 'last_boot' in one else None,
        least_copies=one.get('copies_at_least', 1),
        glance_name=one.get('glance_name'))


def _location(url: str, large: frozenset[str]) -> str:
    """In the letters that the cluster has here.

    Nova compares an fsid letter by letter, so that one which is written in
    others than that of the cluster is another.

    :param large: fsids of the file that have large letters
    """
    if large and url.startswith(_RBD):
        fsid, slash, rest = url.removeprefix(_RBD).partition('/')
        if fsid in large:
            return _RBD + fsid.lower() + slash + rest
    return url


_NOBODY: dict[str, Known[float]] = {}


def _weekly(table: Mapping[str, Any]) -> dict[str, Known[float]]:
    return {name: _known(table, name) for name in table} if table else (
        _NOBODY)


def _rates(one: Mapping[str, Any]) -> dict[str, Any]:
    """What both kinds of consumers have."""
    return {
        'name': one['name'], 'fsid': one.get('fsid', '').lower(),
        'cannot_open': tuple(one.get('cannot_open', ())),
        'network_per_second': _known(one, 'network_per_second',
                                     assumed.NETWORK),
        'disk_write_per_second': _known(one, 'disk_write_per_second',
                                        assumed.DISK),
        'verify_per_second': _known(one, 'verify_per_second', assumed.HASH),
        'convert_per_second': _known(one, 'convert_per_second',
                                     assumed.CONVERT),
        'decompress_per_second': _known(one, 'decompress_per_second',
                                        assumed.DECOMPRESS)}


def _computes(one: Mapping[str, Any], stores: Mapping[str, clouds.Store]
              ) -> clouds.ComputeGroup:
    return clouds.ComputeGroup(
        **_rates(one), hosts=_known(one, 'hosts'),
        images_type=one['images_type'],
        image_cache=_flag(one, 'image_cache', assumed.IMAGE_CACHE),
        start_seconds=_known(one, 'start_seconds', assumed.START),
        copies_into=stores.get(one.get('copies_into', '')))


def _volumes(one: Mapping[str, Any]) -> clouds.VolumeBackend:
    return clouds.VolumeBackend(
        **_rates(one),
        service_token=_flag(one, 'service_token', assumed.SERVICE_TOKEN),
        encrypted=_flag(one, 'encrypted', assumed.ENCRYPTED))
