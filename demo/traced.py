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

"""Where the numbers of a report are from, and whether they are right."""

import collections
from collections.abc import Iterator
from collections.abc import Mapping
import json
import math
import pathlib
from typing import Any

from demo import screen

_SOURCES = ('measured', 'read', 'given', 'assumed')
_GIB = 1024 ** 3

#: Name of an image's id -> its bytes, by store.
Held = Mapping[str, Mapping[str, int]]


class Wrong(Exception):
    """Something is not as it should be; the text says what."""


class Report:
    """:param path: what ``report --json`` has written"""

    def __init__(self, path: pathlib.Path) -> None:
        self._data: dict[str, Any] = json.loads(path.read_text())
        self._sections = {one['name']: one for one in self._data['sections']}

    def not_asked(self) -> Iterator[tuple[str, str]]:
        """Titles of sections, and why there is nothing in them."""
        for one in self._data['sections']:
            if one['not_asked']:
                yield one['title'], one['not_asked']

    def figure(self, section: str, name: str) -> float:
        """:raises Wrong: it is not there"""
        for one in self._sections[section]['figures']:
            if one['name'] == name and one['value'] is not None:
                return float(one['value'])
        raise Wrong('the report has no figure %s in %s' % (name, section))

    def rows(self, section: str, name: str) -> dict[str, dict[str, Any]]:
        """First cell -> row, of a table."""
        for one in self._sections[section]['tables']:
            if one['name'] == name:
                first = one['columns'][0]['name']
                return {row[first]: row for row in one['rows']}
        raise Wrong('the report has no table %s in %s' % (name, section))

    def sources(self) -> collections.Counter[str]:
        """Source -> numbers from there.

        :raises Wrong: one has none, or none of its own command
        """
        found: collections.Counter[str] = collections.Counter()
        for section in self._data['sections']:
            for one in (*section['figures'], *section['tables']):
                numbers = [one['value']] if 'value' in one else [
                    value for row in one['rows'] for value in row.values()]
                check_source(section['title'], one)
                if not one['command']:
                    raise Wrong('no command shows more of %s' % one['name'])
                found[one['from']] += sum(
                    isinstance(each, (int, float)) for each in numbers)
        return found


def check_source(what: str, one: Mapping[str, Any]) -> None:
    """:raises Wrong: nobody knows where it is from"""
    if one.get('from') not in _SOURCES:
        raise Wrong('%s: nothing says where %s is from' % (what, one))


def told(found: collections.Counter[str]) -> str:
    """Such as: 40 read, 3 given."""
    return ', '.join('%d %s' % (found[source], source)
                     for source in _SOURCES if found[source])


def files(store: pathlib.Path) -> dict[str, int]:
    """Name -> bytes, of all that lies in a store."""
    return {one.name: one.stat().st_size for one in store.iterdir()
            if one.is_file()}


def check(what: str, said: float, *known: float) -> None:
    """:raises Wrong: they are not the same"""
    for one in known:
        if not math.isclose(said, one, rel_tol=1e-6, abs_tol=1e-6):
            raise Wrong('%s: %s is told, but it is %s' % (what, said, one))


def facts(found: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """Store, fact -> its value; all have a source.

    :raises Wrong: one has none
    """
    count: collections.Counter[str] = collections.Counter()
    for one in found:
        check_source('the facts', one)
        count[one['from']] += 1
    screen.row('behind it', '%d facts' % len(found), told(count))
    return {(one['name'], one['fact']): one['value'] for one in found
            if one['of'] == 'stores'}


def stores(report: Report, disk: Held, glance: Held) -> None:
    """Bytes: as they lie on disk, as Glance has them, and as is reported.

    :raises Wrong: they differ
    """
    copies = report.rows('catalogue', 'stores')
    rooms = report.rows('room', 'rooms')
    for name, held in disk.items():
        if held != glance[name]:
            raise Wrong('store %s does not hold what Glance says' % name)
        size = sum(held.values())
        check('copies in %s' % name, copies[name]['copies'], len(held))
        check('bytes in %s' % name, copies[name]['bytes'], size,
              rooms[name]['stored'])
        screen.row('store ' + name, '%2d copies, %s' % (
            len(held), screen.size(size)), 'report, Glance and disk agree')
    total = sum(sum(held.values()) for held in disk.values())
    check('bytes of all copies', report.figure('catalogue', 'bytes'), total,
          report.figure('room', 'stored'))
    check('copies', report.figure('catalogue', 'copies'),
          sum(map(len, disk.values())))
    check('images', report.figure('catalogue', 'images'),
          len({image for held in glance.values() for image in held}))


def cost(report: Report, known: Mapping[tuple[str, str], float], disk: Held
         ) -> float:
    """Of a month: bytes on disk by what is given.

    :raises Wrong: the report has another
    """
    total = 0.0
    for name, held in disk.items():
        one = sum(held.values()) / _GIB * known[name, 'cost'] * known[
            name, 'factor']
        check('cost of %s' % name, report.rows('room', 'rooms')[name]['cost'],
              one)
        total += one
    check('cost', report.figure('room', 'cost'), total)
    return total


def moved(report: Report, count: int, size: int, target: Mapping[str, int]
          ) -> None:
    """Each image by two jobs, and by no others: copied, its old copy deleted.

    :param size: bytes, as the migration tells them
    :param target: what lies in the store that they moved to
    :raises Wrong: the jobs of the report are others
    """
    ended = report.rows('worker', 'ended')
    for kind in ('migrate', 'migrate-drop'):
        check(kind, ended[kind]['done'], count)
        check('bytes of ' + kind, ended[kind]['bytes'], size)
    check('jobs', report.figure('worker', 'done'), 2 * count)
    check('bytes that moved', size, sum(target.values()))
    screen.row('moved', '%d images' % count, 'by %d jobs; archive holds just '
               'these' % (2 * count))


def wanted(report: Report, qcow2: int) -> None:
    """Nothing is where it should not be.

    :param qcow2: images that were there before all imports were to be raw
    :raises Wrong: something is
    """
    drifted = report.figure('drift', 'drifted')
    differs = report.rows('drift', 'fields') if drifted else {}
    if set(differs) - {'convert: disk_format'}:
        raise Wrong('not as the policy wants: %s' % differs)
    screen.row('in the right store', 'all', 'by the policy in force')
    # How fast the stores are decides whether imports are to be raw.
    if drifted:
        check('images of another format', drifted, qcow2)
        screen.row('still qcow2', '%d images' % qcow2,
                   'only new imports become raw')
