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

"""``openstack image lifecycle duplicates apply``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import duplicates
from glance_lifecycle.osc.common import duplicates_outcomes as outcomes
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.reclaim.duplicates import applying
    from glance_lifecycle.reclaim.duplicates import notices
    from glance_lifecycle.reclaim.duplicates import outcome
    from glance_lifecycle.reclaim.duplicates import plan as plans

# Shown before it is asked whether it shall be so.
_MOST_SHOWN = 20


class ApplyDuplicates(judging.Judging, command.Lister):
    """Carry out a plan of "duplicates plan"; DESTRUCTIVE if it drops copies.

    Exactly its steps. Each image is looked at again before, and the one to
    use instead of it: what has changed, or is needed by now, is left. To hide
    images and to drop copies, it shows what would be done, and asks first.
    "duplicates undo" shows hidden images again; a copy that was dropped is
    gone. Notices to owners are written to new files. Run it again after an
    interruption: it goes on. The exit code is 0 if all is done; 1 if
    something failed; 3 if something was left.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<file>',
                            help='What "duplicates plan --out" wrote.')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be done.')
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask.')
        parser.add_argument(
            '--notices', metavar='<directory>',
            help='Write here what each owner is to be told, one file for '
            'people and one for programs.')
        parser.add_argument(
            '--policy', metavar='<file>',
            help='Policy document, to drop copies (default: what [lifecycle] '
            'policy_file of the configuration names).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        with shown.errors():
            found = self._outcomes(parsed_args)
        _say(found, parsed_args)
        self._code = outcomes.code(found)
        return outcomes.COLUMNS, [outcomes.row(one) for one in found]

    def _outcomes(self, parsed_args: argparse.Namespace
                  ) -> list[outcome.Outcome]:
        from glance_lifecycle.reclaim.duplicates import plan as plans
        plan = input_file.load(parsed_args.plan, plans.MAX_BYTES, plans.load)
        if plan.remedy is plans.Remedy.TELL:
            if not (parsed_args.notices or parsed_args.dry_run):
                raise osc_exceptions.CommandError(
                    'Nothing was written: say where, with --notices.')
        steps = plan.steps
        found: list[outcome.Outcome] = []
        if plan.remedy is not plans.Remedy.TELL and not (
                parsed_args.yes or parsed_args.dry_run):
            # What was not shown is not done, should it fit by now.
            found, steps = _agreed(list(self._applied(
                parsed_args, plan, steps, dry_run=True)))
        try:
            for one in self._applied(parsed_args, plan, steps,
                                     dry_run=parsed_args.dry_run):
                found.append(one)
        except BaseException:
            # What was done is done.
            if found:
                _say(found, parsed_args)
            raise
        return found

    def _applied(self, parsed_args: argparse.Namespace, plan: plans.Plan,
                 steps: Sequence[plans.Step], *, dry_run: bool
                 ) -> Iterator[outcome.Outcome]:
        line = progress.Progress('Looking' if dry_run else 'Applying', sum(
            step.image.size for step in steps))
        done = 0
        with _directory(parsed_args, dry_run) as directory:
            run = self._applying(parsed_args, plan, steps, directory, dry_run)
            try:
                for one in run.run():
                    done += one.step.image.size
                    line.at(done)
                    yield one
            finally:
                line.end()

    def _applying(self, parsed_args: argparse.Namespace, plan: plans.Plan,
                  steps: Sequence[plans.Step],
                  directory: notices.Directory | None, dry_run: bool
                  ) -> applying.Applying:
        from glance_lifecycle.reclaim.duplicates import applying
        from glance_lifecycle.reclaim.duplicates import plan as plans
        from glance_lifecycle.worker import cloud as clouds
        if plan.remedy is not plans.Remedy.DROP:
            return applying.Applying(
                plan, clouds.Cloud(connection.of(self),
                                   providers=duplicates.ASKED),
                directory=directory, dry_run=dry_run, steps=steps)
        # What stays is looked at in its stores.
        return applying.Applying(
            plan, clouds.Cloud(
                connection.of(self),
                lambda resource: store_host.needed(parsed_args, resource)),
            policy=policy_options.policy(parsed_args), dry_run=dry_run,
            steps=steps)


def _say(found: Sequence[outcome.Outcome], parsed_args: argparse.Namespace
         ) -> None:
    sys.stderr.writelines(line + '\n' for line in outcomes.summary(
        found, parsed_args.dry_run))


@contextlib.contextmanager
def _directory(parsed_args: argparse.Namespace, dry_run: bool
               ) -> Iterator[notices.Directory | None]:
    from glance_lifecycle.reclaim.duplicates import notices
    if dry_run or not parsed_args.notices:
        yield None
        return
    with contextlib.closing(notices.Directory(parsed_args.notices)) as found:
        yield found


def _agreed(found: Sequence[outcome.Outcome]
            ) -> tuple[list[outcome.Outcome], tuple[plans.Step, ...]]:
    """What nothing is done about, and the steps that were agreed to.

    :raises CommandError: the answer is not yes
    """
    some = [one for one in found if one.result in outcomes.CHANGES]
    for one in some[:_MOST_SHOWN]:
        sys.stderr.write(outcomes.would(one) + '\n')
    if len(some) > _MOST_SHOWN:
        sys.stderr.write('... and %d more\n' % (len(some) - _MOST_SHOWN))
    if some:
        shown.agreed('Nothing was done')
    return ([one for one in found if one.result not in outcomes.CHANGES],
            tuple(one.step for one in some))
