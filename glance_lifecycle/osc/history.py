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

"""``openstack image lifecycle history``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import json
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker.database import engine
    from glance_lifecycle.worker.database import history

_COLUMNS = ('At', 'Who', 'Event', 'What', 'Rule')
_LONG = ('Proof', 'Job', 'Policy')


class ShowHistory(command.Lister):
    """List what the lifecycle worker and operators did to an image.

    The oldest first: who did what, when, by which rule; with --long also the
    proof, such as digests and the values before. Also of an image that is
    gone. "glance-lifecycle-manage db purge" removes what is old.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (id, or the name that it had when a '
                            'job of it was opened; no cloud is asked).')
        parser.add_argument(
            '--long', action='store_true',
            help='Also show the proof, the job, and the digest of the policy.')
        worker_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.worker import asked
        with worker_host.database(parsed_args) as (database, _conf):
            entries = [*asked.history_of_image(database, parsed_args.image)]
            if not entries:
                entries = self._named(database, parsed_args.image)
        rows = [_row(entry, parsed_args.long) for entry in entries]
        return _COLUMNS + (_LONG if parsed_args.long else ()), rows

    def _named(self, database: engine.Database, name: str
               ) -> list[history.Entry]:
        """:raises CommandError: several images had the name"""
        from glance_lifecycle.worker import asked
        found = asked.images_named(database, name)
        if len(found) > 1:
            raise osc_exceptions.CommandError(
                'Several images had the name %s: %s. Name one by its id.' % (
                    shown.visible(name), ', '.join(found)))
        if not found:
            self.app.stderr.write(
                'Nothing is known of image %s. Is that its id, or its name?\n'
                % shown.visible(name))
            return []
        self.app.stderr.write('The history of image %s.\n' % found[0])
        return [*asked.history_of_image(database, found[0])]


def _row(entry: history.Entry, long: bool) -> Sequence[Any]:
    row = (worker_host.when(entry.at), shown.visible(entry.actor),
           entry.event, shown.visible(entry.text), shown.visible(entry.rule))
    return row if not long else (
        *row, worker_host.Cell(entry.proof, *_lines(entry.proof)),
        entry.job_id, entry.policy_digest)


def _lines(proof: Any) -> Iterator[str]:
    """One of each name, if it has names."""
    if isinstance(proof, dict):
        for name, value in proof.items():
            yield '%s: %s' % (name, value if isinstance(value, str)
                              else json.dumps(value))
    elif proof is not None:
        yield json.dumps(proof)
