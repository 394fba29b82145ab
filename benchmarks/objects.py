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

"""``python -m benchmarks.objects``: writing one image into S3 and Swift.

Our sink, the stock driver behind our adapter, and the stock driver by
itself, each with md5 and a second hash as an import has them, into throw-away
services on loopback (tests/functional/fixtures). Packages: as for
functional-stores.
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
from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.fixtures import transfer

IMAGE = '6ef0a2a3-43c5-4fd5-9b57-8b2b3ec5b3b7'

#: way -> what it is
WAYS = {
    'sink': 'our sink',
    'adapter': 'the stock driver behind our adapter',
    'stock': 'the stock driver as Glance calls it',
}

#: service -> what it is
SERVICES = {
    's3': 'S3 of radosgw',
    's3api': 'S3 of Swift',
    'swift': 'Swift',
}


def main() -> int:
    args = _arguments()
    if args.one:
        _one(args.one, args.driver, args.conf, args.source)
        return 0
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    source = images.prepare(work / 'images', args.size, 'raw').path
    with tempfile.TemporaryDirectory(prefix='run-', dir=work) as scratch:
        tempfile.tempdir = scratch
        for name in args.services:
            kind = radosgw.RadosGw if name == 's3' else swift.Swift
            with kind() as service:
                conf = pathlib.Path(scratch, f'{name}.conf')
                conf.write_text(_conf(name, service))
                for _ in range(args.repeat):
                    for way in args.ways:
                        _print(name, way, _measure(
                            name, way, conf, source, service, args.pause))
    return 0


def _conf(name: str, service: Any) -> str:
    if name == 'swift':
        return ('[DEFAULT]\nenabled_backends = one:swift\n[one]\n'
                f'swift_store_auth_address = {service.identity.url}\n'
                'swift_store_user = glance:swift\n'
                'swift_store_key = swiftsecret\n'
                'swift_store_create_container_on_put = true\n')
    return ('[DEFAULT]\nenabled_backends = one:s3\n[one]\n'
            f's3_store_host = {service.s3_url}\n'
            f's3_store_access_key = {service.access_key}\n'
            f's3_store_secret_key = {service.secret_key}\n'
            's3_store_bucket = glance\n'
            's3_store_bucket_url_format = path\n'
            's3_store_create_bucket_on_put = true\n')


def _measure(name: str, way: str, conf: pathlib.Path, source: pathlib.Path,
             service: Any, pause: float) -> dict[str, Any]:
    driver = 'swift' if name == 'swift' else 's3'
    argv = [sys.executable, '-m', 'benchmarks.objects', '--driver', driver,
            '--conf', str(conf), '--source', str(source), '--one', way]
    started = time.monotonic()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    served = _cpu(service.pid)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL) as child:
        if pause:
            time.sleep(3)
            with transfer.frozen(service.pid):
                time.sleep(pause)
        assert child.stdout is not None
        output = child.stdout.read()
    wall = time.monotonic() - started
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        'wall': wall, 'cpu': now.ru_utime + now.ru_stime - used.ru_utime
        - used.ru_stime, 'served': _cpu(service.pid) - served,
        'code': child.returncode}
    if output.strip():
        result |= json.loads(output.splitlines()[-1])
    subprocess.run([*argv[:-1], 'undo'], check=True, capture_output=True)
    return result


def _cpu(pid: int) -> float:
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2]
    used = fields.split()[11:13]
    return sum(map(int, used)) / os.sysconf('SC_CLK_TCK')


def _print(name: str, way: str, result: dict[str, Any]) -> None:
    print('%-6s %-8s %6.1f s wall %6.1f s CPU %6.1f s of the service %6.0f '
          'MiB peak  %s' % (
              name, way, result['wall'], result['cpu'], result['served'],
              result.get('peak', 0) / images.MIB,
              result.get('error') or WAYS[way]), flush=True)


# In a process of its own, whose CPU time and memory are then known.

def _one(way: str, driver: str, conf: str, source: str) -> None:
    from glance_lifecycle.transfer import work
    error = ''
    try:
        {'sink': _sink, 'adapter': _sink, 'stock': _stock, 'undo': _undo}[
            way](way, driver, conf, source)
    except Exception as caught:
        error = '%s: %s' % (type(caught).__name__, caught)
    print(json.dumps({'peak': work.peak_memory(), 'error': error[:200]}))
    sys.stdout.flush()
    os._exit(bool(error))


def _load(conf: str, config: Any) -> Any:
    from oslo_config import cfg
    config.register_opt(cfg.DictOpt('enabled_backends'))
    config.register_opt(cfg.StrOpt('default_backend'), group='glance_store')
    config([], project='glance', default_config_files=[conf],
           default_config_dirs=[])
    return config


def _class_of(way: str, driver: str) -> Any:
    from glance_lifecycle.transfer import job
    name, kind = {'s3': ('s3', 'S3Sink'),
                  'swift': ('swift', 'SwiftSink')}[driver]
    if way == 'adapter':
        name, kind = 'driver', 'DriverSink'
    return job.load(f'glance_lifecycle.transfer.sink.{name}:{kind}')


def _sink(way: str, driver: str, conf: str, source: str) -> None:
    from oslo_config import cfg

    from glance_lifecycle.transfer import engine
    from glance_lifecycle.transfer.source import raw
    from glance_lifecycle.transfer import work
    kind = _class_of(way, driver)
    options = kind.describe(_load(conf, cfg.CONF), 'one')
    engine.Engine(raw.RawSource(work.open_image(source)),
                  [kind('one', IMAGE, options)], ['md5', 'sha512']).run()


def _undo(way: str, driver: str, conf: str, _source: str) -> None:
    from oslo_config import cfg
    kind = _class_of(way, driver)
    kind.undo('one', IMAGE, kind.describe(_load(conf, cfg.CONF), 'one'))


def _stock(_way: str, driver: str, conf: str, source: str) -> None:
    from oslo_config import cfg

    from glance_lifecycle.transfer.sink import driver_store
    store = driver_store.build('one', driver_store.describe(
        _load(conf, cfg.CONF), 'one'))
    with open(source, 'rb') as image:
        store.add(IMAGE, image, os.path.getsize(source), 'sha512')


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.objects', description=__doc__)
    parser.add_argument('--size', choices=images.SIZES, default='1g')
    parser.add_argument('--repeat', type=int, default=1)
    parser.add_argument('--pause', type=float, default=0,
                        help='stop the service for so many seconds')
    for name, known in (('--ways', WAYS), ('--services', SERVICES)):
        parser.add_argument(name, type=lambda text: text.split(','),
                            default=list(known))
    parser.add_argument(
        '--work', type=pathlib.Path,
        default=pathlib.Path(os.environ.get('BENCH_WORK', '.bench')))
    for name in ('--one', '--driver', '--conf', '--source'):
        parser.add_argument(name, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
