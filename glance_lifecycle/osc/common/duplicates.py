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
from collections.abc import Iterator
import contextlib
import sys
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.audit.duplicates import grouping


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


@contextlib.contextmanager
def grouped(parsed_args: argparse.Namespace
            ) -> Iterator[grouping.Grouping]:
    """See ``duplicates.here.grouped``, with what is read on stderr."""
    from glance_lifecycle.audit.duplicates import here
    line = progress.Progress('Reading', 0)

    def note(text: str) -> None:
        line.end()
        sys.stderr.write(shown.visible(text) + '\n')

    with here.grouped(
            parsed_args.stores, deep=parsed_args.deep,
            progress=lambda image_id, done: line.say(
                'Reading image %s: %d MiB' % (image_id, done >> 20)),
            note=note) as found:
        line.end()
        yield found


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
