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

"""What became of the steps of a plan for duplicates, in rows."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.reclaim.duplicates import outcome

COLUMNS = ('Group', 'Image', 'Name', 'Project', 'Store', 'Instead', 'Result',
           'Detail')

#: What is asked about.
CHANGES = ('hidden', 'dropped')

# The first that is there is that of the command.
_CODES = (('failed', shown.BAD), ('left', shown.UNKNOWN))


def row(one: outcome.Outcome) -> Sequence[Any]:
    from glance_lifecycle.audit.hygiene import wording
    step = one.step
    return (wording.shown(step.group), step.image.id,
            wording.shown(step.image.name), wording.shown(step.image.project),
            wording.shown(step.store),
            step.instead.id if step.instead else '', str(one.result),
            wording.shown(one.detail))


def would(one: outcome.Outcome) -> str:
    """For who is to agree."""
    from glance_lifecycle.audit.hygiene import wording
    step = one.step
    image = '%s (%s) of project %s' % (
        step.image.id, wording.shown(step.image.name) or 'no name',
        wording.shown(step.image.project) or 'that is not known')
    if step.instead is None:
        return ('DESTRUCTIVE: the copy of image %s in store %s is deleted, %d '
                'bytes.' % (image, wording.shown(step.store),
                            step.image.size))
    return 'Image %s becomes hidden; image %s stays as it is.' % (
        image, step.instead.id)


def code(found: Sequence[outcome.Outcome]) -> int:
    """The exit code."""
    known = {str(one.result) for one in found}
    return next((number for name, number in _CODES if name in known), 0)


def summary(found: Sequence[outcome.Outcome], dry_run: bool
            ) -> Iterator[str]:
    """How many of each result, and the bytes that have come back."""
    counts = collections.Counter(str(one.result) for one in found)
    if not found:
        yield 'The plan has no steps.'
    elif dry_run:
        yield 'Nothing was done. This is what would become of it:'
    for result, count in sorted(counts.items()):
        yield '  %s: %d' % (result, count)
    back = sum(one.step.back for one in found if str(one.result) == 'dropped')
    if back:
        yield '  %d bytes %s back' % (back, 'would come' if dry_run else
                                      'have come')
