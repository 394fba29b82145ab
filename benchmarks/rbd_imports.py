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
"""Imports of one qcow2 through Glance, into two pools of one cluster."""

import dataclasses
import os
import time
from typing import Any

import fixtures

from benchmarks import images
from benchmarks import imports
from benchmarks import procs
from benchmarks import rbd_pool
from benchmarks import watch
from benchmarks import yardstick
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance

#: store -> its pool
STORES = {'fast': 'images', 'slow': 'images2'}


@dataclasses.dataclass(frozen=True)
class Variant:
    """One configuration of glance-api.

    :ivar store_conf: further options of each store
    """

    name: str
    plugin: str
    store_conf: dict[str, object] = dataclasses.field(default_factory=dict)

    def api(self, cluster: ceph.Ceph) -> glance.GlanceApi:
        """A fixture, not started yet."""
        conf: dict[str, dict[str, object]] = {
            store: {'rbd_store_pool': pool, 'rbd_store_user': 'glance',
                    'rbd_store_ceph_conf': cluster.conf, **self.store_conf}
            for store, pool in STORES.items()}
        return glance.GlanceApi(
            plugins=[self.plugin], stores=dict.fromkeys(STORES, 'rbd'),
            conf={'DEFAULT': {'debug': False}, **conf})


STOCK = Variant('stock', 'image_conversion')
THIN = Variant('stock thin', 'image_conversion',
               {'rbd_thin_provisioning': True})
OURS = Variant('ours', 'lifecycle')

ALL = (STOCK, THIN, OURS)


@dataclasses.dataclass(frozen=True)
class Result:
    """What one import took; sizes in bytes, times in seconds.

    :ivar name: of the variant
    :ivar wall: import request to status active
    :ivar cpu: of glance-api and all it started, until the end of the task
    :ivar osd_cpu: of the OSD, until all is settled
    :ivar peak: memory of the largest process that glance-api started
    :ivar worker_growth: glance-api's own peak above where it began
    :ivar allocated: of the OSD's device, for both pools
    :ivar wrong: what is not as it should be; empty if all is well
    """

    size: str
    name: str
    wall: float
    cpu: float
    osd_cpu: float
    peak: int
    worker_growth: int
    allocated: int
    wrong: str


class Bench(fixtures.Fixture):
    """A running glance-api of one variant, which has imported once."""

    def __init__(self, variant: Variant, cluster: ceph.Ceph,
                 warm: images.BenchImage) -> None:
        super().__init__()
        self.variant = variant
        self._cluster = cluster
        self._warm = warm

    def _setUp(self) -> None:
        self._api = self.useFixture(self.variant.api(self._cluster))
        self._user = self._api.user()
        self._worker, = self._api.workers()
        # A process's first import loads code.
        image_id = self._staged(self._warm)
        self._import(image_id)
        self._user.delete(image_id)

    def measure(self, image: images.BenchImage,
                expected: yardstick.Digests) -> Result:
        """Import, measure, look whether it is right, delete.

        :param expected: digests of the decoded image
        :raises ImportFailed: the image did not become active
        """
        image_id = self._staged(image)
        try:
            return self._measured(image_id, image, expected)
        finally:
            self._user.delete(image_id)
            for pool in STORES.values():
                self._cluster.empty(pool)

    def _measured(self, image_id: str, image: images.BenchImage,
                  expected: yardstick.Digests) -> Result:
        # The staged file's dirty pages count for nobody.
        os.sync()
        allocated = rbd_pool.settled(self._cluster)
        procs.reset_peak(self._worker)
        before = procs.usage(self._worker)
        osd = procs.usage(self._cluster.osd.pid).cpu
        with procs.Sampler(self._worker, []) as sampler:
            wall = self._import(image_id)
        after = procs.usage(self._worker)
        return Result(
            size=image.size, name=self.variant.name, wall=wall,
            cpu=after.cpu - before.cpu,
            allocated=rbd_pool.settled(self._cluster) - allocated,
            osd_cpu=procs.usage(self._cluster.osd.pid).cpu - osd,
            peak=sampler.children_peak,
            worker_growth=after.peak - before.resident,
            wrong='; '.join(self._wrong(image_id, image, expected)))

    def _staged(self, image: images.BenchImage) -> str:
        created = self._user.create_image(disk_format=image.disk_format)
        self._user.stage(created['id'], image.path)
        return str(created['id'])

    def _import(self, image_id: str) -> float:
        follow = watch.Watch(self._api.base / 'glance.sqlite', image_id,
                             imports.TIMEOUT)
        start = time.monotonic()
        self._user.import_image(image_id, stores=list(STORES))
        follow.until_active()
        wall = time.monotonic() - start
        follow.until_ended()
        follow.close()
        return wall

    def _wrong(self, image_id: str, image: images.BenchImage,
               expected: yardstick.Digests) -> list[str]:
        """What is not as it should be, in words."""
        record: dict[str, Any] = self._user.get(image_id)
        wanted = {
            'disk_format': 'raw', 'size': image.virtual_size,
            'os_hash_value': expected.hexdigest['sha512'],
            'checksum': expected.hexdigest['md5']}
        found = {**record, 'stores': sorted(
            str(record.get('stores')).split(','))}
        wrong = [f'{name} is {found.get(name)}, not {value}'
                 for name, value in {**wanted,
                                     'stores': sorted(STORES)}.items()
                 if found.get(name) != value]
        return wrong + [text for pool in STORES.values()
                        if (text := rbd_pool.difference(
                            self._cluster, pool, image_id, image.raw))]
