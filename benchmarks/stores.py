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

"""``python -m benchmarks.stores``: one sparse image into a pool, three ways.

Our sink, the stock driver, and ``rbd import`` of the same file, one after the
other into the same throw-away cluster (tests/functional/fixtures/ceph.py).
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks import images
from glance_lifecycle.tests.functional.fixtures import ceph

IMAGE = '6ef0a2a3-43c5-4fd5-9b57-8b2b3ec5b3b7'

#: way -> what it is
WAYS = {
    'digests': 'md5 and sha512 alone, nothing stored',
    'import': 'rbd import',
    'sink': 'our sink, no digests',
    'pass': 'our sink with md5 and sha512: what an import does',
    'thin': 'stock driver, rbd_thin_provisioning, md5 and sha512',
    'stock': 'stock driver as it is by default, md5 and sha512',
}


def main() -> int:
    args = _arguments()
    if args.one:
        _one(args.one, args.conf, args.source)
        return 0
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    source = images.prepare(work / 'images', args.size, 'raw').path
    with tempfile.TemporaryDirectory(prefix='run-', dir=work) as scratch:
        tempfile.tempdir = scratch
        with ceph.Ceph(osd_bytes=2 * source.stat().st_size + (
                4 << 30)) as cluster:
            for _ in range(args.repeat):
                for way in args.ways:
                    _print(way, _measure(cluster, way, source))
    return 0


def _measure(cluster: ceph.Ceph, way: str,
             source: pathlib.Path) -> dict[str, float]:
    before = _settled(cluster)
    argv = [sys.executable, '-m', 'benchmarks.stores', '--one', way,
            '--conf', str(cluster.conf), '--source', str(source)]
    if way == 'import':
        argv = ['/usr/bin/rbd', '-n', 'client.glance', 'import',
                '--no-progress', '--object-size', '8M', str(source),
                f'images/{IMAGE}']
    else:
        # Started and imported once, for nothing.
        subprocess.run([*argv[:4], 'nothing', *argv[5:]], check=True)
    started, used = time.monotonic(), resource.getrusage(
        resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        argv, check=True, text=True, capture_output=True,
        env={**cluster.environ(), 'PYTHONPATH': os.getcwd()})
    wall = time.monotonic() - started
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        'wall': wall, 'cpu': now.ru_utime + now.ru_stime - used.ru_utime
        - used.ru_stime, 'allocated': _settled(cluster) - before}
    if done.stdout.strip():
        result |= json.loads(done.stdout)
    for image in cluster.images('images'):
        if cluster.rbd('snap', 'ls', f'images/{image}'):
            cluster.rbd('snap', 'unprotect', f'images/{image}@snap')
            cluster.rbd('snap', 'purge', '--no-progress', f'images/{image}')
        cluster.rbd('rm', '--no-progress', f'images/{image}')
    return result


def _settled(cluster: ceph.Ceph) -> int:
    """Bytes allocated, once the OSD has done with what came before."""
    last = -1
    while (now := cluster.allocated()) != last:
        last = now
        time.sleep(2)
    return now


def _print(way: str, result: dict[str, float]) -> None:
    print('%-8s %6.1f s wall %6.1f s CPU %6.0f MiB peak %7.0f MiB allocated'
          '  %s' % (way, result['wall'], result['cpu'],
                    result.get('peak', 0) / images.MIB,
                    result['allocated'] / images.MIB, WAYS[way]), flush=True)


# In a process of its own, whose CPU time and memory are then known.

def _one(way: str, conf: str, source: str) -> None:
    from glance_lifecycle.transfer import work
    if way in ('thin', 'stock'):
        _stock(way, conf, source)
    elif way in ('sink', 'pass', 'digests'):
        _ours(way, conf, source)
    print(json.dumps({'peak': work.peak_memory()}))
    sys.stdout.flush()
    os._exit(0)


def _ours(way: str, conf: str, source: str) -> None:
    from glance_lifecycle.transfer import engine
    from glance_lifecycle.transfer.sink import base
    from glance_lifecycle.transfer.sink import null
    from glance_lifecycle.transfer.sink import rbd
    from glance_lifecycle.transfer.source import raw
    from glance_lifecycle.transfer import work
    sink: base.Sink = rbd.RbdSink('fast', IMAGE, {
        'pool': 'images', 'user': 'glance', 'conf_file': conf, 'order': 23,
        'timeout': 60})
    if way == 'digests':
        sink = null.NullSink('fast', IMAGE, {})
    opened = raw.RawSource(work.open_image(source))
    engine.Engine(opened, [sink],
                  [] if way == 'sink' else ['md5', 'sha512']).run()


def _stock(way: str, conf: str, source: str) -> None:
    from glance_store._drivers import rbd as driver
    from oslo_config import cfg
    config = cfg.ConfigOpts()
    config.register_opt(cfg.DictOpt('enabled_backends'))
    with tempfile.NamedTemporaryFile('w') as stream:
        stream.write(
            '[DEFAULT]\nenabled_backends = one:rbd\n[one]\n'
            f'rbd_store_ceph_conf = {conf}\nrbd_store_user = glance\n'
            f'rbd_thin_provisioning = {way == "thin"}\n')
        stream.flush()
        config([], default_config_files=[stream.name])
        store: Any = driver.Store(config, 'one')
        store.configure(re_raise_bsc=True)
        with open(source, 'rb') as image:
            store.add(IMAGE, image, os.path.getsize(source), 'sha512')


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.stores', description=__doc__)
    parser.add_argument('--size', choices=images.SIZES, default='10g')
    parser.add_argument('--repeat', type=int, default=1)
    parser.add_argument('--ways', type=lambda text: text.split(','),
                        default=list(WAYS))
    parser.add_argument(
        '--work', type=pathlib.Path,
        default=pathlib.Path(os.environ.get('BENCH_WORK', '.bench')))
    for name in ('--one', '--conf', '--source'):
        parser.add_argument(name, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
