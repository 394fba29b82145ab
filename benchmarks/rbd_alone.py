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
"""One sparse raw image into one pool, without Glance: by whom, how fast.

``python -m benchmarks.rbd_alone WAY CONF SOURCE`` is one of the writers, in a
process of its own, whose CPU time and memory are then known.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks import images
from benchmarks import procs
from benchmarks import rbd_pool
from glance_lifecycle.tests.functional.fixtures import ceph

IMAGE = '6ef0a2a3-43c5-4fd5-9b57-8b2b3ec5b3b7'
_POOL = 'images'

# Seconds between two looks at a process that measures nothing itself.
_INTERVAL = 0.02

#: way -> what it is
WAYS = {
    'digests': 'md5 and sha512 by our engine, nothing stored',
    'sha512': 'sha512 by our engine, nothing stored',
    'import': 'rbd import, no digests',
    'sink': 'our sink, no digests',
    'pass': 'our sink, md5 and sha512: what an import does',
    'pass sha512': 'our sink, sha512: an import with checksum = none',
    'thin': 'stock driver, rbd_thin_provisioning, md5 and sha512',
    'stock': 'stock driver as it comes, md5 and sha512',
}

NOTHING_STORED = ('digests', 'sha512')

# Of those that our engine does.
_DIGESTS = {
    'digests': ['md5', 'sha512'], 'sha512': ['sha512'], 'sink': [],
    'pass': ['md5', 'sha512'], 'pass sha512': ['sha512']}


@dataclasses.dataclass(frozen=True)
class Result:
    """What one way took; sizes in bytes, times in seconds.

    :ivar name: of WAYS
    :ivar wall: without the start of Python and its imports
    :ivar cpu: of the writer, likewise
    :ivar osd_cpu: of the OSD, until all is settled
    :ivar peak: most memory of the writer
    :ivar allocated: of the OSD's device
    :ivar wrong: what is not as it should be; empty if all is well
    """

    size: str
    name: str
    wall: float
    cpu: float
    osd_cpu: float
    peak: int
    allocated: int
    wrong: str


def measure(cluster: ceph.Ceph, way: str,
            image: images.BenchImage) -> Result:
    """Write it, measure, look whether it is right, remove it.

    :raises RuntimeError: it was not written
    """
    rbd_pool.cache(image.raw)
    before = rbd_pool.settled(cluster)
    osd = procs.usage(cluster.osd.pid).cpu
    wall, cpu, peak = _run(cluster, way, image.raw)
    allocated = rbd_pool.settled(cluster) - before
    osd_cpu = procs.usage(cluster.osd.pid).cpu - osd
    wrong = '' if way in NOTHING_STORED else rbd_pool.difference(
        cluster, _POOL, IMAGE, image.raw)
    cluster.empty(_POOL)
    return Result(image.size, way, wall, cpu, osd_cpu, peak, allocated,
                  wrong)


def _run(cluster: ceph.Ceph, way: str,
         source: pathlib.Path) -> tuple[float, float, int]:
    if way == 'import':
        return _watched(cluster, [
            '/usr/bin/rbd', '-n', 'client.glance', 'import', '--no-progress',
            '--object-size', '8M', str(source), f'{_POOL}/{IMAGE}'])
    done = subprocess.run(
        [sys.executable, '-m', 'benchmarks.rbd_alone', way,
         str(cluster.conf), str(source)], text=True, capture_output=True,
        env={**cluster.environ(), 'PYTHONPATH': os.getcwd()}, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{way}: {done.stderr[-2000:]}')
    found = json.loads(done.stdout)
    return found['wall'], found['cpu'], found['peak']


def _watched(cluster: ceph.Ceph,
             argv: list[str]) -> tuple[float, float, int]:
    started = time.monotonic()
    with subprocess.Popen(argv, env=cluster.environ(),
                          stderr=subprocess.PIPE, text=True) as process:
        used = procs.usage(process.pid)
        # A zombie has no memory any more, and says so.
        while process.poll() is None:
            try:
                used = procs.usage(process.pid)
            except (KeyError, ProcessLookupError):
                break
            time.sleep(_INTERVAL)
        _, said = process.communicate()
        wall = time.monotonic() - started
    if process.returncode != 0:
        raise RuntimeError(f'{" ".join(argv)}: {said}')
    return wall, used.cpu, used.peak


# In the process of its own.

def main() -> None:
    way, conf, source = sys.argv[1:]
    write = (_ours if way in _DIGESTS else _stock)(way, conf, source)
    # The kernel's mark, which imports of modules may have set, not the work.
    procs.reset_peak(os.getpid())
    before, started = procs.usage(os.getpid()), time.monotonic()
    write()
    wall, after = time.monotonic() - started, procs.usage(os.getpid())
    print(json.dumps({'wall': wall, 'cpu': after.cpu - before.cpu,
                      'peak': after.peak}), flush=True)
    os._exit(0)


def _ours(way: str, conf: str, source: str) -> Any:
    from glance_lifecycle.transfer.backends.null import sink as null_sink
    from glance_lifecycle.transfer.backends.rbd import sink as rbd_sink
    from glance_lifecycle.transfer import engine
    from glance_lifecycle.transfer.formats import raw
    from glance_lifecycle.transfer import opening
    from glance_lifecycle.transfer import sink as sinks
    sink: sinks.Sink = rbd_sink.RbdSink('fast', IMAGE, {
        'pool': _POOL, 'user': 'glance', 'conf_file': conf, 'order': 23,
        'timeout': -1})
    if way in NOTHING_STORED:
        sink = null_sink.NullSink('fast', IMAGE, {})
    opened = raw.RawSource(opening.open_image(source))
    return engine.Engine(opened, [sink], _DIGESTS[way]).run


def _stock(way: str, conf: str, source: str) -> Any:
    from glance_store._drivers import rbd as driver
    from oslo_config import cfg
    config = cfg.ConfigOpts()
    config.register_opt(cfg.DictOpt('enabled_backends'))
    with tempfile.NamedTemporaryFile('w') as stream:
        stream.write(
            '[DEFAULT]\nenabled_backends = one:rbd\n[one]\n'
            f'rbd_store_pool = {_POOL}\nrbd_store_ceph_conf = {conf}\n'
            'rbd_store_user = glance\n'
            f'rbd_thin_provisioning = {way == "thin"}\n')
        stream.flush()
        config([], default_config_files=[stream.name],
               default_config_dirs=[])
    store: Any = driver.Store(config, 'one')
    store.configure(re_raise_bsc=True)

    def write() -> None:
        with open(source, 'rb') as image:
            store.add(IMAGE, image, os.path.getsize(source), 'sha512')
    return write


if __name__ == '__main__':
    main()
