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

"""``openstack image lifecycle cloud show``"""

import argparse

from osc_lib.command import command

from glance_lifecycle.osc.common import cloud_facts
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc.common import shown


class ShowCloud(command.Command):
    """Show the facts of this cloud that "advise" is given by, as a document.

    Asked are Glance, Nova, Placement and Cinder with your rights, which should
    be those of an administrator; on a host of glance-api also the stores, and
    files that are named. Each number says where it is from: read, measured,
    given or assumed. What could not be told is noted. Nothing is changed; only
    with --probe something is written, and removed again, and you are asked
    first. "advise --cloud" reads the document. The exit code is 0 if it could
    be made, whatever is left out of it, and else 1.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '-f', '--format', dest='formatter', choices=('yaml', 'json'),
            default='yaml', help='How it is written (default: yaml).')
        parser.add_argument(
            '--output', metavar='<file>',
            help='Write it into this file, which must not be there yet.')
        cloud_facts.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        # "openstack --help" loads this module, and pays for no more.
        from glance_lifecycle.audit.cloud import writing
        plan_file.check_new(parsed_args.output)
        with shown.errors():
            document, notes = cloud_facts.collected(self, parsed_args)
        lines = (writing.as_json(document)
                 if parsed_args.formatter == 'json'
                 else writing.as_yaml(document, notes))
        if parsed_args.output is None:
            self.app.stdout.writelines(lines)
        else:
            plan_file.write(parsed_args.output, ''.join(lines).rstrip('\n'))
