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

"""What the commands on duplicates have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import sys
from typing import Any
from typing import TYPE_CHECKING

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.audit.duplicates import grouping


#: Providers of dependents that list a whole cloud.
ASKED = ('servers', 'volumes')

#: Provider -> image -> how many; of those that could be asked.
Use = dict[str, Mapping[str, int]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--store', metavar='<store>', action='append', dest='stores',
        default=[], help='Only copies in this store count (repeat for more; '
        'default: all).')
    parser.add_argument(
        '--deep', action='store_true',
        help='Read raw images of the same size that have no hash, or hashes '
        'of several algorithms, once each, from a store of this host.')
    parser.add_argument(
        '--limit', metavar='<number>', type=_number, default=100,
        help='At most so many groups; all are counted (default: 100; 0 for '
        'all).')


def add_group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--group', metavar='<group>', action='append', dest='groups',
        default=[], help='Only this group of "duplicates list" (repeat '
        'for more).')


def add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--project', metavar='<project-id>', default='',
        help='Only groups with an image of this project.')


@contextlib.contextmanager
def grouped(parsed_args: argparse.Namespace
            ) -> Iterator[grouping.Grouping]:
    """See ``duplicates.here.grouped``, with what is read on stderr."""
    from glance_lifecycle.audit.duplicates import here
    line = progress.Progress('Reading', 0)

    def begin(total: int) -> Callable[[int], None]:
        nonlocal line
        line = progress.Progress('Reading', total)
        return line.at

    def note(text: str) -> None:
        line.end()
        sys.stderr.write(shown.visible(text) + '\n')

    with here.grouped(parsed_args.stores, deep=parsed_args.deep, begin=begin,
                      note=note) as found:
        line.end()
        yield found


def named(groups: Iterable[grouping.Group], names: Sequence[str]
          ) -> Iterator[grouping.Group]:
    """Those of these names, or all where there are none.

    :raises CommandError: at the end, if there is no group of a name
    """
    missing = set(names)
    for group in groups:
        if not names or group.name in names:
            missing.discard(group.name)
            yield group
    for name in sorted(missing):
        raise osc_exceptions.CommandError(
            'There is no group %s. List them with "openstack image lifecycle '
            'duplicates list".' % shown.visible(name))


def first(groups: Iterable[grouping.Group], parsed_args: argparse.Namespace,
          totals: Totals) -> list[grouping.Group]:
    """As many as are asked for, of a project if it is asked for.

    :param totals: all of them are added
    """
    found = []
    for group in groups:
        if parsed_args.project and not any(
                one.project == parsed_args.project for one in group.members):
            continue
        if totals.add(group) <= parsed_args.limit or not parsed_args.limit:
            found.append(group)
    return found


def used(command: Any, groups: Sequence[grouping.Group]
         ) -> tuple[Use, list[str]]:
    """What needs their images; and a sentence on each that cannot be asked.

    :param command: the osc-lib command that runs
    """
    from glance_lifecycle.audit.duplicates import use
    from glance_lifecycle.dependents import base
    from glance_lifecycle.dependents import loading
    if not groups:
        return {}, []
    try:
        conn = connection.of(command)
    except (osc_exceptions.CommandError, sdk_exceptions.SDKException,
            ksa_exceptions.ClientException) as error:
        # Their texts may quote what should not be shown.
        return {}, ['Servers and volumes are not counted: there is no '
                    'session (%s).' % type(error).__name__]
    found: Use = {}
    why = []
    members = [one for group in groups for one in group.members]
    for provider in loading.providers(ASKED, conn, base.Settings()):
        try:
            found[provider.name] = use.counted(provider, members)
        except base.NotAsked as error:
            why.append('%s are not counted: %s.' % (
                provider.name.capitalize(),
                shown.visible(error.detail).rstrip('.')))
    return found, why


class Totals:
    """Of all groups, listed or not."""

    def __init__(self) -> None:
        self.groups = self.images = self.back = 0

    def add(self, group: grouping.Group) -> int:
        """:returns: how many there are by now"""
        self.groups += 1
        self.images += len(group.members)
        self.back += group.back
        return self.groups

    def lines(self, listed: int) -> Iterator[str]:
        yield ('%d groups of %d images%s. %d bytes would come back at most, '
               'if of each group only one image stayed, and less where their '
               'files share blocks already.' % (
                   self.groups, self.images, '' if listed == self.groups
                   else ', of which %d groups are listed' % listed,
                   self.back))


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError('"%s" is no number from 0 on.'
                                         % text)
    return number
