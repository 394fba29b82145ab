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
from collections.abc import Mapping
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import duplicates
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.duplicates import grouping
    from glance_lifecycle.audit.duplicates import remedies

_COLUMNS = ('Group', 'Same By', 'Image', 'Name', 'Project', 'Visibility',
            'Created', 'Bytes', 'Stores', 'Servers', 'Volumes', 'Remedy')

_ASKED = ('servers', 'volumes')

# Provider -> image -> how many; of those that could be asked.
_Use = dict[str, Mapping[str, int]]


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
        parser.add_argument(
            '--project', metavar='<project-id>', default='',
            help='List only groups with an image of this project.')
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
        listed: list[grouping.Group] = []
        with shown.errors(), duplicates.grouped(parsed_args) as found:
            for group in found.groups():
                if parsed_args.project and not any(
                        one.project == parsed_args.project
                        for one in group.members):
                    continue
                if totals.add(group) <= parsed_args.limit or (
                        not parsed_args.limit):
                    listed.append(group)
            contradictory = found.contradictory
            file_stores = here.file_stores()
        use, why = ({}, []) if parsed_args.no_use else self._used(listed)
        said: set[remedies.Remedy] = set()
        for group in listed:
            yield from _of_group(group, use, file_stores, said)
        sys.stderr.writelines(line + '\n' for line in (
            *map(_summary, listed), *totals.lines(len(listed)),
            *_contradictory(contradictory), *why, *_remedies(said)))

    def _used(self, groups: Sequence[grouping.Group]
              ) -> tuple[_Use, list[str]]:
        """And a sentence on each that could not be asked."""
        from glance_lifecycle.audit.duplicates import use
        from glance_lifecycle.dependents import base
        from glance_lifecycle.dependents import loading
        if not groups:
            return {}, []
        try:
            conn = connection.of(self)
        except (osc_exceptions.CommandError, sdk_exceptions.SDKException,
                ksa_exceptions.ClientException) as error:
            # Their texts may quote what should not be shown.
            return {}, ['Servers and volumes are not counted: there is no '
                        'session (%s).' % type(error).__name__]
        found: _Use = {}
        why = []
        members = [one for group in groups for one in group.members]
        for provider in loading.providers(_ASKED, conn, base.Settings()):
            try:
                found[provider.name] = use.counted(provider, members)
            except base.NotAsked as error:
                why.append('%s are not counted: %s.' % (
                    provider.name.capitalize(),
                    shown.visible(error.detail).rstrip('.')))
        return found, why


def _of_group(group: grouping.Group, use: _Use, file_stores: Sequence[str],
              said: set[remedies.Remedy]) -> Iterator[Sequence[Any]]:
    from glance_lifecycle.audit.duplicates import remedies
    from glance_lifecycle.audit.hygiene import wording
    fitting = remedies.of(group, {
        one.id: sum(counts[one.id] for counts in use.values())
        for one in group.members} if len(use) == len(_ASKED) else None,
        file_stores)
    for one in group.members:
        said.update(fitting[one.id])
        yield (group.name, ', '.join(group.why), one.id,
               wording.shown(one.name), wording.shown(one.project),
               one.visibility, wording.time(one.created), one.held,
               ', '.join(map(wording.shown, one.stores)),
               *(use[name][one.id] if name in use else ''
                 for name in _ASKED), ', '.join(fitting[one.id]))


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
