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

"""``openstack image lifecycle doctor``"""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
import json
import os
import pathlib
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.audit import finding
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import file_options
from glance_lifecycle.osc.common import glance_config
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import text_formatter

# "openstack --help" loads this module, and pays for no more than that.
if TYPE_CHECKING:
    from glance_lifecycle.audit.doctor import mutes

# The least is the worst.
_CODES = {finding.Severity.ERROR: shown.BAD,
          finding.Severity.UNKNOWN: shown.UNKNOWN,
          finding.Severity.WARNING: shown.WARNING}

_COLUMNS = ('Code', 'Severity', 'Hosts', 'Subject', 'Place', 'Evidence',
            'Remedy')


class Doctor(judging.Judging, text_formatter.ByDefault,
             command.Lister):
    """Find what is wrong with the configuration of Glance, and say why.

    It reads files, asks the running services with --live only, and changes
    nothing. The files may be this host's, or gathered from any number of
    hosts. Nothing
    that may be a secret is shown. The exit code is 0 if there is nothing, or
    only "info"; 1 if an error was found, or the doctor could not run; 3 if
    there is no error, but something could not be told; 4 if there are only
    warnings.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        file_options.add_arguments(
            parser, config_dir='Directory with glance-api.conf of this host '
            '(default: %s).' % glance_config.USUAL,
            api_url='With --live: address of one glance-api, to compare it '
            'with the others behind the same endpoint. It gets your token '
            '(repeat for more).')
        parser.add_argument(
            '--live', action='store_true',
            help='Ask the running services as well, with your own rights, '
            'and compare what they say with the files, if there are any. '
            'Ask as an administrator to see the images of all projects. With '
            '--this-host, Ceph is asked as well, as its glance-api asks it.')
        parser.add_argument(
            '--mutes', metavar='<file>', type=pathlib.Path,
            help='YAML file with findings to leave out, until when, and why.')
        parser.add_argument(
            '--sarif', metavar='<file>', type=pathlib.Path,
            help='Write the findings into this file as well, in SARIF 2.1.0.')
        parser.add_argument(
            '--strict', action='store_true',
            help='Let warnings, and what could not be told, fail with 1.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        with shown.errors():
            self._report = self._examined(parsed_args)
        if parsed_args.sarif is not None:
            self._write_sarif(parsed_args.sarif)
        return _COLUMNS, [
            (one['code'], one['severity'], ', '.join(one['hosts']),
             one['subject'], ', '.join(
                 '%s:%d' % (place['path'], place['line'])
                 for place in one['places']), one['evidence'], one['remedy'])
            for one in self._report['findings'] if one['muted'] is None]

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        out = self.app.stdout
        if parsed_args.formatter == 'text':
            from glance_lifecycle.audit.doctor import text
            colour = out.isatty() and not os.environ.get('NO_COLOR')
            out.writelines(line + '\n' for line in text.lines(
                self._report, colour=colour))
        elif parsed_args.formatter == 'json':
            out.write(json.dumps(self._report, indent=2) + '\n')
        elif parsed_args.formatter == 'yaml':
            import yaml
            # libyaml takes a tenth of the time, where it is there.
            yaml.dump(self._report, out, sort_keys=False, Dumper=getattr(
                yaml, 'CSafeDumper', yaml.SafeDumper))
        else:
            for sentence in self._report['lapsed']:
                print(sentence, file=sys.stderr)
            return int(super().produce_output(
                parsed_args, column_names, data))
        return 0

    def _examined(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        from glance_lifecycle.audit.doctor import check
        from glance_lifecycle.audit.doctor import examination
        from glance_lifecycle.audit.doctor import mutes
        from glance_lifecycle.audit.doctor import report
        own = not parsed_args.host and parsed_args.config_dir is None
        directories = file_options.directories(
            parsed_args, glance_config.directory())
        if parsed_args.live and own and (
                not glance_config.directory().exists()):
            directories = []
        kinds = check.load_all()
        hosts = file_options.gathered(
            parsed_args, directories, file_options.given(
                parsed_args, own=own))
        live = None
        if parsed_args.live:
            from glance_lifecycle.audit.doctor.asked import questions
            live = questions.collect(connection.of(self), hosts,
                                     parsed_args.api_url)
        found = examination.examine(hosts, kinds, live)
        muted = mutes.apply(found.findings, self._mutes(parsed_args),
                            datetime.datetime.now(datetime.UTC).date())
        self._code = _code(muted, parsed_args.strict)
        return report.data(found, muted, {kind.code: kind for kind in kinds})

    def _mutes(self, parsed_args: argparse.Namespace
               ) -> 'tuple[mutes.Mute, ...]':
        from glance_lifecycle.audit.doctor import mutes
        from glance_lifecycle.policy import yaml_tree
        if parsed_args.mutes is None:
            return ()
        return input_file.load(str(parsed_args.mutes), yaml_tree.MAX_BYTES,
                               mutes.load)

    def _write_sarif(self, path: pathlib.Path) -> None:
        from glance_lifecycle.audit.doctor import sarif
        try:
            path.write_text(json.dumps(sarif.log(self._report), indent=2))
        except OSError as error:
            raise osc_exceptions.CommandError(
                '%s cannot be written: %s.' % (path, error.strerror)
            ) from None


def _code(muted: 'mutes.Muted', strict: bool) -> int:
    codes = [_CODES[one.severity] for one in muted.shown
             if one.severity in _CODES]
    if strict and codes:
        return shown.BAD
    return min(codes, default=0)
