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

"""``openstack image lifecycle doctor explain``"""

import argparse

from osc_lib.command import command

from glance_lifecycle.osc.common import shown


class ExplainCheck(command.Command):
    """Say what a finding of the doctor means, and show right and wrong.

    Without a code, list all checks, and the codes of diagnoses.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('code', metavar='<code>', nargs='?',
                            help='Code of a check, such as GLC101.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        # Late, as in doctor.
        from glance_lifecycle.audit.doctor import check
        from glance_lifecycle.audit.doctor import text
        from glance_lifecycle.audit import pages
        page = pages.BY_CODE.get((parsed_args.code or '').upper())
        with shown.errors():
            if page is not None:
                lines = list(page.lines())
            elif parsed_args.code:
                lines = list(text.explained(
                    check.load(parsed_args.code.upper())))
            else:
                lines = ['%s %-7s %s' % (
                    kind.code, kind.severity, kind.title())
                    for kind in check.load_all()]
                lines += ['%s %-7s %s' % (
                    one.code, one.severity, one.title)
                    for one in pages.BY_CODE.values()]
        self.app.stdout.writelines(line + '\n' for line in lines)
