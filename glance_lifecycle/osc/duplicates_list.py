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

"""``openstack image lifecycle duplicates list``"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import duplicates
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.duplicates import grouping
    from glance_lifecycle.audit.duplicates import remedies

_COLUMNS = ('Group', 'Same By', 'Image', 'Name', 'Project', 'Visibility',
            'Created', 'Bytes', 'Reclaimable', 'Stores', 'Servers', 'Volumes',
            'Remedy')

_UNKNOWN = 'not known'


class ListDuplicates(command.Lister):
    """List active images that have the same bytes, group by group.

    By the hash that Glance has of each image, and by the upload that an image
    was converted from. Nothing is changed, and nothing is read but with
    --deep. Groups of which most bytes would come back are first. What would
    come back, and what the remedies mean, is said at the end. Servers and
    volumes are counted where your credentials show those of all projects.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        duplicates.add_arguments(parser)
        duplicates.add_project(parser)
        parser.add_argument(
            '--no-use', action='store_true',
            help='Do not ask for servers and volumes.')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        with shown.errors():
            store_host.configured(parsed_args)
        return _COLUMNS, list(self._rows(parsed_args))

    def _rows(self, parsed_args: argparse.Namespace
              ) -> Iterator[Sequence[Any]]:
        from glance_lifecycle.audit.duplicates import here
        totals = duplicates.Totals()
        with shown.errors(), duplicates.grouped(parsed_args) as found:
            listed = duplicates.first(found.groups(), parsed_args, totals)
            contradictory = found.contradictory
            file_stores = here.file_stores()
        use, why = ({}, []) if parsed_args.no_use else duplicates.used(
            self, listed)
        said: set[remedies.Remedy] = set()
        for group in listed:
            yield from _of_group(group, use, file_stores, said)
        sys.stderr.writelines(line + '\n' for line in (
            *map(_summary, listed), *totals.lines(len(listed)),
            *_contradictory(contradictory), *why, *_remedies(said)))


def _of_group(group: grouping.Group, use: duplicates.Use,
              file_stores: Sequence[str], said: set[remedies.Remedy]
              ) -> Iterator[Sequence[Any]]:
    from glance_lifecycle.audit.duplicates import remedies
    from glance_lifecycle.audit.hygiene import wording
    used = None if len(use) < len(duplicates.ASKED) else {
        one.id: sum(counts[one.id] for counts in use.values())
        for one in group.members}
    fitting = remedies.of(group, used, file_stores)
    for one in group.members:
        said.update(fitting[one.id])
        yield (group.name, ', '.join(group.why), one.id,
               wording.shown(one.name), wording.shown(one.project),
               one.visibility, wording.time(one.created), one.held,
               group.back, ', '.join(wording.shown(store) or _UNKNOWN
                                     for store in one.stores),
               *(_count(use, name, one.id) for name in duplicates.ASKED),
               ', '.join(fitting[one.id]))


def _count(use: duplicates.Use, name: str, image_id: str
           ) -> worker_host.Cell:
    """For programs, nothing where it is not known."""
    number = use[name][image_id] if name in use else None
    return worker_host.Cell(number, _UNKNOWN if number is None
                            else '%d' % number)


def _summary(group: grouping.Group) -> str:
    return ('Group %s: %d images of %d projects. %d bytes would come back, if '
            'only one of them stayed.' % (
                group.name, len(group.members), group.projects, group.back))


def _contradictory(number: int) -> Iterator[str]:
    if number:
        yield ('Of %d uploads there are images whose hashes say that they '
               'are not the same: these are not grouped by their upload.'
               % number)


def _remedies(said: set[remedies.Remedy]) -> Iterator[str]:
    from glance_lifecycle.audit.duplicates import remedies
    for remedy in remedies.Remedy:
        if remedy in said:
            yield '%s: %s' % (remedy, remedies.SAID[remedy])
