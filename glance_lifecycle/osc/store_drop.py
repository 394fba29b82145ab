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

"""``openstack image lifecycle store drop``"""

from __future__ import annotations

import argparse
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.copies import dropping


class DropFromStore(command.Command):
    """DESTRUCTIVE: delete the copy of an image in one store.

    Shows what would be done, and asks first. Never the last copy, nor one
    that volumes or servers were cloned from, nor while it is not known whether
    any were. On a host of glance-api another copy must really be there.
    Glance deletes it, as far as its policy lets you.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        parser.add_argument('--from', metavar='<store>', dest='store',
                            required=True, help='Store to delete it from.')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be done.')
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask.')
        parser.add_argument(
            '--ceph-conf', metavar='<file>', default='',
            help="Ceph's configuration, to look for clones (default: what "
            'glance-api has, or where Ceph looks itself).')
        parser.add_argument(
            '--ceph-user', metavar='<user>', default='',
            help='Ceph user, without "client.".')
        parser.add_argument(
            '--ceph-timeout', metavar='<seconds>', type=float, default=10.0,
            help='Seconds to wait for Ceph (default: 10).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from glance_lifecycle.copies import removal
        resource = store_host.find(self, parsed_args.image)
        with shown.errors():
            plan = self._plan(parsed_args, resource)
        for line in plan.lines():
            self.app.stdout.write(line + '\n')
        _check(plan)
        if parsed_args.dry_run:
            return
        if not parsed_args.yes:
            shown.agreed('Nothing was dropped')
            plan = self._again(parsed_args, plan)
        with shown.errors():
            removal.drop(connection.of(self).image, plan)
        self.app.stdout.write('Dropped.\n')

    def _again(self, parsed_args: argparse.Namespace, before: dropping.Plan
               ) -> dropping.Plan:
        """As it is after the answer, which may have taken hours.

        Meanwhile a colleague, or the worker, may have dropped the other copy,
        and another image may have been registered with this one.

        :raises CommandError: it must not be dropped now, or is not what was
            shown
        """
        # By its id: another image may have the name by now.
        resource = store_host.find(self, before.image_id)
        with shown.errors():
            plan = self._plan(parsed_args, resource)
        _check(plan)
        if plan != before:
            raise osc_exceptions.CommandError(
                'Nothing was dropped: what is known of the copies of image '
                '%s changed while you were asked. Run it again.'
                % before.image_id)
        return plan

    def _plan(self, parsed_args: argparse.Namespace,
              resource: Any) -> dropping.Plan:
        from glance_lifecycle.copies import removal
        from glance_lifecycle.dependents import base
        ceph = None
        if parsed_args.ceph_conf or parsed_args.ceph_user:
            ceph = base.Ceph(parsed_args.ceph_conf, parsed_args.ceph_user)
        return removal.plan(
            connection.of(self).image, resource, parsed_args.store,
            store_host.here(parsed_args, resource), ceph,
            ceph_timeout=parsed_args.ceph_timeout)


def _check(plan: dropping.Plan) -> None:
    """:raises CommandError: something speaks against it"""
    if plan.against:
        raise osc_exceptions.CommandError(
            'The copy of image %s in store %s cannot be dropped: %s.' % (
                plan.image_id, plan.destroyed.store,
                '; '.join(plan.against).rstrip('.')))
