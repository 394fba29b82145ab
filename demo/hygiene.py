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

"""Two years of mess, and all that can go taken back: there and back again.

With the commands that an operator has, on the host of a real Glance.
"""

import collections
import pathlib
import re
import stat
from typing import Any

from demo import screen
from glance_lifecycle.audit import pages
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import mess
from glance_lifecycle.tests.functional import mess_case

_SEED = 2026
_EACH = 3

_COUNTED = re.compile(r'There are (\d+), of ')

_NAMES = {code: one.slug for code, one in pages.BY_CODE.items()}


class Wrong(Exception):
    """Something is not as it should be; the text says what."""


class Hygiene:
    """:param api: a Glance that runs, with nothing in it"""

    def __init__(self, api: glance.GlanceApi) -> None:
        self._api = api
        self._work = api.base / 'operator'
        self._work.mkdir()
        self._mess = mess.Mess(
            mess_case.Cloud(api.admin()), mess_case.stores(api), mess.Wishes(
                _SEED, _EACH, self._work / mess.REGION),
            lambda what, number: screen.row(str(number), what))

    def run(self) -> None:
        """:raises Wrong: something that is needed is not as it was"""
        screen.heading('Two years of mess in three stores')
        made = self._mess.make()
        screen.row('can go', '%d objects' % len(made.needless),
                   screen.size(made.held))
        screen.row('must stay', '%d objects' % len(made.stay),
                   'bit for bit')
        screen.heading('What lies there that no image needs?')
        self._listed()
        before = mess_case.tree(self._api)
        screen.heading('Take it back ...')
        plan = self._planned('first')
        self._applied(plan, 'quarantined')
        self._check_needed(before)
        screen.heading('... change your mind ...')
        self._said('undo', str(plan), of='restored')
        if mess_case.differences(before, mess_case.tree(self._api)):
            raise Wrong('what came back is not as it was')
        screen.row('compared', 'equal', 'each file, with its permissions and '
                   'times')
        screen.heading('... and take it back for good')
        # What came back has just changed: the other region is asked anew.
        self._mess.export()
        plan = self._planned('second')
        self._applied(plan, 'quarantined')
        held = self._held()
        self._applied(plan, 'purged', '--purge', '--yes')
        self._check_needed(before)
        screen.row('came back', screen.size(held - self._held()), 'on disk')
        if mess.left(made):
            raise Wrong('not all that can go has gone')

    def _listed(self) -> None:
        answer = self._run('list', '--grace', '0', *self._heeding())
        count: collections.Counter[str] = collections.Counter()
        held: collections.Counter[str] = collections.Counter()
        for row in answer.json:
            code = row['Code']
            held[code] += row['Bytes']
            # Of what is not listed one by one, there is one for the store.
            said = _COUNTED.match(row['Evidence'])
            count[code] += int(said[1]) if said else 1
        for code in sorted(count):
            screen.row(code, '%2d %s' % (count[code], _NAMES[code]),
                       screen.size(held[code]) if held[code] else '')

    def _planned(self, name: str) -> pathlib.Path:
        path = self._work / name
        answer = self._run(
            'plan', '--grace', '0', '--keep', '0', '--percent', '100',
            '--out', str(path), *self._heeding())
        needless = {one.path for one in self._mess.manifest.needless}
        if needless != {row['Object'] for row in answer.json}:
            raise Wrong('the plan is not what can go')
        _show('planned', answer.json)
        return path

    def _applied(self, plan: pathlib.Path, result: str, *argv: str) -> None:
        self._said('apply', str(plan), *argv, *self._heeding(), of=result)

    def _said(self, *argv: str, of: str) -> None:
        answer = self._run(*argv)
        if {row['Result'] for row in answer.json} != {of}:
            raise Wrong(answer.stdout)
        _show(of, answer.json)

    def _heeding(self) -> tuple[str, ...]:
        return '--export', str(self._work / mess.REGION), '--unsigned'

    def _run(self, *argv: str) -> openstack.Answer:
        shown = ' '.join(word.removeprefix(f'{self._work}/') for word in argv)
        screen.note('$ openstack image lifecycle hygiene ' + shown)
        answer = openstack.OpenStack(
            self._api, 'admin', 'admin', 'admin').spawn(
                'image', 'lifecycle', 'hygiene', *argv, '--config-file',
                str(self._api.etc / 'glance-api.conf'), '-f', 'json')
        # A list that has found something says so by its code.
        if not answer.stdout or (answer.code and argv[0] != 'list'):
            raise Wrong(answer.stderr)
        return answer

    def _check_needed(self, before: mess_case.Tree) -> None:
        """Nothing has changed but what can go."""
        made = self._mess.manifest
        changed = {*mess_case.differences(before, mess_case.tree(self._api))}
        wrong = [*mess.wrong(made),
                 *changed - {one.path for one in made.needless}]
        if wrong:
            raise Wrong('not as it was: %s' % ', '.join(wrong))
        screen.row('compared', 'equal',
                   'all %d that must stay' % len(made.stay))

    def _held(self) -> int:
        """Bytes on disk, in quarantine too."""
        return sum(
            status.st_blocks * 512
            for directory in mess_case.stores(self._api).values()
            for status in (path.lstat() for path in directory.rglob('*'))
            if stat.S_ISREG(status.st_mode))


def _show(what: str, rows: list[dict[str, Any]]) -> None:
    screen.row(what, '%d objects' % len(rows), screen.size(
        sum(row['Bytes'] for row in rows)))
