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


"""``openstack image lifecycle hygiene show``"""

import argparse

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions


class ShowCode(command.Command):
    """Say what a finding of "hygiene list" means, and what helps.

    Without a code, list all of them.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('code', metavar='<code>', nargs='?',
                            help='Code of a finding, such as GLC020.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        # Late, as in doctor.
        from glance_lifecycle.audit import pages
        known = {one.code: one for one in pages.GROUPS['Hygiene']}
        if not parsed_args.code:
            lines = ['%s %-7s %s' % (one.code, one.severity, one.title)
                     for one in known.values()]
        elif parsed_args.code.upper() in known:
            lines = list(known[parsed_args.code.upper()].lines())
        else:
            raise osc_exceptions.CommandError(
                'There is no such code of hygiene. They are: %s.'
                % ', '.join(sorted(known)))
        self.app.stdout.writelines(line + '\n' for line in lines)
