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


"""``python -m benchmarks.planning``: advice on a large cloud, and its report.

The cloud has as many images as a file can have, 20 stores in 6 clusters of
Ceph and outside, 50 groups of 100 computes and 20 volume backends. The command
is a process of its own, on one core; CPU time and peak memory are of all of
it, from start to end.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from typing import Any

from glance_lifecycle.osc.common import report_options

IMAGES = 100_000
STORES = 20
GROUPS = 50
BACKENDS = 20
_CLUSTERS = 6
_PROJECTS = 400
_MIB = 1024 ** 2

#: What must be reached.
SECONDS = 30
PEAK = 500 * 1024 ** 2
PLACEMENT_SECONDS = 20
GAP = 0.01
REPORT_SECONDS = 10
REPORT_SIZE = 2 * _MIB


def cloud(images: int = IMAGES, seed: int = 1) -> dict[str, Any]:
    """The same for the same seed: sizes, copies and boots are random.

    A tenth of the images is booted each week, and few of these very often;
    most others were booted at some time. Stores are four fifths full.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    stores = [_store(number) for number in range(STORES)]
    catalogue = [_image(number, chance, stores) for number in range(images)]
    _room(stores, catalogue)
    return {
        'version': 1, 'currency': 'EUR',
        'glance': {'default_store': 'store-0',
                   'show_image_direct_url': True},
        'stores': stores,
        'compute_groups': [_group(number) for number in range(GROUPS)],
        'volume_backends': [_backend(number) for number in range(BACKENDS)],
        'images': catalogue}


def _store(number: int) -> dict[str, Any]:
    kind = ('rbd', 'file', 's3', 'swift')[number % 4]
    found: dict[str, Any] = {
        'name': 'store-%d' % number, 'kind': kind,
        'cost_per_gib_month': round({
            'rbd': 0.03, 'file': 0.05, 's3': 0.02, 'swift': 0.008}[kind]
            * (1 + number / 100), 6),
        'weight': 100 - number, 'thin': kind == 'rbd'}
    if kind == 'rbd':
        found['fsid'] = 'cluster-%d' % (number // 4 % _CLUSTERS)
        found['clone_seconds'] = {'value': 0.6, 'from': 'measured'}
    return found


def _group(number: int) -> dict[str, Any]:
    found: dict[str, Any] = {'name': 'group-%d' % number, 'hosts': 100,
                             'images_type': 'qcow2'}
    if number % 3:
        found |= {'images_type': 'rbd',
                  'fsid': 'cluster-%d' % (number % _CLUSTERS)}
    return found


def _backend(number: int) -> dict[str, Any]:
    return {'name': 'backend-%d' % number, 'service_token': True,
            'fsid': 'cluster-%d' % (number % _CLUSTERS)}


def _image(number: int, chance: random.Random, stores: list[dict[str, Any]]
           ) -> dict[str, Any]:
    virtual = chance.choice((3, 10, 20, 40, 80)) * 1024 * _MIB
    data = int(virtual * chance.uniform(0.1, 0.9))
    raw = chance.random() < 0.4
    found: dict[str, Any] = {
        'name': 'image-%d' % number,
        'disk_format': 'raw' if raw else 'qcow2',
        'size': virtual if raw else data, 'data_size': data,
        'project': 'project-%d' % chance.randrange(_PROJECTS),
        'copies': [one['name'] for one in chance.sample(
            stores, chance.choice((1, 1, 1, 2)))]}
    if not raw:
        found['virtual_size'] = virtual
        if chance.random() < 0.5:
            found |= {'compressed': True, 'size': data // 2}
    if chance.random() < 0.01:
        found['golden'] = True
    if chance.random() < 0.1:
        found['boots_per_week'] = {
            'group-%d' % one: int(chance.paretovariate(1)) for one in
            chance.sample(range(GROUPS), chance.choice((1, 2, 3)))}
        found['volumes_per_week'] = {'backend-%d' % chance.randrange(
            BACKENDS): chance.randrange(1, 20)}
        found['last_boot'] = '%d hours' % chance.randrange(1, 168)
    elif chance.random() < 0.8:
        found['last_boot'] = '%d days' % chance.randrange(8, 1500)
    return found


def _room(stores: list[dict[str, Any]], images: list[dict[str, Any]]
          ) -> None:
    """A quarter more than is there, and capacity for all of that."""
    there = dict.fromkeys((one['name'] for one in stores), 0)
    thin = {one['name'] for one in stores if one['thin']}
    for image in images:
        for name in image['copies']:
            there[name] += image['data_size' if name in thin and image[
                'disk_format'] == 'raw' else 'size']
    for one in stores:
        one['free'] = there[one['name']] // 4
        one['capacity'] = there[one['name']] + one['free']


def measured(command: str, path: pathlib.Path, *more: str
             ) -> dict[str, Any]:
    """One run of a command: seconds, CPU seconds, bytes, what it said."""
    begin = time.monotonic()
    with subprocess.Popen(
            [sys.executable, '-m', 'openstackclient.shell', 'image',
             'lifecycle', command, '--cloud', str(path), *more],
            stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 - PIPE
        said = process.stdout.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit('The command failed.')
    return {'seconds': time.monotonic() - begin,
            'cpu': usage.ru_utime + usage.ru_stime,
            'peak': usage.ru_maxrss * 1024, 'said': said}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=IMAGES)
    parser.add_argument('--keep', metavar='FILE',
                        help='Write the cloud there, and do no more.')
    args = parser.parse_args()
    if args.keep:
        pathlib.Path(args.keep).write_text(json.dumps(cloud(args.images)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name, 'cloud.json')
        path.write_text(json.dumps(cloud(args.images)))
        print('%d images, %d MiB' % (args.images,
                                     path.stat().st_size // _MIB))
        saved = str(pathlib.Path(name, 'placement.json'))
        # JSON is long, and a process begins with the peak memory of the one
        # that starts it.
        good = [_advice(path, saved, 'text'), _report(path, saved),
                _advice(path, saved, 'json')]
        return 0 if all(good) else 1


def _advice(path: pathlib.Path, saved: str, form: str) -> bool:
    found = measured('advise', path, '-f', form, '--yes',
                     '--save-placement', saved)
    print('-f %s: %.1f s, %.1f s of CPU, %d MiB' % (
        form, found['seconds'], found['cpu'], found['peak'] // _MIB))
    gap = 0.0
    if form == 'json':
        placed = json.loads(found['said'])['placement']
        gap = placed['gap']
        print('gap %.3f %%, %.2f instead of %.2f a month' % (
            100 * gap, placed['cost'], placed['cost_before']))
    return bool(found['cpu'] <= SECONDS and found['peak'] <= PEAK
                and gap <= GAP)


def _report(path: pathlib.Path, saved: str) -> bool:
    """Of the cloud alone: what else there is, no file tells."""
    found = measured('report', path, '--placement', saved, '--html', '-', *(
        word for part in report_options.PARTS for word in ('--skip', part)))
    print('report: %.1f s, %.1f s of CPU, %d MiB, %d KiB of HTML' % (
        found['seconds'], found['cpu'], found['peak'] // _MIB,
        len(found['said']) // 1024))
    return bool(found['cpu'] <= REPORT_SECONDS
                and len(found['said']) <= REPORT_SIZE)


if __name__ == '__main__':
    sys.exit(main())
