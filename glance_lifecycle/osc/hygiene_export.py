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

"""``openstack image lifecycle hygiene export``"""

import argparse
from collections.abc import Sequence
import pathlib
import socket
import sys
import time
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.hygiene import exporting

_COLUMNS = ('File', 'Glance', 'Time', 'Ids', 'Digest', 'Certificate')
_UNSIGNED = (
    'The export is not signed, as [lifecycle_signing] signing_key is not set: '
    'the other Glance takes it with --unsigned only.\n')

# Images that are read between two looks at the clock.
_STEP = 1000


class ExportImages(command.ShowOne):
    """Write a list of all images that this Glance needs.

    For another Glance that uses the same store, a region or an old cloud: its
    "hygiene plan --export" then never touches what this one needs. The list
    has the ids of all images that are not deleted, and of what their locations
    lead to. It is signed with the service's key, [lifecycle_signing]
    signing_key, if there is one. The file is new, for its owner only, and
    appears when it is whole. Nothing else is changed.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--out', metavar='<file>', type=pathlib.Path, required=True,
            help='File to write; it must not exist.')
        parser.add_argument(
            '--name', metavar='<name>', type=_name, default=_host(),
            help='Name of this Glance, for the people who read the list '
            '(default: the name of this host).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        with shown.errors():
            store_host.configured(parsed_args)
            written = _written(parsed_args)
        if not written.certificate_id:
            sys.stderr.write(_UNSIGNED)
        from glance_lifecycle.audit.hygiene import export_file
        header = written.header
        return _COLUMNS, (
            str(parsed_args.out), header.glance,
            export_file.moment(header.time), header.ids, written.digest,
            written.certificate_id)


def _written(parsed_args: argparse.Namespace) -> 'exporting.Written':
    from oslo_config import cfg

    from glance_lifecycle.audit.hygiene import exporting
    from glance_lifecycle.audit.hygiene import here
    from glance_lifecycle.signing import configured
    # Before a minute's work.
    signer = configured.service_signer(
        cfg.CONF, configured.service_context(cfg.CONF))
    line = progress.Progress('', 0)
    try:
        return exporting.export(
            here.ThisHost(), parsed_args.out, parsed_args.name, time.time(),
            signer, _Seen(line))
    finally:
        line.end()


class _Seen:
    """Shown now and then."""

    def __init__(self, line: progress.Progress) -> None:
        self._line = line

    def at(self, number: int) -> None:
        if number % _STEP == 0:
            self._line.say('%d images read' % number)


def _host() -> str:
    name = socket.gethostname()
    return name if name.isprintable() and name else 'glance'


def _name(text: str) -> str:
    from glance_lifecycle.audit.hygiene import export_file
    if not text.isprintable() or not 0 < len(text) <= export_file.NAME:
        raise argparse.ArgumentTypeError(
            '"%s" is no printable name of at most %d characters.' % (
                shown.visible(text[:export_file.NAME]), export_file.NAME))
    return text
