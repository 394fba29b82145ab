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

"""``openstack image lifecycle advise``"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import textwrap
from typing import Any

from osc_lib.command import command

from glance_lifecycle.osc.common import json_lines
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import text_formatter

_COLUMNS = ('What', 'Advice', 'Reason', 'Rejected')
_COMPARED = (('Stored', 'stored'), ('On disks', 'on_disks'),
             ('Cost a month', 'cost'), ('Disks a week', 'disks_per_week'),
             ('Of these cloned', 'cloned_per_week'),
             ('Seconds to a disk', 'seconds_per_disk'),
             ('Moved a week', 'moved_per_week'))
_BYTES = ('stored', 'on_disks', 'moved_per_week')


class Advise(text_formatter.ByDefault, command.Lister):
    """Say which stores and formats a cloud should use for images, and why.

    The cloud is described in a file; nothing is asked, and nothing is
    changed. Where Nova or Cinder can clone by copy-on-write, raw images in
    Ceph come first, then the time to boot, then money; who cannot clone is
    named, with the condition that is not met. What the file does not say is
    assumed, and at the end stands which assumption would change the advice.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--cloud', metavar='<file>', required=True,
            help='The stores, images, compute groups and volume back ends of '
            'the cloud, in YAML or JSON.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        # "openstack --help" loads this module, and pays for no more.
        from glance_lifecycle.planning import cloud_file
        from glance_lifecycle.planning import layout
        from glance_lifecycle.planning import report
        with shown.errors():
            cloud = cloud_file.load(policy_options.read(
                parsed_args.cloud, cloud_file.MOST))
        plan = layout.plan(cloud)
        self._report = report.summary(cloud, plan)
        # Of a large catalogue they are longer than all else.
        self._lists = report.lists(cloud, plan)
        return _COLUMNS, [
            (one['what'], one['advice'], one['reason'], '\n'.join(map(
                _rejected, one['rejected'])))
            for one in self._report['advice']]

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        out = self.app.stdout
        if parsed_args.formatter == 'text':
            out.writelines(line + '\n' for line in _lines(
                self._report, self._lists['facts']))
        elif parsed_args.formatter == 'json':
            out.writelines(json_lines.mapping(self._report, self._lists))
        else:
            return int(super().produce_output(
                parsed_args, column_names, data))
        return 0


def _rejected(one: dict[str, str]) -> str:
    return 'not %s: %s' % (one['what'], one['why'])


def _lines(report: dict[str, Any], facts: Iterable[dict[str, Any]]
           ) -> Iterator[str]:
    for one in report['advice']:
        yield from textwrap.wrap('%s: %s' % (
            one['what'][:1].upper() + one['what'][1:], one['advice']), 78,
            break_long_words=False, break_on_hyphens=False)
        yield from _indented(one['reason'])
        for other in one['rejected']:
            yield from _indented(_rejected(other))
        yield ''
    money = report['currency']
    yield '%-20s%16s%16s' % ('', 'Before', 'After')
    for title, key in _COMPARED:
        yield '%-20s%16s%16s' % (title, *(
            _amount(key, report[when][key], money)
            for when in ('before', 'after')))
    yield ''
    yield ('Each format in each store, as if it had all images and locations '
           'were shown:')
    yield '  %-16s%-18s%12s%14s%10s%10s' % (
        'Store', 'Format', 'Stored', 'Cost', 'Cloned', 'Seconds')
    for one in report['formats']:
        yield '  %-16s%-18s%12s%14s%10s%10s' % (
            one['store'], one['format'], _amount('stored', one['stored'], ''),
            _amount('cost', one['cost'], money),
            _amount('', one['cloned_per_week'], ''),
            _amount('seconds_per_disk', one['seconds_per_disk'], ''))
    yield ''
    yield from _assumptions(report, facts)


def _assumptions(report: dict[str, Any], facts: Iterable[dict[str, Any]]
                 ) -> Iterator[str]:
    count = assumed = 0
    for one in facts:
        count += 1
        assumed += one['from'] == 'assumed'
    yield '%d of %d numbers are assumed; -f json names each.' % (
        assumed, count)
    for one in report['sensitivity']:
        yield from textwrap.wrap(
            'If %s of %s were %s, %s.' % (
                one['name'], one['of'], one['turned'], one['effect']), 78)
    if assumed and not report['sensitivity']:
        yield 'No assumption, halved, doubled or turned round, changes it.'


def _amount(key: str, value: float, money: str) -> str:
    from glance_lifecycle.policy import units
    if key in _BYTES:
        return units.size_text(int(value))
    if key == 'cost':
        return '%.2f %s' % (value, money) if money else '%.2f' % value
    return '%.1f' % value if key == 'seconds_per_disk' else '%g' % value


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, 78, initial_indent='    ',
                         subsequent_indent='    ', break_long_words=False,
                         break_on_hyphens=False)
