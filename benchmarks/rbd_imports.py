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
"""Imports of one qcow2 through Glance: into two pools of one cluster, and
into S3 besides.
"""

from collections.abc import Callable
import dataclasses
import os
import time
from typing import Any

import fixtures

from benchmarks import gateway
from benchmarks import images
from benchmarks import imports
from benchmarks import procs
from benchmarks import rbd_pool
from benchmarks import watch
from benchmarks import yardstick
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.fixtures import transfer

#: store -> its pool
STORES = {'fast': 'images', 'slow': 'images2'}
#: the store in S3
ARCHIVE = 'archive'

#: seconds that S3 stands still
PAUSE = 30

# rbd_store_chunk_size
_OBJECT = 8 * images.MIB


@dataclasses.dataclass(frozen=True)
class Variant:
    """One configuration of glance-api, and what it has to bear.

    :ivar store_conf: further options of each store in a pool
    :ivar s3: also into S3
    :ivar pause: seconds that S3 is stopped in mid-transfer
    """

    name: str
    plugin: str
    store_conf: dict[str, object] = dataclasses.field(default_factory=dict)
    s3: bool = False
    pause: float = 0

    @property
    def stores(self) -> list[str]:
        return [*STORES, *([ARCHIVE] if self.s3 else [])]

    def api(self, cluster: ceph.Ceph, archive: radosgw.RadosGw | None
            ) -> glance.GlanceApi:
        """A fixture, not started yet."""
        conf: dict[str, dict[str, object]] = {
            store: {'rbd_store_pool': pool, 'rbd_store_user': 'glance',
                    'rbd_store_ceph_conf': cluster.conf, **self.store_conf}
            for store, pool in STORES.items()}
        drivers = dict.fromkeys(STORES, 'rbd')
        if archive:
            drivers[ARCHIVE] = 's3'
            conf[ARCHIVE] = gateway.conf(archive)
        return glance.GlanceApi(
            plugins=[self.plugin], stores=drivers,
            conf={'DEFAULT': {'debug': False}, **conf})


STOCK = Variant('stock', 'image_conversion')
THIN = Variant('stock thin', 'image_conversion',
               {'rbd_thin_provisioning': True})
OURS = Variant('ours', 'lifecycle')
STOCK_S3 = Variant('stock s3', 'image_conversion', s3=True)
OURS_S3 = Variant('ours s3', 'lifecycle', s3=True)
STOPPED = Variant('ours s3 stopped', 'lifecycle', s3=True, pause=PAUSE)

ALL = (STOCK, THIN, OURS, STOCK_S3, OURS_S3, STOPPED)


@dataclasses.dataclass(frozen=True)
class Result:
    """What one import took; sizes in bytes, times in seconds.

    :ivar name: of the variant
    :ivar wall: import request to status active
    :ivar cpu: of glance-api and all it started, until the end of the task
    :ivar osd_cpu: of the OSD, until all is settled
    :ivar peak: memory of the largest process that glance-api started
    :ivar worker_growth: glance-api's own peak above where it began
    :ivar allocated: of the OSD's device, for all stores
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
    """A running glance-api of one variant, which has imported once.

    :param archive: for the variants with S3
    """

    def __init__(self, variant: Variant, cluster: ceph.Ceph,
                 warm: images.BenchImage,
                 archive: radosgw.RadosGw | None = None) -> None:
        super().__init__()
        self.variant = variant
        self._cluster = cluster
        self._archive = archive
        self._warm = warm

    def _setUp(self) -> None:
        self._api = self.useFixture(self.variant.api(
            self._cluster, self._archive))
        self._user = self._api.user()
        self._worker, = self._api.workers()
        # A process's first import loads code.
        image_id = self._staged(self._warm)
        self._import(image_id)
        self._delete(image_id)

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
            self._delete(image_id)

    def _delete(self, image_id: str) -> None:
        self._user.delete(image_id)
        for pool in STORES.values():
            self._cluster.empty(pool)
        if self._archive:
            gateway.collect_garbage(self._archive)

    def _measured(self, image_id: str, image: images.BenchImage,
                  expected: yardstick.Digests) -> Result:
        # The staged file's dirty pages count for nobody.
        os.sync()
        allocated = rbd_pool.settled(self._cluster)
        procs.reset_peak(self._worker)
        before = procs.usage(self._worker)
        osd = procs.usage(self._cluster.osd.pid).cpu
        with procs.Sampler(self._worker, []) as sampler:
            wall = self._import(
                image_id, lambda: self._disturb(image_id, image))
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

    def _import(self, image_id: str,
                meanwhile: Callable[[], None] | None = None) -> float:
        follow = watch.Watch(self._api.base / 'glance.sqlite', image_id,
                             imports.TIMEOUT)
        start = time.monotonic()
        self._user.import_image(image_id, stores=self.variant.stores)
        if meanwhile:
            meanwhile()
        follow.until_active()
        wall = time.monotonic() - start
        follow.until_ended()
        follow.close()
        return wall

    def _disturb(self, image_id: str, image: images.BenchImage) -> None:
        if not (self._archive and self.variant.pause):
            return
        enough = max(1, image.data // _OBJECT // 4)
        transfer.until('the pools have a quarter', lambda: all(
            sum(name.startswith('rbd_data')
                for name in self._cluster.objects(pool)) >= enough
            for pool in STORES.values()), imports.TIMEOUT, 0.1)
        with self._archive.stopped():
            time.sleep(self.variant.pause)
            if self._user.get(image_id)['status'] == 'active':
                raise RuntimeError('S3 was stopped after the transfer')

    def _wrong(self, image_id: str, image: images.BenchImage,
               expected: yardstick.Digests) -> list[str]:
        """What is not as it should be, in words."""
        record: dict[str, Any] = self._user.get(image_id)
        wanted: dict[str, object] = {
            'disk_format': 'raw', 'size': image.virtual_size,
            'os_hash_value': expected.hexdigest['sha512'],
            'checksum': expected.hexdigest['md5'],
            'stores': sorted(self.variant.stores)}
        found = {**record, 'stores': sorted(
            str(record.get('stores')).split(','))}
        wrong = [f'{name} is {found.get(name)}, not {value}'
                 for name, value in wanted.items()
                 if found.get(name) != value]
        copies = [rbd_pool.difference(self._cluster, pool, image_id,
                                      image.raw) for pool in STORES.values()]
        if self._archive:
            copies.append(gateway.difference(
                self._archive, image_id, image.raw))
        return wrong + [text for text in copies if text]
