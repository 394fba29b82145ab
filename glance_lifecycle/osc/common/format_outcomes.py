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

"""What "migrate format run" and "undo" say, and what they agree on."""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.reclaim.formats import outcome
    from glance_lifecycle.reclaim.formats import plan as plans

#: What may need a new image: a copy in Ceph that has clones is kept by Glance
#: itself.
ASKED = ('servers', 'volumes')

COLUMNS = ('Image', 'Name', 'Project', 'Result', 'New Image', 'Detail')

#: Shown before it is asked whether it shall be so.
_MOST_SHOWN = 20

# The first that is there is that of the command.
_CODES = (('failed', shown.BAD), ('left', shown.UNKNOWN))

#: From the steps, and whether only to say what would be done.
Run = Callable[[Sequence['plans.Step'], bool], Iterable['outcome.Outcome']]


class Lines:
    """Progress on a terminal: see ``reclaim.formats.api.Shown``."""

    def __init__(self) -> None:
        self._line = progress.Progress('', 0)

    def begin(self, what: str, total: int) -> None:
        self._line = progress.Progress(shown.visible(what), total)

    def at(self, done: int) -> None:
        self._line.at(done)

    def say(self, text: str) -> None:
        self._line.say(shown.visible(text))

    def end(self) -> None:
        self._line.end()


def carried_out(plan: plans.Plan, run: Run, changes: Sequence[str],
                would: Callable[[outcome.Outcome], str], *, dry_run: bool,
                yes: bool) -> list[outcome.Outcome]:
    """What became of each image; agreed on before, unless that is waived.

    What was not shown is not done, should it fit by now.

    :param changes: results that are asked about, beside what is deleted
    :param would: what is shown of one of these
    :raises CommandError: the answer is not yes
    """
    found: list[outcome.Outcome] = []
    steps = plan.steps
    if not (dry_run or yes):
        looked = list(run(steps, True))
        some = [one for one in looked
                if one.deleted or str(one.result) in changes]
        for one in some[:_MOST_SHOWN]:
            _say(would(one))
        if len(some) > _MOST_SHOWN:
            _say('... and %d more' % (len(some) - _MOST_SHOWN))
        if some:
            shown.agreed('Nothing was done')
        found = [one for one in looked if one not in some]
        steps = tuple(one.step for one in some)
    try:
        for one in run(steps, dry_run):
            found.append(one)
    except BaseException:
        # What was done is done.
        if found:
            _say('\n'.join(summary(found, dry_run)))
        raise
    _say('\n'.join(summary(found, dry_run)))
    return found


def row(one: outcome.Outcome) -> Sequence[Any]:
    image = one.step.image
    return (image.id, shown.visible(image.name), shown.visible(image.project),
            str(one.result), one.new, shown.visible(one.detail))


def code(found: Iterable[outcome.Outcome]) -> int:
    """The exit code."""
    known = {str(one.result) for one in found}
    return next((number for name, number in _CODES if name in known), 0)


def summary(found: Sequence[outcome.Outcome], dry_run: bool
            ) -> Iterator[str]:
    """How many of each result."""
    if not found:
        yield 'Nothing was to be done.'
    elif dry_run:
        yield 'Nothing was done. This is what would become of it:'
    for result, count in sorted(collections.Counter(
            str(one.result) for one in found).items()):
        yield '  %s: %d' % (result, count)


def image(step: plans.Step) -> str:
    """For who is to agree."""
    was = step.image
    return '%s (%s) of project %s' % (
        was.id, shown.visible(was.name) or 'no name',
        shown.visible(was.project))


def consequences(step: plans.Step) -> str:
    """What comes of replacing it; sentences."""
    from glance_lifecycle.policy import units
    was = step.image
    found = ['%s of %s become %s of raw%s.' % (
        units.size_text(was.size), step.disk_format,
        'what is not known before' if step.virtual_size is None
        else units.size_text(step.virtual_size),
        ' in store %s' % ', '.join(step.stores) if step.stores else '')]
    if step.users is None:
        found.append('It is not known what is made of it.')
    elif step.users:
        found.append('%d servers and volumes made of it keep the old one.'
                     % step.users)
    found.append('It is %s%s%s.' % (
        was.visibility, ', and its %d members see the new one'
        % step.members if step.members else '',
        ', and both are protected' if step.protected else ''))
    if step.dropped:
        found.append('Not carried over: %s.' % ', '.join(step.dropped))
    return ' '.join(map(shown.visible, found))


def _say(text: str) -> None:
    sys.stderr.write(text + '\n')
