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

"""``openstack image lifecycle migrate pause`` and ``resume``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import migrations
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker.database import moves

_COLUMNS = ('id', 'state', 'wave', 'phase')


class _Change(command.ShowOne):
    """What is done to one migration."""

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('migration', metavar='<migration>',
                            help='Id, as "migrate status" shows it.')
        worker_host.add_arguments(parser)
        return parser

    @staticmethod
    def cells(move: moves.Move) -> tuple[Sequence[str], Sequence[Any]]:
        return _COLUMNS, (move.id, str(move.state), move.wave,
                          str(move.phase))


class PauseMigration(_Change):
    """Let a migration begin no other image.

    Images that are being copied are finished first. "migrate resume" goes on.
    """

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        from glance_lifecycle.worker.migrating import asked
        with worker_host.database(parsed_args) as (database, _conf):
            return self.cells(asked.pause(
                database, parsed_args.migration,
                actor=worker_host.operator()))


class ResumeMigration(_Change):
    """Go on with a migration that was paused, or has stopped.

    Images that have failed are tried again: also of one that is done.
    """

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        from glance_lifecycle.worker.migrating import asked
        with worker_host.database(parsed_args) as (database, conf):
            migrations.check_acts(database, conf)
            return self.cells(asked.resume(
                database, parsed_args.migration,
                actor=worker_host.operator()))
