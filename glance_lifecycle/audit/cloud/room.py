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

"""The room in stores, as this host of glance-api can read it.

It needs Glance's configuration: import it where that is known to be.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import os
from typing import Any

from oslo_config import cfg

from glance_lifecycle.audit.cloud import document
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.transfer.backends.file import options as file_options
from glance_lifecycle.transfer.backends.rbd import cluster as clusters
from glance_lifecycle.transfer.backends.rbd import options as rbd_options

CONF = cfg.CONF

# Seconds that Ceph may take for one answer.
_PATIENCE = 10

# A pool may have disks of a cluster for itself, which only its rule tells.
_SHARED = ('Stores %s are in one file system, or in pools of one cluster of '
           'Ceph. What is free there is told of each of them, as if the '
           'others took nothing: give a "free" and a "capacity" of each that '
           'together are what there is.')

# pg_pool_t::TYPE_ERASURE of Ceph's src/osd/osd_types.h.
_ERASURE = 3


def shown() -> document.Item:
    """What glance-api.conf lets images show of where they are."""
    return {name: bool(getattr(CONF, name)) for name in (
        'show_image_direct_url', 'show_multiple_locations')}


def default_store() -> str:
    """Name of the store where imports go."""
    return document.name(CONF.glance_store.default_backend or '')


def of(names: Iterable[str], note: document.Note) -> dict[str, document.Item]:
    """Store -> what this host can read of it: room, factor, fsid, thin.

    :param note: told what it cannot
    """
    kinds = glance_host.store_kinds() or {}
    found = {}
    disks: dict[str, list[str]] = {}
    for name in names:
        try:
            if kinds.get(name) == 'rbd':
                item = found[name] = _rbd(name)
                disks.setdefault(item['fsid'], []).append(name)
            elif kinds.get(name) == 'file':
                found[name], systems = _file(name)
                for device in systems:
                    disks.setdefault('device %d' % device, []).append(name)
        except exceptions.LifecycleError as error:
            note('The room in store %s cannot be read: %s' % (
                name, error.detail))
        except (ArithmeticError, AttributeError, LookupError, TypeError,
                ValueError):
            note('The cluster of store %s answered with what nobody '
                 'understands.' % name)
    for sharing in dict.fromkeys(map(tuple, disks.values())):
        if len(sharing) > 1:
            note(_SHARED % ', '.join(sharing))
    return found


def _file(name: str) -> tuple[document.Item, Collection[int]]:
    """And its devices: each counts once, however many directories it has."""
    options = file_options.describe(CONF, name)
    systems = {}
    try:
        for path, _priority in options['datadirs']:
            systems[os.stat(path).st_dev] = os.statvfs(path)
    except OSError as error:
        raise exceptions.StoreError(
            store=name, detail='its directory cannot be looked at: %s'
            % error.strerror) from error
    # As who is not root may use it.
    free = sum(one.f_bavail * one.f_frsize for one in systems.values())
    used = sum((one.f_blocks - one.f_bfree) * one.f_frsize
               for one in systems.values())
    # Ours is sparse, whatever Glance's own driver does.
    return {'capacity': document.read(document.total(used, free)),
            'free': document.read(document.total(free))}, systems


def _rbd(name: str) -> document.Item:
    options = rbd_options.describe(CONF, name)
    cluster = clusters.Cluster(name, {**options, 'timeout': (
        options['timeout'] if options['timeout'] > 0 else _PATIENCE)})
    with contextlib.closing(cluster):
        cluster.connect()
        item: document.Item = {'fsid': cluster.fsid.lower()}
        wanted = cluster.config('rbd_default_data_pool') or cluster.pool
        pool: Mapping[str, Any] = next(
            (one for one in cluster.ask('asking for the pools', {
                'prefix': 'osd pool ls', 'detail': 'detail'}) or ()
             if one['pool_name'] == wanted), {})
        factor = _factor(cluster, pool)
        if factor is not None:
            item['factor'] = document.read(factor)
        usage: Mapping[str, Any] = next(
            (one['stats'] for one in (cluster.ask(
                'asking for free space', {'prefix': 'df'}) or {}).get(
                    'pools', ()) if one['name'] == wanted), {})
        return item | room(usage, int(pool.get('quota_max_bytes', 0)))


def room(usage: Mapping[str, Any], quota: int) -> document.Item:
    """Of a pool, replicas not counted.

    :param usage: its ``stats`` of ``ceph df``; empty without a manager
    :param quota: bytes; 0 for none
    """
    stored, free = (document.number(usage.get(key))
                    for key in ('stored', 'max_avail'))
    if stored is None or free is None or not (stored or free):
        return {}
    if quota:
        free = max(0, min(free, quota - stored))
    return {'capacity': document.read(document.total(stored, free)),
            'free': document.read(free)}


def _factor(cluster: clusters.Cluster, pool: Mapping[str, Any]
            ) -> float | None:
    """Bytes on disks for each that is stored; None if it is not known."""
    if pool.get('type') != _ERASURE:
        return int(pool['size']) if pool.get('size') else None
    profile = cluster.ask('asking for the erasure code', {
        'prefix': 'osd erasure-code-profile get',
        'name': str(pool['erasure_code_profile'])}) or {}
    if 'k' not in profile:
        return None
    data = int(profile['k'])
    return round((data + int(profile.get('m', 0))) / data, 3)
