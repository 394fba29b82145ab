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

"""``openstack image lifecycle store verify``"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING


from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade
    from glance_lifecycle import glance_host

_COLUMNS = ('Store', 'Result', 'Read', 'Seconds', 'Detail')


class VerifyStores(shown.Judging):
    """Read the stored copies of an image and compare them with its hash.

    All bytes of each copy are read, one copy after the other, in a process
    with the limits of an import, and compared with os_hash_value.
    The exit code is 1 if any copy is missing, unreadable or corrupt.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        parser.add_argument(
            '--store', metavar='<store>', action='append', dest='stores',
            help='Verify only the copy in this store (repeat for more).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        resource = store_host.find(self, parsed_args.image)
        with shown.errors():
            host = store_host.needed(parsed_args, resource)
            host.check_hash()
        copies = [store_host.copy_in(host, store)
                  for store in parsed_args.stores
                  ] if parsed_args.stores else host.image.copies
        return _COLUMNS, self._rows(host, copies)

    def _rows(self, host: facade.Copies,
              copies: Sequence[glance_host.StoredCopy]
              ) -> Iterator[Sequence[Any]]:
        for copy in copies:
            line = progress.Progress('Reading from ' + copy.store,
                                     host.image.size or 0)
            try:
                with shown.errors():
                    outcome = host.verify(copy, _shown_by(line))
            finally:
                line.end()
            self.failed |= not outcome.good
            yield (outcome.store, str(outcome.result),
                   *map(_number, (outcome.read, outcome.seconds)),
                   outcome.detail)


def _shown_by(line: progress.Progress) -> Callable[[dict[str, Any]], None]:
    return lambda report: line.at(report['done'])


def _number(value: float | None) -> Any:
    return '' if value is None else round(value, 1)
