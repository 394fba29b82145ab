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

"""``openstack image lifecycle migrate undo``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from osc_lib.command import command

from glance_lifecycle.osc.common import migrations
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

# Shown before it is asked.
_MOST_SHOWN = 20


class UndoMigration(command.Lister):
    """DESTRUCTIVE: take a migration back: it becomes one the other way.

    What was deleted in the old store is copied back and verified there, and
    the copies that the migration has made are deleted, if nothing hangs on
    them. Copies that were in the new store before stay there. What would be
    done is shown, and you are asked first. A migration that runs has to be
    paused before. "migrate status" shows how far the way back is.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('migration', metavar='<migration>',
                            help='Id, as "migrate status" shows it.')
        migrations.add_asking(parser)
        worker_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.worker.migrating import asked
        with worker_host.database(parsed_args) as (database, conf):
            migrations.check_acts(database, conf)
            move, images = asked.undoing(database, parsed_args.migration)
            rows = [(image.image_id, shown.visible(image.image_name),
                     image.size, move.source,
                     move.target if image.drops else '') for image in images]
            if not parsed_args.dry_run:
                for row in rows[:_MOST_SHOWN]:
                    self.app.stderr.write('%s (%s)\n' % row[:2])
                self.app.stderr.write(
                    '%d images are to be in %s again. DESTRUCTIVE: %d copies '
                    'in %s are deleted after that.\n' % (
                        len(rows), move.source,
                        sum(image.drops for image in images), move.target))
                if not parsed_args.yes:
                    shown.agreed('Nothing was done')
                new = asked.undo(database, move.id,
                                 actor=worker_host.operator())
                self.app.stderr.write('Migration %s does that.\n' % new)
        return ('Image', 'Name', 'Bytes', 'Copied To', 'Deleted In'), rows
