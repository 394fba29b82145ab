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

"""How long GET /v2/images takes while three imports run, on MariaDB."""

from collections.abc import Iterator
import contextlib
import dataclasses
import os
import threading
import time

from benchmarks import images
from benchmarks import imports
from benchmarks import variants
from benchmarks import watch
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import mariadb

#: Images that a listing shows (Glance's page size is 25).
LISTED = 25
#: Requests a second. At 20 two busy cores cannot keep up, with stock or us,
#: and what one measures is how long the queue has grown.
RATE = 5

IMPORTS = 3
#: A 99th percentile of fewer requests is an accident.
ENOUGH = 300
_MAX_ROUNDS = 20


@dataclasses.dataclass(frozen=True)
class Latency:
    """Response times of one variant, seconds.

    :ivar when: ``idle``, or ``imports``
    :ivar imports_wall: mean time until all three were active; 0 idle
    """

    variant: str
    when: str
    requests: int
    p50: float
    p99: float
    worst: float
    imports_wall: float


class Pinger:
    """Lists images at a fixed rate, whether or not answers come.

    A time counts from when the request was due, so that a stall counts for
    all the requests it held up.
    """

    def __init__(self, user: client.Client, rate: float = RATE) -> None:
        self._user = user
        self._rate = rate
        self.times: list[float] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            self._user.list_images(limit=str(LISTED))
            self.times.append(time.monotonic() - due)
            due += 1 / self._rate


def measure(chosen: list[variants.Variant], image: images.BenchImage,
            small: images.BenchImage) -> list[Latency]:
    """Latencies of each variant, first idle, then with imports running.

    One glance-api at a time, with as many processes as there are cores.

    :param small: imported before anything is measured

    :raises ImportFailed: an import failed
    """
    found = []
    with mariadb.MariaDb() as server:
        for variant in chosen:
            with variant.api(server.database(), os.cpu_count() or 1) as api:
                user = api.user()
                for number in range(LISTED):
                    user.create_image(f'listed {number}')
                import_three(user, small, None)
                found += _measured(variant, user, image)
    return found


def _measured(variant: variants.Variant, user: client.Client,
              image: images.BenchImage) -> list[Latency]:
    idle, busy = Pinger(user), Pinger(user)
    with idle.running():
        time.sleep(ENOUGH / RATE)
    walls: list[float] = []
    while len(busy.times) < ENOUGH and len(walls) < _MAX_ROUNDS:
        walls.append(import_three(user, image, busy))
    return [summary(variant.name, 'idle', idle.times, 0.0),
            summary(variant.name, 'imports', busy.times,
                    sum(walls) / len(walls))]


def import_three(user: client.Client, image: images.BenchImage,
                 pinger: Pinger | None) -> float:
    """Import three images at once; seconds until the last is active."""
    ids = [staged(user, image) for _ in range(IMPORTS)]
    os.sync()
    with pinger.running() if pinger else contextlib.nullcontext():
        start = time.monotonic()
        for image_id in ids:
            user.import_image(image_id, all_stores=True)
        for image_id in ids:
            until_active(user, image_id)
        wall = time.monotonic() - start
    for image_id in ids:
        user.wait_import(image_id)
        user.delete(image_id)
    os.sync()
    return wall


def staged(user: client.Client, image: images.BenchImage) -> str:
    created = user.create_image(disk_format=image.disk_format)
    user.stage(created['id'], image.path)
    return str(created['id'])


def until_active(user: client.Client, image_id: str) -> None:
    deadline = time.monotonic() + imports.TIMEOUT
    while (record := user.get(image_id))['status'] != 'active':
        ended = (record['status'] != 'importing'
                 and 'os_glance_import_task' not in record)
        if ended or time.monotonic() > deadline:
            raise watch.ImportFailed(f'{record}; {user.tasks(image_id)}')
        time.sleep(0.25)


def summary(variant: str, when: str, times: list[float], wall: float
            ) -> Latency:
    times = sorted(times)
    return Latency(variant, when, len(times), _quantile(times, 0.5),
                   _quantile(times, 0.99), times[-1], wall)


def _quantile(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]
