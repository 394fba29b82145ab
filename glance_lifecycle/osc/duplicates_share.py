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

"""``openstack image lifecycle duplicates share``"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import duplicates
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.duplicates import grouping
    from glance_lifecycle.copies import sharing

_COLUMNS = ('Group', 'Image', 'Store', 'Result', 'Bytes', 'Detail')


class ShareDuplicates(shown.Judging):
    """Let files of the same bytes share their blocks, on XFS and Btrfs.

    The groups are those of "duplicates list"; of each, the copies in stores
    of files on this host. Shows what would be shared, and asks first. The
    kernel compares the bytes under its own lock before it shares them, so
    that none can change, and no user notices. What is shared already is left
    alone: run it again whenever you like, also after it was interrupted. The
    exit code is 1 if bytes that are said to be the same are not, or if the
    kernel refuses.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        duplicates.add_arguments(parser)
        duplicates.add_group(parser)
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be shared.')
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask.')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        with shown.errors():
            store_host.configured(parsed_args)
            from glance_lifecycle.copies import sharing_here
            with sharing_here.sharing_in(parsed_args.stores, _say) as sharer:
                rows = list(self._done(parsed_args, sharer))
        self.failed = any(one.failed for one in rows)
        return _COLUMNS, [_row(one) for one in rows]

    def _done(self, parsed_args: argparse.Namespace,
              sharer: sharing.Sharing) -> Iterator[sharing.Done]:
        from glance_lifecycle.copies import sharing
        plan = _plan(parsed_args, sharer)
        yield from sharer.skipped
        for store, count in sorted(sharer.cannot.items()):
            _say('Store %s, %d files: %s' % (
                shown.visible(store), count, sharing.CANNOT))
        if sharer.already:
            _say('%d groups of files share all of their blocks already.'
                 % sharer.already)
        for one in plan:
            _say('\n'.join(_lines(one)))
        if not plan:
            _say('Nothing is to be shared.')
            return
        if parsed_args.dry_run:
            for one in plan:
                yield from _planned(one)
            return
        if not parsed_args.yes:
            _ask()
        yield from _shared(plan, sharer)


def _plan(parsed_args: argparse.Namespace, sharer: sharing.Sharing
          ) -> list[sharing.Set]:
    """What is to be shared, of as many groups as are asked for.

    Those that share all already do not count: the next run has the others.
    """
    plan: list[sharing.Set] = []
    groups: set[str] = set()
    for one in sharer.plan(_groups(parsed_args)):
        groups.add(one.files[0].group.name)
        if parsed_args.limit and len(groups) > parsed_args.limit:
            _say('There are more than %d groups: run this again for the '
                 'others.' % parsed_args.limit)
            break
        plan.append(one)
    return plan


def _groups(parsed_args: argparse.Namespace) -> Iterator[grouping.Group]:
    with duplicates.grouped(parsed_args) as found:
        yield from duplicates.named(found.groups(), parsed_args.groups)


def _lines(one: sharing.Set) -> Iterator[str]:
    """For who is to agree."""
    first, *others = one.files
    yield 'Group %s, files of %d bytes, %d bytes to share:' % (
        first.group.name, first.size, one.left)
    yield '  image %s in store %s, whose blocks stay' % (
        first.image_id, shown.visible(first.store))
    for file in others:
        yield '  image %s in store %s' % (
            file.image_id, shown.visible(file.store))


def _planned(one: sharing.Set) -> Iterator[sharing.Done]:
    from glance_lifecycle.copies import sharing
    for number, file in enumerate(one.files):
        yield sharing.Done(file, sharing.Result.PLANNED if number else
                           sharing.Result.SOURCE)


def _shared(plan: Sequence[sharing.Set], sharer: sharing.Sharing
            ) -> Iterator[sharing.Done]:
    before = sharer.free()
    line = progress.Progress('Sharing', sum(one.left for one in plan))
    done = 0

    def at(more: int) -> None:
        nonlocal done
        done += more
        line.at(done)

    shared = 0
    try:
        for one in plan:
            for file in sharer.share(one, at):
                shared += file.bytes
                yield file
    finally:
        line.end()
        after = sharer.free()
        _say('%d bytes were compared by the kernel and are shared by now. %d '
             'bytes of the device have come back, by what these files tell '
             '(FIEMAP), unless a snapshot has them. Free space has changed by '
             '%+d bytes (statvfs), with all that others wrote meanwhile.' % (
                 shared, sharer.freed, sum(
                     after[device] - before[device] for device in before)))


def _row(one: sharing.Done) -> Sequence[Any]:
    return (one.file.group.name, one.file.image_id,
            shown.visible(one.file.store), str(one.result), one.bytes,
            shown.visible(one.detail))


def _ask() -> None:
    shown.agreed('Nothing was shared')


def _say(text: str) -> None:
    sys.stderr.write(text + '\n')
