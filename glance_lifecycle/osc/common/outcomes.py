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

"""What became of the steps of a plan, in rows and in a summary."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.reclaim import outcome

COLUMNS = ('Store', 'Object', 'Image', 'Bytes', 'Result', 'Detail')

# The first that is there is that of the command.
_CODES = (('failed', shown.BAD), ('left', shown.UNKNOWN),
          ('restored', shown.UNKNOWN), ('not yet', shown.WARNING))


def row(one: outcome.Outcome) -> Sequence[Any]:
    from glance_lifecycle.audit.hygiene import wording
    return (one.store, where(one), wording.shown(
        one.entry.image_id if one.entry else ''), one.held, str(one.result),
        wording.shown(one.detail))


def where(one: outcome.Outcome) -> str:
    from glance_lifecycle.audit.hygiene import wording
    if one.entry is None:
        return ''
    return wording.shown(one.entry.where or one.entry.name)


def code(counts: Mapping[outcome.Result, int]) -> int:
    """The exit code of what is not done."""
    known = {str(result) for result in counts}
    return next((number for name, number in _CODES if name in known), 0)


def summary(found: Sequence[outcome.Outcome], dry_run: bool
            ) -> Iterator[str]:
    """How many, and how many bytes, of each result."""
    counts: collections.Counter[str] = collections.Counter()
    held: collections.Counter[str] = collections.Counter()
    for one in found:
        counts[str(one.result)] += 1
        held[str(one.result)] += one.held
    if not found:
        yield 'There is nothing of this plan.'
    if dry_run:
        yield 'Nothing was done. This is what would become of it:'
    for result, count in sorted(counts.items()):
        yield '  %s: %d, %d bytes' % (result, count, held[result])
