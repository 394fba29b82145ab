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


"""What listing a grown pool of Ceph takes, and its trash.

Images of one header each, written as librbd writes them: to make them one by
one would take many times as long. One in ten of those in the trash is in
quarantine. Nothing is judged: ``benchmarks.hygiene`` measures that.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import itertools
import resource
import subprocess
import sys
import time
from typing import Any
import uuid

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import ceph_bindings
from glance_lifecycle.tests.functional.stores import rbd_names
from glance_lifecycle.transfer.backends.rbd import in_flight
from glance_lifecycle.transfer.backends.rbd import plan_mark
from glance_lifecycle.transfer.backends.rbd import quarantine

_POOL = 'images'
_PLAN = '0123456789abcdef'

# Keys that are written with one operation.
_BATCH = 1000

# Of the trash, one in so many is in quarantine.
_QUARANTINED = 10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=20_000)
    parser.add_argument('--trash', type=int, default=2_000)
    parser.add_argument('--measure', metavar='CONF', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        _measure(args.measure)
        return 0
    with ceph.Ceph() as cluster:
        with cluster.ioctx(_POOL) as ioctx:
            _Pool(cluster, ioctx).fill(args.images, args.trash)
        # In another process: what making all that takes is not asked.
        subprocess.run([sys.executable, '-m', 'benchmarks.hygiene_rbd',
                        '--measure', str(cluster.conf)], check=True)
    return 0


class _Pool:
    """Two images are real, one of them in the trash; the others are alike."""

    def __init__(self, cluster: ceph.Ceph, ioctx: Any) -> None:
        self._cluster = cluster
        self._ioctx = ioctx
        self._header = self._keys('rbd_header.' + self._real('template'))
        trashed = self._real('trashed')
        cluster.rbd('trash', 'mv', f'{_POOL}/trashed')
        self._spec = self._keys('rbd_trash')['id_' + trashed]
        self._moved = time.time()

    def _real(self, name: str) -> str:
        self._cluster.rbd('create', '--size', '1G', f'{_POOL}/{name}')
        self._cluster.rbd('snap', 'create', '--no-progress',
                          f'{_POOL}/{name}@snap')
        self._cluster.rbd('snap', 'protect', f'{_POOL}/{name}@snap')
        with self._cluster.image(_POOL, name) as image:
            return str(image.id())

    def _keys(self, name: str) -> dict[str, bytes]:
        import rados
        with rados.ReadOpCtx() as operation:
            values, _status = self._ioctx.get_omap_vals(
                operation, '', '', _BATCH)
            self._ioctx.operate_read_op(operation, name)
            return {key: bytes(value) for key, value in values}

    def fill(self, number: int, trash: int) -> None:
        ids = ['1%013x' % one for one in range(number + trash)]
        with futures.ThreadPoolExecutor(in_flight.MOST) as pool:
            for _done in pool.map(self._named, ids[:number]):
                pass
            for _done in pool.map(self._thrown_away, range(trash),
                                  ids[number:]):
                pass
        directory = {}
        for one in ids[:number]:
            directory['name_' + _name(one)] = rbd_names.encoded(one)
            directory['id_' + one] = rbd_names.encoded(_name(one))
        self._set('rbd_directory', directory)
        self._set('rbd_trash', {
            'id_' + one: self._spec for one in ids[number:]})

    def _named(self, image_id: str) -> None:
        self._set('rbd_header.' + image_id, self._header)
        self._ioctx.write_full('rbd_id.' + _name(image_id),
                               rbd_names.encoded(image_id))

    def _thrown_away(self, number: int, image_id: str) -> None:
        more = {} if number % _QUARANTINED else {
            'metadata_' + plan_mark.KEY: plan_mark.Mark(
                _PLAN, image_id, self._moved).to_text().encode()}
        self._set('rbd_header.' + image_id, {**self._header, **more})

    def _set(self, name: str, values: dict[str, bytes]) -> None:
        import rados
        for some in _batched(values.items()):
            with rados.WriteOpCtx() as operation:
                self._ioctx.set_omap(operation, tuple(dict(some)),
                                     tuple(dict(some).values()))
                self._ioctx.operate_write_op(operation, name)


def _batched(found: Any) -> Iterator[list[tuple[str, bytes]]]:
    left = iter(found)
    while some := list(itertools.islice(left, _BATCH)):
        yield some


def _name(image_id: str) -> str:
    return str(uuid.UUID(int=int(image_id, 16) << 64))


def _measure(conf: str) -> None:
    ceph_bindings.link()
    options = {'pool': _POOL, 'user': 'glance', 'conf_file': conf,
               'order': 23, 'timeout': -1}
    there = quarantine.RbdQuarantine('fast', options)
    _took('all of the pool', there.entries)
    _took('what is in quarantine', there.kept)
    there.close()
    there = _Opening('fast', options)
    _took('what is in quarantine, if the trash were opened', there.kept)
    there.close()


class _Opening(quarantine.RbdQuarantine):
    """As if no header were as we know it."""

    def _by_header(self, namespace: str, image_id: str) -> None:
        return None


def _took(what: str, listed: Callable[[], Iterator[Any]]) -> None:
    began, before = time.monotonic(), _cpu()
    count = sum(1 for _one in listed())
    print(f'{what}: {count}, {time.monotonic() - began:.1f} s, '
          f'{_cpu() - before:.1f} s of CPU, '
          f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB',
          flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == '__main__':
    sys.exit(main())
