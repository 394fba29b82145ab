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


"""What ``hygiene list`` takes for a store that has grown.

A database of Glance, in SQLite, with as many images as objects, of which one
in a hundred is deleted and still lies in the store. The objects are made up,
or, with ``--files``, files that are made, listed and removed.
"""

import argparse
from collections.abc import Iterator
import pathlib
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from typing import Any
import uuid

from glance_lifecycle.transfer.backends import inventory

_PLACE = '1:2'
_WHEN = '2020-01-01 00:00:00.000000'
_IMAGE = '''
insert into images (id, name, size, status, created_at, updated_at, deleted_at,
    deleted, min_disk, min_ram, protected, visibility, os_hidden, os_hash_algo,
    os_hash_value, disk_format, container_format)
values (?, 'image', ?, ?, ?, ?, ?, ?, 0, 0, 0, 'private', 0, 'sha512', ?,
    'raw', 'bare')'''
_LOCATION = '''
insert into image_locations (image_id, value, meta_data, created_at,
    updated_at, deleted, status)
values (?, ?, '{"store": "s1"}', ?, ?, ?, 'active')'''


class MadeUp(inventory.Inventory):
    """As many objects as there are images, in their order."""

    schemes = ('file',)
    places = (_PLACE,)

    def __init__(self, number: int, directory: str) -> None:
        super().__init__('s1', {})
        self._number = number
        self._directory = directory

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return {}

    def entries(self) -> Iterator[inventory.Entry]:
        yield from self.bounded(
            inventory.Entry(
                one, inventory.Kind.IMAGE, _PLACE, one, 1, 4096, 1.6e9,
                '1:%s:1600000000' % one, where=f'{self._directory}/{one}')
            for one in _ids(self._number))

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        return entry

    def spot(self, url: str) -> inventory.Spot | None:
        directory, _slash, name = url.removeprefix('file://').rpartition('/')
        if directory != self._directory:
            return None
        return inventory.Spot(_PLACE, name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=1_000_000)
    parser.add_argument('--files', action='store_true')
    parser.add_argument('--work', type=pathlib.Path, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.work) as work:
        base = pathlib.Path(work)
        store = base / 'store'
        store.mkdir()
        config = base / 'glance-api.conf'
        config.write_text(
            '[DEFAULT]\nenabled_backends = s1:file\n[glance_store]\n'
            f'default_backend = s1\n[s1]\nfilesystem_store_datadir = {store}\n'
            f'[database]\nconnection = sqlite:///{base}/glance.sqlite\n'
            f'[lifecycle]\nstate_dir = {base}\n')
        # In another process: what making all that takes is not asked.
        subprocess.run([sys.executable, '-c', _MAKE, str(config), str(base),
                        str(args.images), str(int(args.files))], check=True)
        _measure(config, None if args.files else MadeUp(
            args.images, str(store)))
    return 0


_MAKE = '''
import pathlib, sys
from benchmarks import hygiene
config, base, number, files = sys.argv[1:]
hygiene.make(config, pathlib.Path(base), int(number), bool(int(files)))
'''


def make(config: str, base: pathlib.Path, number: int, files: bool) -> None:
    """The database, and the files."""
    subprocess.run([f'{sys.prefix}/bin/glance-manage', '--config-file', config,
                    'db_sync'], check=True, capture_output=True)
    database = sqlite3.connect(base / 'glance.sqlite')
    for count, one in enumerate(_ids(number)):
        gone = count % 100 == 0
        database.execute(_IMAGE, (
            one, 1, 'deleted' if gone else 'active', _WHEN, _WHEN,
            _WHEN if gone else None, gone, '%0128x' % count))
        database.execute(_LOCATION, (
            one, f'file://{base}/store/{one}', _WHEN, _WHEN, gone))
        if files:
            (base / 'store' / one).write_bytes(b'x')
    database.commit()
    database.close()


def _measure(config: pathlib.Path, made_up: MadeUp | None) -> None:
    from glance_lifecycle.audit.hygiene import examination
    from glance_lifecycle.audit.hygiene import here
    from glance_lifecycle.audit.hygiene import judging
    from glance_lifecycle.copies import host
    from glance_lifecycle.jobs import inventories
    host.configure((str(config),), ())
    began, before = time.monotonic(), _cpu()
    found = made_up or inventories.opened('s1')
    examined = examination.Examination(
        here.ThisHost(), {'s1': found}, ['s1'], {},
        judging.Times(time.time() + 1, 0.0))
    count = sum(1 for _item in examined.items())
    found.close()
    print(f'{examined.totals["s1"].objects} objects, {count} findings: '
          f'{time.monotonic() - began:.1f} s, {_cpu() - before:.1f} s of CPU, '
          f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB')


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _ids(number: int) -> Iterator[str]:
    for one in range(number):
        yield str(uuid.UUID(int=(one * 0x9e3779b97f4a7c15f39cc0605cedc835)
                            % 2 ** 128))


if __name__ == '__main__':
    sys.exit(main())
