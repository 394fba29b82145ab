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

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.policy import decision
    from glance_lifecycle.worker import action as actions
    from glance_lifecycle.worker import cloud as clouds
    from glance_lifecycle.worker import plan as plans

_COLUMNS = ('Image', 'Name', 'Action', 'Result', 'Detail')


class ApplyPlan(shown.Judging):
    """Carry out a plan of "image lifecycle plan": exactly that, or nothing.

    All images of the plan are looked at first. If one of them needs something
    else now, or the policy is another, nothing is done, and the difference is
    shown: make a new plan. What is destructive is shown, and asked about.
    On a host of glance-api, copies are made in one verified pass; elsewhere
    Glance makes them. The exit code is 1 if an action failed; carry the plan
    out again for the rest.
    """

    auth_required = False

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

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        from glance_lifecycle.worker import cloud as clouds
        from glance_lifecycle.worker import plan as plans
        from glance_lifecycle.worker import resigning
        with shown.errors():
            plan = input_file.load(parsed_args.plan, plans.MAX_BYTES,
                                   plans.load)
            policy = policy_options.policy(parsed_args)
            cloud = clouds.Cloud(
                connection.of(self),
                lambda resource: store_host.here(parsed_args, resource),
                signatures=resigning.of(
                    policy_options.configuration(parsed_args)))
            looked = _looked_at(plan, cloud, policy)
        destructive = [(action, image) for action, image in looked
                       if image is not None and action.destructive]
        for action, image in destructive:
            # Its name as it is now, not as the file says.
            self.app.stderr.write('%s, of image %s (%s)\n' % (
                action.text(), image['id'],
                shown.visible(image.get('name') or 'no name')))
        if destructive and not parsed_args.yes:
            shown.agreed('Nothing was done')
        return _COLUMNS, (
            (action.image_id, shown.visible(action.image_name),
             action.text(), *self._carry_out(action, image, cloud, policy))
            for action, image in looked)

    def _carry_out(self, action: actions.Action, image: clouds.Image | None,
                   cloud: clouds.Cloud, policy: decision.Policy
                   ) -> tuple[str, str]:
        """Its result, and why."""
        from glance_lifecycle.worker import carrying_out
        if image is None:
            # Nor is it done if it has become needed since: nobody was asked.
            return str(carrying_out.Result.NOT_NEEDED), ''
        line = progress.Progress('', 0)
        try:
            return str(carrying_out.carry_out(
                action, cloud, policy, lambda text: line.say(
                    '%s: %s: %s' % (action.image_id, action.text(), text))
                ).result), ''
        except exceptions.LifecycleError as error:
            self.failed = True
            return 'failed', error.for_operator()
        finally:
            line.end()


def _looked_at(plan: plans.Plan, cloud: clouds.Cloud, policy: decision.Policy
               ) -> list[tuple[actions.Action, clouds.Image | None]]:
    """Each action with its image, if that needs it still.

    :raises CommandError: the world is not as it was for the plan, and where
    """
    from glance_lifecycle.worker import carrying_out
    if plan.policy != policy.digest:
        raise osc_exceptions.CommandError(
            'Nothing was done: the plan was made for another policy. Make a '
            'new plan.')
    looked, differences = [], []
    for action in plan.actions:
        image, why_not = carrying_out.look(action, cloud, policy)
        looked.append((action, image))
        if why_not:
            differences.append('Image %s, %s: %s' % (
                action.image_id, action.text(), exceptions.sentence(why_not)))
    if differences:
        raise osc_exceptions.CommandError(
            'Nothing was done: the cloud is not as it was when the plan was '
            'made. %s Make a new plan.' % ' '.join(differences))
    return looked
