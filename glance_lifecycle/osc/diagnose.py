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

"""``openstack image lifecycle diagnose``"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime
import json
import re
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.audit import finding
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import file_options
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import log_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host
from glance_lifecycle.osc.common import text_formatter

# "openstack --help" loads this module, and pays for no more than that.
if TYPE_CHECKING:
    from glance_lifecycle.audit.diagnosis import facts
    from glance_lifecycle.audit.diagnosis import here

# Of audit.diagnosis.symptoms.report, which is loaded when it is asked for.
_SYMPTOMS = ('slow-boot', 'signature', 'cache-full', 'missing-store',
             'upload-fails', 'public-by-accident')

# Of which each glance-api can tell something else.
_ASKED = ('cache-full', 'missing-store', 'upload-fails')

_WORD = re.compile(r'[\w-]{20,50}')

_CODES = {finding.Severity.ERROR: shown.BAD,
          finding.Severity.UNKNOWN: shown.UNKNOWN,
          finding.Severity.WARNING: shown.WARNING}


class Diagnose(judging.Judging, text_formatter.ByDefault,
               command.Lister):
    """Say why an image is stuck, how sure that is, and what to do next.

    It asks the Image API for the image and its tasks and, where you name
    them, reads logs, and the staging and the journals of a host of
    glance-api. Nothing is changed. What is not known is said to be unknown.
    The exit code is 0 if nothing is wrong, 1 if an error was found or the
    command could not run, 3 if it could not be told, 4 for a warning.
    """

    # Of a symptom.
    _report: dict[str, Any] | None = None

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        which = parser.add_mutually_exclusive_group()
        which.add_argument('image', metavar='<image>', nargs='?',
                           help='Image (name or id).')
        which.add_argument(
            '--all-stuck', action='store_true',
            help='Each image that you may see and that waits for something: '
            'queued, saving, uploading, importing, pending_delete or killed, '
            'or with stores that failed, or a lock; and, with --config-dir, '
            'of which an import or a copy died on this host.')
        parser.add_argument(
            '--symptom', choices=_SYMPTOMS,
            help='Follow the questions that lead to the causes of this '
            'symptom, of the image or of none, and say what has still to be '
            'known.')
        parser.add_argument(
            '--older-than', metavar='<time>', type=_duration, default=0,
            help='With --all-stuck, only images that have not changed for so '
            'long, such as "2 hours", to leave out imports that run.')
        parser.add_argument(
            '--state-dir', metavar='<directory>', default='',
            help='[lifecycle] state_dir of this host, where it is not what '
            '--config-dir says, such as in a container.')
        parser.add_argument(
            '--staging', metavar='<directory>', default='',
            help='Directory of staged images of this host, where it is not '
            'what --config-dir says.')
        file_options.add_arguments(
            parser, config_dir='On a host of glance-api: the directory of '
            'glance-api.conf, to look at its staging and its journals too.',
            api_url='With --symptom %s: address of one glance-api, to ask '
            'each of those behind the same endpoint. It gets your token '
            '(repeat for more).' % ', '.join(_ASKED))
        log_options.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        from glance_lifecycle.audit.diagnosis import text
        if parsed_args.older_than and not parsed_args.all_stuck:
            raise osc_exceptions.CommandError(
                '--older-than is for --all-stuck.')
        if not (parsed_args.image or parsed_args.all_stuck
                or parsed_args.symptom):
            raise osc_exceptions.CommandError(
                'Name an image, or give --all-stuck or --symptom.')
        if parsed_args.all_stuck and parsed_args.symptom:
            raise osc_exceptions.CommandError(
                '--symptom is for one image, or for none.')
        if parsed_args.all_stuck and (
                parsed_args.read_log or parsed_args.journal):
            raise osc_exceptions.CommandError(
                '--read-log and --journal are for one image: they are read '
                'anew for each.')
        if parsed_args.symptom:
            if parsed_args.api_url and parsed_args.symptom not in _ASKED:
                raise osc_exceptions.CommandError(
                    '--api-url is for --symptom %s.' % ', '.join(_ASKED))
            return self._followed(parsed_args)
        if more := file_options.used(parsed_args):
            raise osc_exceptions.CommandError(
                'Give --symptom, or leave out %s.' % ', '.join(more))
        with shown.errors():
            self._found = self._facts(parsed_args)
        return text.COLUMNS, self._rows()

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        with shown.errors():
            if self._report is not None and parsed_args.formatter == 'json':
                self.app.stdout.write(
                    json.dumps(self._report, indent=2) + '\n')
                return 0
            if parsed_args.formatter != 'text':
                return int(super().produce_output(
                    parsed_args, column_names, data))
            self._print()
        return 0

    def _print(self) -> None:
        from glance_lifecycle.audit.diagnosis import text
        out = self.app.stdout
        if self._report is not None:
            from glance_lifecycle.audit.diagnosis.symptoms import report
            out.writelines(line + '\n' for line in report.lines(
                self._report))
            return
        first = True
        for found in self._found:
            if not first:
                out.write('\n')
            first = False
            out.writelines(line + '\n' for line in text.lines(
                found, self._judged(found)))
        if first:
            out.write('No image is stuck.\n')

    def _rows(self) -> Iterator[Sequence[Any]]:
        from glance_lifecycle.audit.diagnosis import text
        for found in self._found:
            causes = self._judged(found)
            yield from text.rows(found, causes[:self._most])

    def _judged(self, found: 'facts.Facts') -> list[Any]:
        from glance_lifecycle.audit.diagnosis import judging
        causes = judging.diagnose(found)
        for one in causes:
            code = _CODES.get(one.severity, 0)
            # The least is the worst, and 0 is none.
            self._code = min(filter(None, (self._code, code)), default=0)
        return causes

    def _followed(self, parsed_args: argparse.Namespace
                  ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        from glance_lifecycle.audit.diagnosis.symptoms import report
        from glance_lifecycle.audit import image_api
        from glance_lifecycle.osc.common import image_facts
        with shown.errors():
            client = connection.of(self).image
            with image_api.asking('list its stores'):
                stores = image_api.store_names(client)
            image = None
            if parsed_args.image:
                image = self._one(parsed_args, stores)
            self._report = report.data(
                parsed_args.symptom, image_facts.known_of(
                    connection.of(self), parsed_args, image, stores))
        codes = [_CODES.get(finding.Severity(one['severity']), 0)
                 for one in self._report['findings']]
        self._code = min(filter(None, codes), default=(
            shown.UNKNOWN if self._report['needed'] else 0))
        return report.COLUMNS, report.rows(self._report)

    def _one(self, parsed_args: argparse.Namespace, stores: list[str]
             ) -> 'facts.Facts':
        from glance_lifecycle.audit.diagnosis import asked
        from glance_lifecycle.audit.diagnosis import here
        from glance_lifecycle.audit import image_api
        client = connection.of(self).image
        image_id = store_host.find(self, parsed_args.image).id
        places = _places(parsed_args)
        return _with_lines(_with_here(
            asked.one(image_api.getter(client), image_id, stores),
            here.Looking(places) if places else None), parsed_args)

    def _facts(self, parsed_args: argparse.Namespace
               ) -> 'Iterator[facts.Facts]':
        from glance_lifecycle.audit.diagnosis import asked
        from glance_lifecycle.audit.diagnosis import here
        from glance_lifecycle.audit import image_api
        client = connection.of(self).image
        get = image_api.getter(client)
        places = _places(parsed_args)
        with image_api.asking('list its stores'):
            stores = image_api.store_names(client)
        if parsed_args.all_stuck:
            # One row each: the worst and surest cause.
            self._most: int | None = 1
            looking = here.Looking(places) if places else None
            return (_with_here(found, looking) for found in asked.stuck(
                get, stores, parsed_args.older_than,
                here.left(places) if places else ()))
        self._most = None
        return iter([self._one(parsed_args, stores)])


def _with_here(found: 'facts.Facts', looking: 'here.Looking | None'
               ) -> 'facts.Facts':
    return found if looking is None else dataclasses.replace(
        found, here=looking.look(found.image.id))


def _with_lines(found: 'facts.Facts', parsed_args: argparse.Namespace
                ) -> 'facts.Facts':
    from glance_lifecycle.audit.diagnosis import journald
    from glance_lifecycle.audit.diagnosis import logs
    if not (parsed_args.read_log or parsed_args.journal):
        return found
    # Threads that import know of no request: their lines have the task's id.
    words = [found.image.id, *(
        word for one in found.tasks or () for word in (one.id, one.request_id)
        if _WORD.fullmatch(word))]
    # Clocks differ, and what failed at once was asked for before.
    since = found.image.created and (
        found.image.created - datetime.timedelta(hours=1))
    return dataclasses.replace(found, lines=tuple(
        line for lines in (
            *(logs.read(path, words, host)
              for host, path in parsed_args.read_log),
            *(journald.read(unit, words, since)
              for unit in parsed_args.journal)) for line in lines))


def _places(parsed_args: argparse.Namespace) -> 'here.Places | None':
    from glance_lifecycle.audit.diagnosis import here
    if not (parsed_args.config_dir or parsed_args.state_dir
            or parsed_args.staging):
        return None
    places = (here.configured(parsed_args.config_dir)
              if parsed_args.config_dir else here.Places())
    return dataclasses.replace(
        places, state_dir=parsed_args.state_dir or places.state_dir,
        staging=parsed_args.staging or places.staging)


def _duration(text: str) -> int:
    from glance_lifecycle.policy import units
    try:
        return units.duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError('%s.' % error) from None
