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

"""The advice for a cloud that runs, carried out, and each number traced.

With the commands that an operator has, on the host of a real Glance and of a
real worker.
"""

import json
import os
import pathlib
import shlex
from typing import Any

from demo import screen
from demo import traced
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests import waiting

FAST, ARCHIVE = STORES = ('fast', 'archive')

#: Of the worker, before there is any advice.
POLICY = 'version: 1\nrules: []\n'

_GOLDEN, _IDLE = 6, 24
_VIRTUAL = 8 * images.MIB
_BOOTS = 40
_DAYS = 400
_PRICES = {FAST: 12, ARCHIVE: 2}

# No service knows it. Here, both stores are directories on one disk.
_GIVEN: dict[str, Any] = {
    'currency': 'cent',
    'stores': [
        {'name': FAST, 'cost_per_gib_month': _PRICES[FAST]},
        {'name': ARCHIVE, 'cost_per_gib_month': _PRICES[ARCHIVE],
         'read_per_second': '256 KiB'}],
    'compute_groups': [
        {'name': 'computes', 'hosts': 4, 'images_type': 'qcow2',
         'image_cache': False}]}


class Plan:
    """:param api: a Glance that runs, with nothing in it
    :param daemon: a worker beside it that acts
    :param out: where the report is to stay; None: nowhere
    """

    def __init__(self, api: glance.GlanceApi, daemon: worker.Worker,
                 out: pathlib.Path | None) -> None:
        self._api = api
        self._daemon = daemon
        self._user = api.admin()
        self._work = api.base / 'operator'
        self._work.mkdir()
        self._stays = out is not None
        self._page = out or self._work / 'report.html'
        self._conf = ['--config-file', str(api.etc / 'glance-api.conf')]
        self._worker_conf = [*self._conf, '--config-file', str(daemon.conf)]

    def run(self) -> None:
        """:raises traced.Wrong: a number is not what it should be"""
        screen.heading('A catalogue, all of it in the store that costs most')
        self._fill()
        screen.heading('What are the facts of this cloud?')
        facts = self._facts('before')
        _show_facts(facts)
        screen.heading('What would be better?')
        promised = self._advised('before')
        screen.heading('Put the advised policy in force')
        self._in_force()
        screen.heading('Move what it says, wave by wave')
        moved = self._moved(facts)
        screen.heading('One page on all of it')
        self._facts('after')
        report = self._reported()
        screen.heading('Is each number right, and where is it from?')
        self._traced(report, promised, moved)

    def _fill(self) -> None:
        given: list[dict[str, Any]] = []
        for number in range(_GOLDEN + _IDLE):
            golden = number < _GOLDEN
            name = 'golden-%d' % number if golden else 'nightly-%d' % number
            self._upload(name, 'qcow2' if number % 2 else 'raw')
            given.append({'name': name, **(
                {'golden': True, 'boots_per_week': {'computes': _BOOTS}}
                if golden else {'last_boot': '%d days' % _DAYS})})
        self._given = self._work / 'given.json'
        self._given.write_text(json.dumps({**_GIVEN, 'images': given}))
        screen.row('golden', '%d images' % _GOLDEN,
                   'booted %d times a week each' % _BOOTS)
        screen.row('nightly builds', '%d images' % _IDLE,
                   'last booted %d days ago' % _DAYS)
        self._show_stores()

    def _upload(self, name: str, disk_format: str) -> None:
        """An ext4 file system, with what no other has in it."""
        content = self._work / 'content'
        content.mkdir()
        (content / name).write_bytes(os.urandom(2 * images.MIB))
        path = images.make(self._work / 'image', disk_format, size=_VIRTUAL,
                           content=str(content))
        image = self._user.create_image(name, disk_format=disk_format)
        self._user.upload(image['id'], path)
        path.unlink()
        (content / name).unlink()
        content.rmdir()

    def _facts(self, name: str) -> dict[str, Any]:
        path = self._work / f'{name}.json'
        self._run('cloud', 'show', '--probe', '--probe-size', '32', '--yes',
                  '--given', str(self._given), '--output', str(path), '-f',
                  'json', *self._conf)
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def _advised(self, name: str) -> dict[str, Any]:
        self._policy = self._work / 'policy.yaml'
        advice: dict[str, Any] = self._run(
            'advise', '--cloud', str(self._work / f'{name}.json'),
            '--keep-boot-time', 'today', '--write-policy', str(self._policy)
            ).json
        for one in advice['advice']:
            screen.paragraph('%s: %s' % (one['what'], one['advice']))
        print()
        placement = advice['placement']
        screen.row('cost a month', '%s, then %s' % (
            _money(placement['cost_before']), _money(placement['cost'])))
        screen.row('seconds to a disk', '%.1f, then %.1f' % (
            advice['before']['seconds_per_disk'],
            placement['seconds_per_disk']), 'of golden images')
        screen.row('to move', '%d images' % len(advice['moves']),
                   'the first of them:')
        screen.note(advice['moves'][0]['why'])
        traced.check('images that should move', _IDLE, len(
            advice['moves']))
        found: dict[str, Any] = placement
        return found

    def _in_force(self) -> None:
        self._run('policy', 'validate', '--strict', str(self._policy))
        screen.row('validated', 'good', '%d lines' % len(
            self._policy.read_text().splitlines()))
        self._daemon.set_policy(self._policy.read_text())
        waiting.until('the worker has looked at all images with it',
                      lambda: len(self._held()) >= _IDLE)
        screen.row('held', '%d jobs of the worker' % len(self._held()))
        screen.note('Its brake: so much new work at once waits for an '
                    'operator, who has it migrated in waves.')

    def _held(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._run(
            'job', 'list', '--state', 'held', '--limit', '1000',
            *self._worker_conf, quiet=True).json
        return found

    def _moved(self, facts: dict[str, Any]) -> dict[str, Any]:
        path = self._work / 'plan.json'
        rates = {one['name']: one for one in facts['stores']}
        rate = min(rates[FAST]['read_per_second']['value'],
                   rates[ARCHIVE]['write_per_second']['value'])
        self._run('migrate', 'plan', '--from', FAST, '--to', ARCHIVE,
                  '--where', '{name: "nightly-*"}', '--soak', '0', '--rate',
                  str(max(1, round(rate / images.MIB))), '--out', str(path),
                  '--policy', str(self._policy), *self._worker_conf)
        self._run('migrate', 'run', str(path), '--yes', *self._worker_conf)
        live = screen.Live('worker')
        found: dict[str, Any] = {}

        def ended() -> bool:
            found.update(self._run('migrate', 'status', *self._worker_conf,
                                   quiet=True).json)
            done = sum(wave['images'].get('moved', 0)
                       for wave in found['waves'])
            live.show('%d of %d images' % (done, _IDLE))
            return found['state'] in ('done', 'stopped')

        waiting.until('the migration has ended', ended)
        live.clear()
        if found['state'] != 'done' or found['attention']:
            raise traced.Wrong('the migration: %s' % found)
        for wave in found['waves']:
            number = sum(wave['images'].values())
            screen.row('wave %d%s' % (
                wave['number'], ', the canary' if wave['canary'] else ''),
                '%2d image%s, %s' % (number, 's' if number > 1 else '',
                                     screen.size(wave['size'])),
                'forecast %.1f s, took %.1f s' % (
                    wave['forecast'], wave['actual']))
        screen.note('The rate of the forecast is what the probe measured; '
                    'a second for each image, four at once, is assumed.')
        self._show_stores()
        return found

    def _reported(self) -> traced.Report:
        path = self._work / 'report.json'
        self._run('report', '--html', str(self._page), '--json', str(path),
                  '--title', 'the demo', '--cloud',
                  str(self._work / 'after.json'), '--policy',
                  str(self._policy), *self._worker_conf)
        report = traced.Report(path)
        for title, why in report.not_asked():
            screen.row(title, 'not asked')
            screen.note(why)
        page = self._page.read_text()
        if '<script' in page or 'src="http' in page:
            raise traced.Wrong('the page does not stand by itself')
        screen.row('the page', screen.size(len(page.encode())),
                   str(self._page) if self._stays else 'checked, and let '
                   'go; --out FILE keeps it')
        return report

    def _traced(self, report: traced.Report, promised: dict[str, Any],
                moved: dict[str, Any]) -> None:
        sources = report.sources()
        screen.row('in the report', '%d numbers' % sources.total(),
                   traced.told(sources))
        known = traced.facts(self._run(
            'advise', '--cloud', str(self._work / 'after.json'), quiet=True
            ).json['facts'])
        disk = {name: traced.files(self._api.store_dir(name))
                for name in STORES}
        catalogue = self._user.list_images(limit='1000')
        traced.stores(report, disk, {name: {
            one['id']: one['size'] for one in catalogue
            if name in one['stores'].split(',')} for name in STORES})
        cost = traced.cost(report, known, disk)
        screen.row('cost a month', _money(cost),
                   'bytes by price; as the advice promised')
        traced.check('cost', cost, promised['cost'])
        traced.moved(report, _IDLE, sum(
            wave['size'] for wave in moved['waves']), disk[ARCHIVE])
        waiting.until('the worker has nothing to do', lambda: not self._held())
        traced.wanted(report, sum(one['disk_format'] == 'qcow2'
                                  for one in catalogue))

    def _show_stores(self) -> None:
        for name in STORES:
            screen.row('store %s' % name, '%2d files, %s' % (
                len(traced.files(self._api.store_dir(name))), screen.size(sum(
                    traced.files(self._api.store_dir(name)).values()))),
                '%d %s a GiB and month' % (
                    _PRICES[name], _GIVEN['currency']))

    def _run(self, *argv: str, quiet: bool = False) -> openstack.Answer:
        """:raises traced.Wrong: it fails"""
        if not quiet:
            hidden = {*self._worker_conf, *self._conf} - {'--config-file'}
            shown = shlex.join(
                word.removeprefix(f'{self._work}/') for word in argv
                if word not in hidden and word != '--config-file')
            screen.note('$ openstack image lifecycle ' + shown)
        formatted = () if argv[0] in ('cloud', 'report') else ('-f', 'json')
        answer = openstack.OpenStack(
            self._api, 'admin', 'admin', 'admin').spawn(
                'image', 'lifecycle', *argv, *formatted)
        if answer.code:
            raise traced.Wrong('%s: %s' % (' '.join(argv[:2]),
                                           answer.stderr or answer.stdout))
        return answer


def _show_facts(facts: dict[str, Any]) -> None:
    for one in facts['stores']:
        screen.row('%s reads' % one['name'], *_told(
            one['read_per_second'], ' a second'))
        screen.row('%s writes' % one['name'], *_told(
            one['write_per_second'], ' a second'))
        screen.row('%s has free' % one['name'], *_told(one['free']))
    screen.note('Here, both stores are on one disk, and there is no Nova: '
                'that archive is slow is given, and so are prices and boots.')


def _told(value: Any, unit: str = '') -> tuple[str, str]:
    """A fact, and where it is from."""
    if not isinstance(value, dict):
        return '%s%s' % (value, unit), 'given'
    return screen.size(round(value['value'])) + unit, value['from']


def _money(value: float) -> str:
    return '%.2f %s' % (value, _GIVEN['currency'])
