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
"""``python -m benchmarks.object_writer WAY DRIVER CONF SOURCE``: one writer.

In a process of its own, whose CPU time and memory are then known. WAY is one
of benchmarks.objects.WAYS, or ``undo``.
"""

from collections.abc import Callable
import json
import os
import sys
import time
from typing import Any

from benchmarks import procs

IMAGE = '6ef0a2a3-43c5-4fd5-9b57-8b2b3ec5b3b7'

Write = Callable[[], object]


def main() -> None:
    way, driver, conf, source = sys.argv[1:]
    write = {'sink': _sink, 'adapter': _sink, 'stock': _stock,
             'undo': _undo}[way](way, driver, conf, source)
    # The kernel's mark, which imports of modules may have set, not the work.
    procs.reset_peak(os.getpid())
    before, started = procs.usage(os.getpid()), time.monotonic()
    error = ''
    try:
        write()
    except Exception as caught:
        error = f'{type(caught).__name__}: {caught}'[:200]
    wall, after = time.monotonic() - started, procs.usage(os.getpid())
    print(json.dumps({'wall': wall, 'cpu': after.cpu - before.cpu,
                      'peak': after.peak, 'wrong': error}), flush=True)
    # Threads of a writer that has failed may wait for long.
    os._exit(0)


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
    return job.load(f'glance_lifecycle.transfer.backends.{name}.sink:{kind}')


def _sink(way: str, driver: str, conf: str, source: str) -> Write:
    from oslo_config import cfg

    from glance_lifecycle.transfer import engine
    from glance_lifecycle.transfer.formats import raw
    from glance_lifecycle.transfer import opening
    kind = _class_of(way, driver)
    options = kind.describe(_load(conf, cfg.CONF), 'one')
    return engine.Engine(
        raw.RawSource(opening.open_image(source)),
        [kind('one', IMAGE, options)], ['md5', 'sha512']).run


def _undo(way: str, driver: str, conf: str, _source: str) -> Write:
    from oslo_config import cfg
    kind = _class_of(way, driver)
    options = kind.describe(_load(conf, cfg.CONF), 'one')
    return lambda: kind.undo('one', IMAGE, options)


def _stock(_way: str, driver: str, conf: str, source: str) -> Write:
    from oslo_config import cfg

    from glance_lifecycle.transfer.backends.driver import store as driver_store
    store = driver_store.build('one', driver_store.describe(
        _load(conf, cfg.CONF), 'one'))

    def write() -> None:
        with open(source, 'rb') as image:
            store.add(IMAGE, image, os.path.getsize(source), 'sha512')
    return write


if __name__ == '__main__':
    main()
