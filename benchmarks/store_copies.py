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
"""Copies of a stored image from one pool to another of the same cluster.

By our command, as an operator runs it, whole; and by Glance's copy-image,
from its request until the image is said to be in the other store.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import json
import os
import time

import fixtures

from benchmarks import images
from benchmarks import imports
from benchmarks import procs
from benchmarks import rbd_imports
from benchmarks import rbd_pool
from benchmarks import watch
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack

_SOURCE, _TARGET = rbd_imports.STORES

# The same pool as the target's, by the stock driver with other options.
_THIN = 'thin'

#: way -> what it is
WAYS = {
    'copy-image': "Glance's copy-image, stock driver as it comes",
    'copy-image thin': 'the same with rbd_thin_provisioning',
    'copy': 'store copy: one pass, verified',
    'trust': 'store copy --trust: by librbd, not verified',
}


@dataclasses.dataclass(frozen=True)
class Result:
    """What one copy took; sizes in bytes, times in seconds.

    :ivar name: of WAYS
    :ivar wall: of ours, the whole command with the start of Python
    :ivar seconds: of ours, the copy itself, as the command reports it
    :ivar cpu: of the command, or of glance-api
    :ivar osd_cpu: of the OSD, until all is settled
    :ivar peak: of the largest process that the command started, 0 where it
        starts none; or what glance-api's own memory grew by
    :ivar allocated: of the OSD's device
    :ivar wrong: what is not as it should be; empty if all is well
    """

    size: str
    name: str
    wall: float
    seconds: float | None
    cpu: float
    osd_cpu: float
    peak: int
    allocated: int
    wrong: str


@dataclasses.dataclass(frozen=True)
class _Taken:
    wall: float
    cpu: float
    peak: int
    seconds: float | None = None


class Bench(fixtures.Fixture):
    """A glance-api without plugins, and an image that ours has imported.

    The first pool holds the image's data and no more, for everybody.
    """

    def __init__(self, cluster: ceph.Ceph, image: images.BenchImage) -> None:
        super().__init__()
        self._cluster = cluster
        self._image = image

    def _setUp(self) -> None:
        pool = {'rbd_store_user': 'glance',
                'rbd_store_ceph_conf': self._cluster.conf}
        pools = {**rbd_imports.STORES, _THIN: rbd_imports.STORES[_TARGET]}
        self._api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], stores=dict.fromkeys(pools, 'rbd'),
            conf={'DEFAULT': {'debug': False}, **{
                store: {**pool, 'rbd_store_pool': name,
                        'rbd_thin_provisioning': store == _THIN}
                for store, name in pools.items()}}))
        self._admin = self._api.admin()
        self._id = str(self._admin.create_image(
            disk_format=self._image.disk_format)['id'])
        self.addCleanup(self._cluster.empty, pools[_SOURCE])
        self._admin.stage(self._id, self._image.path)
        self._admin.import_image(self._id, stores=[_SOURCE])
        with self._followed() as follow:
            follow.until_active()
            follow.until_ended()
        self._api.stop()
        self._api.plugins = []
        self._api.configure()
        self._api.start()
        self._worker, = self._api.workers()

    def measure(self, way: str) -> Result:
        """Copy, measure, look whether it is right, remove the copy.

        :raises ImportFailed: it was not copied
        """
        store = _THIN if way == 'copy-image thin' else _TARGET
        pool = rbd_imports.STORES[_TARGET]
        before = rbd_pool.settled(self._cluster)
        osd = procs.usage(self._cluster.osd.pid).cpu
        if way.startswith('copy-image'):
            taken = self._by_glance(store)
        else:
            taken = self._by_us(store, ['--trust'] if way == 'trust' else [])
        allocated = rbd_pool.settled(self._cluster) - before
        osd_cpu = procs.usage(self._cluster.osd.pid).cpu - osd
        wrong = rbd_pool.difference(self._cluster, pool, self._id,
                                    self._image.raw)
        self._admin.request('DELETE', f'stores/{store}/{self._id}',
                            timeout=imports.TIMEOUT)
        self._cluster.empty(pool)
        return Result(
            size=self._image.size, name=way, osd_cpu=osd_cpu,
            allocated=allocated, wrong=wrong, **vars(taken))

    def _by_glance(self, store: str) -> _Taken:
        procs.reset_peak(self._worker)
        before, started = procs.usage(self._worker), time.monotonic()
        self._admin.import_image(self._id, 'copy-image', stores=[store])
        with self._followed() as follow:
            follow.until_in(store)
            wall = time.monotonic() - started
            follow.until_ended()
        after = procs.usage(self._worker)
        return _Taken(wall, after.cpu - before.cpu,
                      after.peak - before.resident)

    def _by_us(self, store: str, options: list[str]) -> _Taken:
        operator = openstack.OpenStack(self._api, 'admin', 'admin', 'admin')
        before, started = os.times(), time.monotonic()
        with operator.popen(
                'image', 'lifecycle', 'store', 'copy', self._id, '--to',
                store, *options, '-f', 'json', '--config-file',
                str(self._api.etc / 'glance-api.conf')) as process, \
                procs.Sampler(process.pid, []) as sampler:
            out, said = process.communicate(timeout=imports.TIMEOUT)
            wall = time.monotonic() - started
        if process.returncode != 0:
            raise watch.ImportFailed(f'store copy: {said[-2000:]}')
        after = os.times()
        row, = json.loads(out)
        return _Taken(
            wall, after.children_user + after.children_system
            - before.children_user - before.children_system,
            sampler.children_peak, float(row['Seconds']))

    @contextlib.contextmanager
    def _followed(self) -> Iterator[watch.Watch]:
        follow = watch.Watch(self._api.base / 'glance.sqlite', self._id,
                             imports.TIMEOUT)
        with contextlib.closing(follow):
            yield follow
