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

"""``openstack image lifecycle apply``"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import sys
from typing import Any

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import carrying_out
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker import plan as plans

_COLUMNS = ('Image', 'Name', 'Action', 'Result', 'Detail')


class ApplyPlan(command.Lister):
    """Carry out a plan of "image lifecycle plan": exactly that, or nothing.

    All images of the plan are looked at first. If one of them needs something
    else now, or the policy is another, nothing is done, and the difference is
    shown: make a new plan. What is destructive is shown, and asked about.
    On a host of glance-api, copies are made in one verified pass; elsewhere
    Glance makes them. The exit code is 1 if an action failed; carry the plan
    out again for the rest.
    """

    auth_required = False
    failed = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<file>',
                            help='What "image lifecycle plan --out" wrote.')
        parser.add_argument(
            '--policy', metavar='<file>',
            help='Policy document (default: what [lifecycle] policy_file of '
            'the configuration names).')
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask before destructive actions.')
        store_host.add_arguments(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self.failed)

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        with shown.errors():
            plan = plans.load(policy_options.read(parsed_args.plan,
                                                  plans.MAX_BYTES))
            policy = policy_options.policy(argparse.Namespace(
                policy=parsed_args.policy,
                config_file=next(iter(parsed_args.config_file), None)))
            cloud = clouds.Cloud(
                connection.of(self),
                lambda resource: store_host.here(parsed_args, resource))
            _check(plan, cloud, policy)
        self._ask(plan, parsed_args.yes)
        return _COLUMNS, self._carry_out(plan, cloud, policy)

    def _ask(self, plan: plans.Plan, yes: bool) -> None:
        """:raises CommandError: the answer is not yes"""
        destructive = [a for a in plan.actions if a.destructive]
        for action in destructive:
            self.app.stderr.write('%s, of image %s%s\n' % (
                action.text(), action.image_id, ' (%s)' % action.image_name
                if action.image_name else ''))
        if not destructive or yes:
            return
        if not sys.stdin.isatty():
            raise osc_exceptions.CommandError(
                'Nothing was done: there is no terminal to ask on. Use '
                '--yes.')
        self.app.stderr.write('Go on? [y/N] ')
        self.app.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ('y', 'yes'):
            raise osc_exceptions.CommandError('Nothing was done.')

    def _carry_out(self, plan: plans.Plan, cloud: clouds.Cloud,
                   policy: decision.Policy) -> Iterator[Sequence[Any]]:
        for action in plan.actions:
            line = progress.Progress('', 0)
            try:
                done = carrying_out.carry_out(
                    action, cloud, policy,
                    lambda text, a=action, to=line: to.say(  # type: ignore
                        '%s: %s: %s' % (a.image_id, a.text(), text)))
                result, detail = str(done.result), ''
            except exceptions.LifecycleError as error:
                self.failed = True
                result, detail = 'failed', error.for_operator()
            finally:
                line.end()
            yield (action.image_id, action.image_name, action.text(), result,
                   detail)


def _check(plan: plans.Plan, cloud: clouds.Cloud, policy: decision.Policy
           ) -> None:
    """That the world is as it was when the plan was made.

    :raises CommandError: it is not, and where
    """
    if plan.policy != policy.digest:
        raise osc_exceptions.CommandError(
            'Nothing was done: the plan was made for another policy. Make a '
            'new plan.')
    differences = list(_differences(plan.actions, cloud, policy))
    if differences:
        raise osc_exceptions.CommandError(
            'Nothing was done: the cloud is not as it was when the plan was '
            'made. %s Make a new plan.' % ' '.join(differences))


def _differences(planned: Sequence[actions.Action], cloud: clouds.Cloud,
                 policy: decision.Policy) -> Iterator[str]:
    for action in planned:
        image, why_not = carrying_out.look(action, cloud, policy)
        if image is None and why_not:
            yield 'Image %s, %s: %s' % (
                action.image_id, action.text(), exceptions.sentence(why_not))
