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

"""``openstack image lifecycle hygiene apply``"""

import argparse
import collections
from collections.abc import Iterator
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import export_options
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import outcomes
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.hygiene import exports
    from glance_lifecycle.reclaim import outcome
    from glance_lifecycle.reclaim import plan as plans

# Shown before it is asked whether they shall go.
_MOST_SHOWN = 20


class ApplyHygiene(judging.Judging, command.Lister):
    """Take what a plan of "hygiene plan" names out of the stores.

    Each object is looked at again before: it must be the same, and no image
    may need it. It goes into the quarantine of its store, where no location
    leads to, and "hygiene undo" brings it back. What has changed is left. No
    more is taken in one run than the plan says; run it again for the rest,
    also after an interruption. With --purge it is DESTRUCTIVE: what has been
    in quarantine for long enough is removed for good, after it was judged
    once more, and you are asked first. The exit code is 0 if all is done; 1 if
    something failed; 3 if something was left, or brought back, because it has
    changed, or because nobody can tell; 4 if the rest is for the next run.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<file>',
                            help='What "hygiene plan --out" wrote.')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be done.')
        parser.add_argument(
            '--purge', action='store_true',
            help='DESTRUCTIVE: remove for good what has been in quarantine '
            'for longer than the plan says.')
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask before something is purged.')
        export_options.add_arguments(parser)
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        with shown.errors():
            store_host.configured(parsed_args)
            found = self._outcomes(parsed_args)
        counts = collections.Counter(one.result for one in found)
        _say(found, parsed_args)
        self._code = outcomes.code(counts)
        return outcomes.COLUMNS, [outcomes.row(one) for one in found]

    def _outcomes(self, parsed_args: argparse.Namespace
                  ) -> 'list[outcome.Outcome]':
        from glance_lifecycle.reclaim import exported
        from glance_lifecycle.reclaim import here
        from glance_lifecycle.reclaim import plan as plans
        plan = input_file.load(parsed_args.plan, plans.MAX_BYTES, plans.load)
        needed = export_options.needed(parsed_args)
        exported.check(plan, needed)
        with here.locked():
            if parsed_args.purge and not (parsed_args.yes
                                          or parsed_args.dry_run):
                _ask(list(_applied(plan, needed, purge=True, dry_run=True)))
            found: list[outcome.Outcome] = []
            try:
                for one in _applied(
                        plan, needed, purge=parsed_args.purge,
                        dry_run=parsed_args.dry_run):
                    found.append(one)  # noqa: PERF402 - also of a part
            except BaseException:
                # What was done is done.
                if found:
                    _say(found, parsed_args)
                raise
            return found


def _say(found: 'list[outcome.Outcome]', parsed_args: argparse.Namespace
         ) -> None:
    sys.stderr.writelines(line + '\n' for line in outcomes.summary(
        found, parsed_args.dry_run))


def _applied(plan: 'plans.Plan', needed: 'exports.Needed', *, purge: bool,
             dry_run: bool) -> 'Iterator[outcome.Outcome]':
    from glance_lifecycle.audit.hygiene import here as audited
    from glance_lifecycle.reclaim import applying
    from glance_lifecycle.reclaim import here
    line = progress.Progress('Looking' if dry_run else 'Applying', plan.held)
    done = 0
    with here.applicable([one.name for one in plan.stores]) as (stores,
                                                                failed):
        try:
            for one in applying.Applying(
                    plan, audited.ThisHost(), stores, failed,
                    applying.Wishes(purge, dry_run, needed)).run():
                done += one.held
                line.at(done)
                yield one
        finally:
            line.end()


def _ask(found: 'list[outcome.Outcome]') -> None:
    """:raises CommandError: the answer is not yes"""
    from glance_lifecycle.reclaim import outcome
    gone = [one for one in found if one.result is outcome.Result.PURGED]
    if not gone:
        return
    for one in gone[:_MOST_SHOWN]:
        sys.stderr.write('Store %s: %s, %d bytes\n' % (
            one.store, outcomes.where(one), one.held))
    if len(gone) > _MOST_SHOWN:
        sys.stderr.write('... and %d more\n' % (len(gone) - _MOST_SHOWN))
    sys.stderr.write('%d objects, %d bytes, are removed for good.\n' % (
        len(gone), sum(one.held for one in gone)))
    shown.agreed('Nothing was done')
