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

"""``openstack image lifecycle report``"""

import argparse
import json
import pathlib
from typing import Any

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import garbage
from glance_lifecycle.osc.common import report_options
from glance_lifecycle.osc.common import shown

_STDOUT = '-'


class Report(garbage.Seldom):
    """Write one page on the images of the cloud, for people to look at.

    Health, the catalogue, room and cost now and with the cheapest placement
    that "advise" finds, copy-on-write, signatures, drift, duplicates, what
    hygiene could reclaim, what the worker did this week, and what needs a
    decision. The page needs no network and no scripts. Each number says where
    it is from and which command shows more. What cannot be asked from here, or
    with your rights, is said in its place, and the exit code is 0 all the
    same. Nothing is changed. Stores are listed as "hygiene list" does, which
    takes long where they are large: see --skip.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--html', metavar='<file>',
            help='Write the page into this file ("-" for standard output).')
        parser.add_argument(
            '--json', metavar='<file>',
            help='Write the same facts into this file, as JSON ("-" for '
            'standard output).')
        report_options.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        # "openstack --help" loads this module, and pays for no more.
        wanted = [one for one in (parsed_args.html, parsed_args.json) if one]
        if not wanted or len(wanted) > len(set(wanted)):
            raise osc_exceptions.CommandError(
                'Say where to write the report: name a file with --html or '
                '--json, or two different ones.')
        html = _html() if parsed_args.html else None
        with shown.errors():
            from glance_lifecycle.osc.common import report_facts
            from glance_lifecycle.reporting import data
            from glance_lifecycle.reporting import page
            report = page.report(report_facts.Facts(
                self, parsed_args).collected())
        if html is not None:
            self._write(parsed_args.html, html.page(report))
        if parsed_args.json:
            self._write(parsed_args.json, json.dumps(
                data.data(report), indent=2) + '\n')
        absent = [one.title for one in report.sections if one.not_asked]
        if absent:
            self.app.stderr.write('Not told, and the report says why: %s.\n'
                                  % ', '.join(absent))

    def _write(self, path: str, text: str) -> None:
        if path == _STDOUT:
            self.app.stdout.write(text)
            return
        try:
            pathlib.Path(path).write_text(text, 'utf-8')
        except OSError as error:
            raise osc_exceptions.CommandError(
                '%s cannot be written: %s.' % (path, error.strerror)
            ) from None


def _html() -> Any:
    """What makes the page: found out before anything is asked.

    :raises CommandError: a package is missing that only this needs
    """
    try:
        from glance_lifecycle.reporting import html
    except ImportError as error:
        raise osc_exceptions.CommandError(
            'The Python module %s is not installed, which --html needs. '
            'Install glance-lifecycle[report], or use --json.' % error.name
        ) from None
    return html
