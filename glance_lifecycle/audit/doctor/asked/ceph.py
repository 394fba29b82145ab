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
"""What Ceph says to the user of Glance's stores.

Only where the files are this computer's own (``--this-host``): librados acts
on all that a ceph.conf says, and may so create files and sockets.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent import futures
import contextlib
import dataclasses
import datetime
import errno
import itertools
from typing import Any
import uuid

from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import cluster as clusters

# Seconds that one operation may take.
_PATIENCE = 4

_AT_ONCE = 8
_MOST_STORES = 64
_MOST_TRASH = 100_000
_MOST_WORDS = 16

# rbd_pool's type in "ceph osd pool ls detail": pg_pool_t::TYPE_ERASURE.
_ERASURE = 3

# Of a pool, when not all is well with its room.
_FULL = ('full_quota', 'full', 'backfillfull', 'nearfull')


def pools(asked: collecting.Asked, found: Sequence[hosts.Host]
          ) -> tuple[live.Pool, ...]:
    """Of each RBD store of this host, by the user that Glance has there."""
    wanted = list(itertools.islice(_wanted(found), _MOST_STORES))
    if not wanted:
        return ()
    with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda one: _ask(*one), wanted))
    asked.unknown += [one for one in answers if isinstance(one, str)]
    return tuple(one for one in answers if isinstance(one, live.Pool))


def _wanted(found: Iterable[hosts.Host]
            ) -> Iterator[tuple[live.Pool, str]]:
    """With the file of Ceph's configuration."""
    for host in found:
        for store, driver in host.stores.items():
            if host.here is None or driver != 'rbd':
                continue
            with contextlib.suppress(masking.Hidden):
                yield live.Pool(
                    host.name, store,
                    host.value(store, 'rbd_store_pool') or '',
                    host.value(store, 'rbd_store_user') or ''), (
                        host.value(store, 'rbd_store_ceph_conf') or '')


def _ask(pool: live.Pool, conf_file: str) -> live.Pool | str:
    """What it says; a sentence if that cannot be asked from here."""
    try:
        cluster = clusters.Cluster(pool.store, {
            'pool': pool.pool, 'user': pool.user, 'conf_file': conf_file,
            'timeout': _PATIENCE})
    except exceptions.ConfigurationError as error:
        return 'Ceph cannot be asked: %s' % masking.line(str(error))
    with contextlib.closing(cluster):
        try:
            cluster.connect()
            return _of(cluster, pool)
        except exceptions.StoreError as error:
            return dataclasses.replace(pool, refused=_words(error))
        except (ArithmeticError, AttributeError, LookupError, TypeError,
                ValueError, RecursionError):
            return ('The cluster of store %s answered with what nobody '
                    'understands.' % masking.name(pool.store))


def _of(cluster: clusters.Cluster, pool: live.Pool) -> live.Pool:
    details: Mapping[str, Any] = next(
        (one for one in cluster.ask('asking for the pools', {
            'prefix': 'osd pool ls', 'detail': 'detail'}) or ()
         if one['pool_name'] == pool.pool), {})
    applications = details.get('application_metadata')
    flags = str(details.get('flags_names', '')).split(',')
    pool = dataclasses.replace(
        pool, administers=_administers(cluster, pool.user),
        applications=None if applications is None else tuple(
            masking.name(str(one)) for one in applications)[:_MOST_WORDS],
        erasure=details.get('type') == _ERASURE,
        size=int(details.get('size', 0)),
        min_size=int(details.get('min_size', 0)),
        full=next((flag for flag in _FULL if flag in flags), ''),
        errors=_errors(cluster))
    # It has no trash, and would take none.
    return pool if pool.erasure else _objects(cluster, pool)


def _objects(cluster: clusters.Cluster, pool: live.Pool) -> live.Pool:
    """With what its OSDs say, or that they say nothing."""
    usage: Mapping[str, Any] = next(
        (one['stats'] for one in (cluster.ask(
            'asking for free space', {'prefix': 'df'}) or {}).get('pools', ())
         if one['name'] == pool.pool), {})
    pool = dataclasses.replace(pool, used=_bytes(usage, 'stored'),
                               free=_bytes(usage, 'max_avail'))
    try:
        return dataclasses.replace(pool, expired=_expired(cluster),
                                   writes=_writes(cluster))
    except exceptions.StoreError as error:
        return dataclasses.replace(pool, refused=_words(error))


def _expired(cluster: clusters.Cluster) -> int:
    """Images in the trash that nothing keeps there any more.

    Those of a user only: what librbd itself has put there, goes by itself.
    """
    now = datetime.datetime.now(datetime.UTC)
    every = cluster.call('listing the trash of the pool', lambda: list(
        itertools.islice(cluster.rbd.RBD().trash_list(cluster.ioctx),
                         _MOST_TRASH)))
    return sum(1 for one in every if one['source'] == 'USER' and
               _aware(one['deferment_end_time']) <= now)


def _aware(when: datetime.datetime) -> datetime.datetime:
    """The bindings give UTC without saying so."""
    return when.replace(tzinfo=when.tzinfo or datetime.UTC)


def _writes(cluster: clusters.Cluster) -> bool:
    """Whether it may: asked by removing what there cannot be."""
    try:
        cluster.call('asking whether the user may write',
                     cluster.ioctx.remove_object,
                     'rbd_data.%s' % uuid.uuid4().hex)
    except exceptions.StoreError as error:
        number = getattr(error.__cause__, 'errno', None)
        if number in (errno.EACCES, errno.EPERM):
            return False
        if number != errno.ENOENT:
            raise
    return True


def _administers(cluster: clusters.Cluster, user: str) -> bool:
    """Whether it is let at keys; it is looked no further at what comes."""
    return cluster.ask('asking what the user may do', {
        'prefix': 'auth get', 'entity': 'client.%s' % (user or 'admin')
    }) is not None


def _errors(cluster: clusters.Cluster) -> tuple[str, ...]:
    checks: Mapping[str, Any] = (cluster.ask(
        'asking for its health', {'prefix': 'health'}) or {}).get(
            'checks', {})
    return tuple(masking.name(code) for code, check in sorted(
        checks.items()) if check['severity'] == 'HEALTH_ERR')[:_MOST_WORDS]


def _bytes(stats: Mapping[str, Any], name: str) -> int | None:
    return int(stats[name]) if name in stats else None


def _words(error: exceptions.StoreError) -> str:
    return masking.line(str(error.fields['detail']))
