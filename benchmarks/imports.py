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

"""One import, measured from its request to the active image."""

import dataclasses
import os
import pathlib
import re
import time

from benchmarks import compare
from benchmarks import disk
from benchmarks import images
from benchmarks import procs
from benchmarks import signed
from benchmarks import variants
from benchmarks import watch
from benchmarks import yardstick
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance

#: Seconds that any import may take.
TIMEOUT = 3600.0

# The plugin's line in the log of glance-api, see plugin/tasks/transfer.py.
_LOGGED = r'Image %s: .* ([\d.]+) s, ([\d.]+) CPU seconds, (\d+) MiB'


@dataclasses.dataclass(frozen=True)
class Result:
    """What one import took; sizes in bytes, times in seconds.

    :ivar wall: import request to status active
    :ivar ended: import request to the end of the task
    :ivar cpu: of glance-api and all it started, until the end of the task
    :ivar child_cpu: of that, the transfer's process; None for stock
    :ivar child_peak: memory of the largest process that glance-api started
    :ivar worker_growth: glance-api's own peak above where it began
    :ivar staging_extra: peak allocated in staging, without the staged file
    :ivar staged: allocated for the staged file
    :ivar read: read, page cache or not
    :ivar written: caused to be written, by the kernel's account
    :ivar stored: allocated in the stores, all together
    :ivar mapped: of that in the fullest store, the image's bytes alone
    :ivar wrong: what is not as it should be; empty if all is well
    """

    size: str
    kind: str
    stores: int
    variant: str
    wall: float
    ended: float
    cpu: float
    child_cpu: float | None
    child_peak: int
    worker_growth: int
    staging_extra: int
    staged: int
    read: int
    written: int
    stored: int
    mapped: int
    wrong: str


class Bench:
    """A running glance-api of one variant, and what is measured with it."""

    def __init__(self, variant: variants.Variant, api: glance.GlanceApi,
                 keys: signed.Keys | None) -> None:
        """:param keys: the images are signed with"""
        self.variant = variant
        self._keys = keys
        self._api = api
        self._user = api.user()
        self._worker, = api.workers()

    def warm_up(self, image: images.BenchImage) -> None:
        """Import once: a process's first import loads code."""
        image_id = self._staged(image)
        self._import(image_id, 1)
        self._user.delete(image_id)

    def measure(self, image: images.BenchImage, stores: int,
                expected: yardstick.Digests) -> Result:
        """Import, measure, look whether it is right, delete.

        :param expected: digests of the decoded image
        :raises ImportFailed: the image did not become active
        """
        image_id = self._staged(image)
        try:
            return self._measured(image_id, image, stores, expected)
        finally:
            self._user.delete(image_id)
            # Discarding gigabytes must not be the next one's burden.
            os.sync()

    def _measured(self, image_id: str, image: images.BenchImage,
                  stores: int, expected: yardstick.Digests) -> Result:
        places = [self._api.staging, self._api.base / 'tasks']
        # The staged file's dirty pages count for nobody.
        os.sync()
        staged = disk.allocated(*places)
        procs.reset_peak(self._worker)
        before = procs.usage(self._worker)
        with procs.Sampler(self._worker, places,
                           0.01 if image.virtual_size < images.GIB
                           else 0.05) as sampler:
            wall, ended = self._import(image_id, stores)
        after = procs.usage(self._worker)
        record = self._user.get(image_id)
        os.sync()
        stored = disk.allocated(
            *(self._api.store_dir(name) for name in self._api.stores))
        child_cpu, logged_peak = self._logged(image_id)
        return Result(
            size=image.size, kind=image.kind, stores=stores,
            variant=self.variant.name, wall=wall, ended=ended,
            cpu=after.cpu - before.cpu, child_cpu=child_cpu,
            child_peak=max(sampler.children_peak, logged_peak),
            worker_growth=after.peak - before.resident,
            staging_extra=max(0, sampler.allocated_peak - staged),
            staged=staged, read=after.read - before.read,
            written=after.written - before.written,
            stored=stored,
            mapped=max(disk.mapped(path)
                       for path in self._copies(image_id, stores)),
            wrong=self._wrong(record, image, stores, expected))

    def _staged(self, image: images.BenchImage) -> str:
        created = self._user.create_image(
            disk_format=image.disk_format,
            **(self._keys.properties(image.path) if self._keys else {}))
        self._user.stage(created['id'], image.path)
        return str(created['id'])

    def _import(self, image_id: str, stores: int) -> tuple[float, float]:
        follow = watch.Watch(
            self._api.base / 'glance.sqlite', image_id, TIMEOUT)
        start = time.monotonic()
        self._user.import_image(
            image_id, stores=list(self._api.stores)[:stores])
        follow.until_active()
        wall = time.monotonic() - start
        follow.until_ended()
        ended = time.monotonic() - start
        follow.close()
        return wall, ended

    def _logged(self, image_id: str) -> tuple[float | None, int]:
        if not self.variant.ours:
            return None, 0
        found = re.search(_LOGGED % image_id, self._api.log_text())
        if found is None:
            raise watch.ImportFailed(
                f'image {image_id} was not imported by the plugin')
        return float(found[2]), int(found[3]) * images.MIB

    def _copies(self, image_id: str, stores: int) -> list[pathlib.Path]:
        return [self._api.stored_copy(image_id, name)
                for name in list(self._api.stores)[:stores]]

    def _wrong(self, record: client.Image, image: images.BenchImage,
               stores: int, expected: yardstick.Digests) -> str:
        """What is not as it should be, in words."""
        algorithm, checksum = self.variant.digests
        digests = expected.hexdigest
        wanted = {
            'disk_format': 'raw', 'size': image.virtual_size,
            'os_hash_algo': algorithm, 'os_hash_value': digests[algorithm],
            'checksum': digests[checksum] if checksum else None,
            'stores': ','.join(list(self._api.stores)[:stores])}
        found = {**record, 'stores': ','.join(
            sorted(str(record.get('stores')).split(',')))}
        wrong = [f'{name} is {found.get(name)}, not {value}'
                 for name, value in wanted.items()
                 if found.get(name) != value]
        if self.variant.ours:
            wrong += [
                f'the copy in {path.parent.name} differs'
                for path in self._copies(record['id'], stores)
                if not compare.same(image.raw, path)]
        return '; '.join(wrong)
