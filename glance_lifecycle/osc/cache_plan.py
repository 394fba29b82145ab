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

"""``openstack image lifecycle cache plan``"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import json
import textwrap
from typing import Any

from osc_lib.command import command

from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import text_formatter

_COLUMNS = ('Cache', 'Setting', 'Served', 'Downloaded', 'Waited', 'Disk', '')


class PlanCache(text_formatter.ByDefault, command.Lister):
    """Say how large Glance's cache should be, and how long Nova keeps images.

    The cloud is described in a file; nothing is asked, and nothing is
    changed. Boots of some weeks, made by chance or given in a file, are
    replayed by the rules by which Glance and Nova remove images from their
    caches; images that are cloned in Ceph need none. Each line has a setting
    of a cache - bytes of the limit, or seconds of the age - with the part of
    the bytes that it served, what was downloaded all the same in a week, the
    seconds that boots waited for that, and the bytes that it took on a disk.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--cloud', metavar='<file>', required=True,
            help='The stores, images, compute groups and volume back ends of '
            'the cloud, in YAML or JSON, as for "image lifecycle advise".')
        parser.add_argument(
            '--boots', metavar='<file>',
            help='CSV with the columns time (seconds, or as ISO 8601 has it), '
            'consumer (the compute group, or the volume back end), host and '
            'image. Without, boots are made of those of a week that the cloud '
            'has.')
        parser.add_argument(
            '--seed', metavar='<number>', type=int, default=1,
            help='Of the boots that are made; the same number makes the same '
            '(default: 1).')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        # "openstack --help" loads this module, and pays for no more.
        from glance_lifecycle.planning.caches import report
        from glance_lifecycle.planning.caches import sizing
        from glance_lifecycle.planning.caches import trace
        from glance_lifecycle.planning import cloud_file
        from glance_lifecycle.planning import layout
        with shown.errors():
            cloud = input_file.load(parsed_args.cloud, cloud_file.MOST,
                                    cloud_file.load)
            boots = parsed_args.boots and input_file.load(
                parsed_args.boots, trace.LARGEST,
                lambda data: trace.read(data, cloud))
        self._report = report.report(sizing.planned(
            cloud, layout.plan(cloud), boots or None, parsed_args.seed))
        return _COLUMNS, list(_rows(self._report))

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        out = self.app.stdout
        if parsed_args.formatter == 'text':
            out.writelines(line + '\n' for line in _lines(self._report, data))
        elif parsed_args.formatter == 'json':
            out.write(json.dumps(self._report, indent=2) + '\n')
        else:
            return int(super().produce_output(
                parsed_args, column_names, data))
        return 0


def _rows(report: dict[str, Any]) -> Iterator[Sequence[str]]:
    from glance_lifecycle.policy import units
    caches = [('Glance', report['glance'])] if report['glance'] else []
    for name, one in (*caches, *((each['name'], each)
                                 for each in report['compute_groups'])):
        for point in one['points']:
            setting = point['setting']
            yield (name, units.size_text(setting) if name == 'Glance' and (
                one is report['glance']) else '%d s' % setting,
                '%.1f %%' % (100 * point['served']),
                units.size_text(point['moved']), '%.1f s' % point['waited'],
                units.size_text(point['disk']), ', '.join(
                    word for word in ('today', 'best')
                    if one[word] == setting))


def _lines(report: dict[str, Any], data: Iterable[Sequence[str]]
           ) -> Iterator[str]:
    for one in report['advice']:
        yield from textwrap.wrap('%s: %s' % (
            one['what'][:1].upper() + one['what'][1:], one['advice']), 78,
            break_long_words=False, break_on_hyphens=False)
        yield from textwrap.wrap(
            one['reason'], 78, initial_indent='    ',
            subsequent_indent='    ', break_long_words=False,
            break_on_hyphens=False)
        yield ''
    if not report['advice']:
        yield 'Nothing is downloaded: no cache is needed.'
        return
    form = '%-16s%12s%9s%12s%14s%12s  %s'
    yield form % _COLUMNS
    for row in data:
        yield (form % tuple(row)).rstrip()
