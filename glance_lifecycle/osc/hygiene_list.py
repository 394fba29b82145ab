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
import contextlib
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.audit import finding
from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import export_options
from glance_lifecycle.osc.common import hygiene_options
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import local_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.hygiene import examination
    from glance_lifecycle.audit.hygiene.local import examination as local_look
    from glance_lifecycle.audit.hygiene import wording
    Examination = examination.Examination | local_look.Examination

_COLUMNS = ('Code', 'Severity', 'Store', 'Object', 'Image', 'Bytes',
            'Evidence', 'Remedy')

# The least is the worst.
_CODES = {finding.Severity.ERROR: shown.BAD,
          finding.Severity.UNKNOWN: shown.UNKNOWN,
          finding.Severity.WARNING: shown.WARNING}


class ListHygiene(judging.Judging, command.Lister):
    """List what lies in the stores that no image needs, and what is missing.

    What each store holds is compared with the database of Glance: objects of
    images that are deleted, uploads that never ended, locations that lead
    nowhere. So is what lies beside the stores on the disks of this host:
    staged files, files of tasks, the cache of Glance, the state directory, and
    base files of Nova. Nothing is changed. What is being written, what is
    younger than the grace, and what may be of another Glance that uses the
    same store is never called an orphan. How much was found, and how many
    bytes it takes, is said at the end. The exit code is 0 if there is nothing,
    or only "info"; 1 if an error was found, or the stores could not be
    compared; 3 if there is no error, but something could not be told; 4 if
    there are only warnings.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        hygiene_options.add_arguments(
            parser, 'List only findings of this code (repeat for more). All '
            'are counted.', 'What changed less than so many hours ago is not '
            'judged (default: 24).', 'Look at this store only, or at this '
            'place on the host: staging, tasks, cache, state_dir or nova')
        parser.add_argument(
            '--limit', metavar='<number>', type=amounts.number_from(0),
            default=1000, help='List so many of each code and store; all are '
            'counted (default: 1000; 0 for all).')
        local_options.add_arguments(parser)
        export_options.add_arguments(parser)
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        with shown.errors():
            store_host.configured(parsed_args)
        # What is listed, and not what is found, has to be in memory.
        return _COLUMNS, list(self._rows(parsed_args))

    def _rows(self, parsed_args: argparse.Namespace
              ) -> Iterator[Sequence[Any]]:
        codes = {code.upper() for code in parsed_args.codes}
        listed: collections.Counter[tuple[str, str]] = collections.Counter()
        found: set[finding.Severity] = set()
        with shown.errors(), contextlib.ExitStack() as stack:
            for examined, called in _looks(parsed_args, stack):
                for item in examined.items():
                    found.add(item.finding.severity)
                    which = item.store, item.slug
                    listed[which] += 1
                    if (not codes or item.finding.code in codes) and (
                            listed[which] <= parsed_args.limit
                            or not parsed_args.limit):
                        yield _row(item)
                sys.stderr.writelines(
                    line + '\n'
                    for line in _summary(examined.totals, called))
        for severity in sorted(found, key=lambda one: one.rank):
            self._code = _CODES.get(severity, 0)
            break


def _looks(parsed_args: argparse.Namespace, stack: contextlib.ExitStack
           ) -> 'Iterator[tuple[Examination, str]]':
    """What is examined, and what its totals are called."""
    from glance_lifecycle.audit.hygiene import here
    from glance_lifecycle.audit.hygiene.local import here as local
    from glance_lifecycle.audit.hygiene import others
    grace = parsed_args.grace * amounts.HOUR
    configured = here.stores()
    places = [one for one in parsed_args.stores if one in local.NAMES]
    stores = [one for one in parsed_args.stores
              if one not in places or one in configured]
    # First: what it cannot look at is said before hours of listing.
    beside = None if stores and not places else local.examined(
        places, grace, local_options.wishes(parsed_args))
    if stores or not places:
        yield stack.enter_context(here.examined(
            stores, grace, others.Others(
                export_options.needed(parsed_args)))), 'Store'
    if beside is not None:
        yield beside, 'Place'


def _row(item: 'wording.Item') -> Sequence[Any]:
    one = item.finding
    return (one.code, str(one.severity), item.store, item.where, one.subject,
            item.held, one.evidence, one.remedy)


def _summary(totals: 'dict[str, examination.Totals]', called: str
             ) -> Iterator[str]:
    """All that was found, also what is not listed."""
    for store, one in totals.items():
        yield '%s: %d objects, %d bytes.' % (
            '%s %s' % (called, store), one.objects, one.held) if store else (
                'Images:')
        for slug, (count, held) in sorted(one.found.items()):
            yield '  %s: %d%s' % (
                slug, count, ', %d bytes' % held if held else '')
