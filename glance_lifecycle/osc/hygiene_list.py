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


"""``openstack image lifecycle hygiene list``"""

import argparse
import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.audit import finding
from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import export_options
from glance_lifecycle.osc.common import hygiene_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.hygiene import examination
    from glance_lifecycle.audit.hygiene import wording

_COLUMNS = ('Code', 'Severity', 'Store', 'Object', 'Image', 'Bytes',
            'Evidence', 'Remedy')

# The least is the worst.
_CODES = {finding.Severity.ERROR: shown.BAD,
          finding.Severity.UNKNOWN: shown.UNKNOWN,
          finding.Severity.WARNING: shown.WARNING}


class ListHygiene(command.Lister):
    """List what lies in the stores that no image needs, and what is missing.

    What each store holds is compared with the database of Glance: objects of
    images that are deleted, uploads that never ended, locations that lead
    nowhere. Nothing is changed. What is being written, what is younger than
    the grace, and what may be of another Glance that uses the same store is
    never called an orphan. How much was found, and how many bytes it takes, is
    said at the end. The exit code is 0 if there is nothing, or only "info"; 1
    if an error was found, or the stores could not be compared; 3 if there is
    no error, but something could not be told; 4 if there are only warnings.
    """

    auth_required = False

    # Of the worst that was found.
    _code = 0

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        hygiene_options.add_arguments(
            parser, 'List only findings of this code (repeat for more). All '
            'are counted.', 'What changed less than so many hours ago is not '
            'judged (default: 24).')
        parser.add_argument(
            '--limit', metavar='<number>', type=amounts.number_from(0),
            default=1000, help='List so many of each code and store; all are '
            'counted (default: 1000; 0 for all).')
        export_options.add_arguments(parser)
        store_host.add_arguments(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or self._code

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        with shown.errors():
            store_host.configured(parsed_args)
        # What is listed, and not what is found, has to be in memory.
        return _COLUMNS, list(self._rows(parsed_args))

    def _rows(self, parsed_args: argparse.Namespace
              ) -> Iterator[Sequence[Any]]:
        from glance_lifecycle.audit.hygiene import here
        from glance_lifecycle.audit.hygiene import others
        codes = {code.upper() for code in parsed_args.codes}
        listed: collections.Counter[tuple[str, str]] = collections.Counter()
        found: set[finding.Severity] = set()
        with shown.errors(), here.examined(
                parsed_args.stores, parsed_args.grace * amounts.HOUR,
                others.Others(export_options.needed(parsed_args))
        ) as examined:
            for item in examined.items():
                found.add(item.finding.severity)
                which = item.store, item.slug
                listed[which] += 1
                if (not codes or item.finding.code in codes) and (
                        listed[which] <= parsed_args.limit
                        or not parsed_args.limit):
                    yield _row(item)
            sys.stderr.writelines(
                line + '\n' for line in _summary(examined.totals))
        for severity in sorted(found, key=lambda one: one.rank):
            self._code = _CODES.get(severity, 0)
            break


def _row(item: 'wording.Item') -> Sequence[Any]:
    one = item.finding
    return (one.code, str(one.severity), item.store, item.where, one.subject,
            item.held, one.evidence, one.remedy)


def _summary(totals: 'dict[str, examination.Totals]') -> Iterator[str]:
    """All that was found, also what is not listed."""
    for store, one in totals.items():
        yield '%s: %d objects, %d bytes.' % (
            'Store %s' % store, one.objects, one.held) if store else (
                'Images:')
        for slug, (count, held) in sorted(one.found.items()):
            yield '  %s: %d%s' % (
                slug, count, ', %d bytes' % held if held else '')
