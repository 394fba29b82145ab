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

"""``openstack image lifecycle trace``"""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import log_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import text_formatter

_COLUMNS = ('Time', 'Host', 'Service', 'Level', 'Place', 'Mark', 'Line')


class TraceRequest(judging.Judging, text_formatter.ByDefault,
                   command.Lister):
    """Follow one request through logs of any services and hosts.

    Its lines, and those of the requests that have it as their global request
    id, in the order of their times, with where it failed and where it ended.
    Clocks and time zones of the hosts are taken for the same. Nothing that may
    be a secret is shown. The exit code is 1 if there is an error among them,
    or the command could not run, and 3 if there is no line.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('request', metavar='<request-id>',
                            help='Such as req-3a3b...; global or not.')
        log_options.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        from glance_lifecycle.audit.diagnosis import tracing
        if not log_options.REQUEST.fullmatch(parsed_args.request):
            raise osc_exceptions.CommandError(
                'A request id begins with "req-", and a UUID follows.')
        log_options.check_some(parsed_args)
        with shown.errors():
            self._steps = tracing.trace(
                parsed_args.request, parsed_args.read_log,
                parsed_args.journal)
        if not self._steps:
            self._code = shown.UNKNOWN
        elif any(step.line.level in ('ERROR', 'CRITICAL')
                 for step in self._steps):
            self._code = shown.BAD
        return _COLUMNS, (
            (str(step.line.when or ''), step.line.host, step.line.service,
             step.line.level, shown.visible(step.line.place), step.mark,
             step.line.text) for step in self._steps)

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        if parsed_args.formatter != 'text':
            return int(super().produce_output(
                parsed_args, column_names, data))
        out = self.app.stdout
        for step in self._steps:
            line = step.line
            out.write('%s%s: %s\n' % (
                line.host + ' ' if line.host else '',
                shown.visible(line.place), line.text))
            if step.mark:
                out.write('    ^ %s\n' % step.mark)
        if not self._steps:
            out.write('No line has this request id.\n')
        return 0
