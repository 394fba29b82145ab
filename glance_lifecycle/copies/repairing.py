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

"""An image and its copies mended, as far as that can be done without a doubt.

What keeps a copy that was good from being lost, wherever this is killed: a
location stays in Glance while its copy is written again, so that it leads to
the wrong copy, or to nothing, or to the new one, and the next repair sees
which; and what a killed copy has left is in its journal, as with "store copy".
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import enum
from typing import Any

from oslo_config import cfg

from glance_lifecycle.copies import examining
from glance_lifecycle.copies import known
from glance_lifecycle.copies import repair_plan
from glance_lifecycle.copies import rewriting
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer import journals

CONF = cfg.CONF

Action = repair_plan.Action
Line = repair_plan.Line
State = repair_plan.State

#: Of images that are repaired: the others are on their way, or have no bytes.
STATUSES = ('active', 'deactivated')


class Result(enum.StrEnum):
    WELL = 'well'
    MENDED = 'mended'
    DONE = 'done'
    PLANNED = 'planned'
    LEFT = 'left'
    FAILED = 'failed'


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one line of the plan."""

    line: Line
    result: Result
    detail: str

    @property
    def bad(self) -> bool:
        """Something is wrong still."""
        return self.line.bad and self.result is not Result.MENDED

    @property
    def unclear(self) -> bool:
        return self.line.unclear and self.result is not Result.MENDED


def busy(image: glance_host.StoredImage) -> str:
    """Who works on an image now, as a sentence; empty for nobody.

    :raises DatabaseError, ConfigurationError: that cannot be told
    """
    if image.lock:
        return ('It is being imported or copied, by task %s. Wait for its '
                'end: "openstack image task list %s".' % (
                    image.lock, image.id))
    marked = glance_host.some_images([image.id]).get(image.id)
    if marked is not None and marked.busy:
        return 'It is being imported, copied or staged.'
    if image.id in glance_host.images_of_tasks():
        return ('A task of it has not ended: "openstack image task list %s".'
                % image.id)
    for record, alive in journals.seen(CONF.lifecycle.state_dir):
        # What a copy that died has left is no more than what it was.
        if record.image_id == image.id and (
                alive or record.method != recovery_plan.STORE_COPY):
            return ('A process of this host imports or copies it.' if alive
                    else 'An import of it died on this host. Run '
                    '"glance-lifecycle-manage recover" first.')
    return ''


class Repair:
    """Of one image, once.

    :param name: of the image, to be shown
    :param deactivate: asks Glance to, with the rights of whoever runs this
    :ivar plan: after ``examine``
    """

    plan: repair_plan.Plan

    def __init__(self, image: glance_host.StoredImage, name: str,
                 begin: examining.Begin,
                 deactivate: Callable[[], None]) -> None:
        self._image = image
        self._name = name
        self._begin = begin
        self._deactivate = deactivate

    def examine(self, *, drop: bool, deactivate: bool) -> repair_plan.Plan:
        """Look at all copies, read them, and say what is to be done.

        :param drop: see ``repair_plan.plan``, as ``deactivate``
        :raises ImageRefused: an image like that is not repaired
        :raises ImageBusy: somebody works on it
        """
        if not inventory.image_id(self._image.id):
            raise exceptions.ImageRefused(
                reason='image-id', detail='the id of the image is no UUID, '
                'so it is not used to name anything in a store')
        if self._image.status not in STATUSES:
            raise exceptions.ImageBusy(
                image=self._image.id, detail='it is %s, and only an image '
                'that is active or deactivated has copies to repair'
                % self._image.status)
        self._check_idle()
        self._found = examining.examine(self._image, self._name, self._begin)
        self.plan = repair_plan.plan(
            self._found.facts, self._found.seen, drop=drop,
            deactivate=deactivate)
        return self.plan

    def planned(self) -> Iterator[Outcome]:
        """What would be done, if it were."""
        for line in self.plan.lines:
            yield (Outcome(line, Result.PLANNED, line.detail)
                   if line.is_work else _not_done(line))

    def carry_out(self) -> Iterator[Outcome]:
        """Do it; in the order in which one thing needs the other."""
        order = sorted(self.plan.work, key=lambda line: (
            line.action is not Action.FILL, line.destructive,
            line.action is Action.DROP, line.action is Action.DEACTIVATE))
        done: dict[Line, Outcome] = {}
        together = [line for line in order if not line.destructive
                    and line.action in (Action.WRITE, Action.REPLACE)]
        for line in order:
            if line in done:
                continue
            lines = together if line in together else [line]
            try:
                for outcome in self._do(lines):
                    done[outcome.line] = outcome
            except exceptions.LifecycleError as error:
                for one in lines:
                    done.setdefault(one, Outcome(
                        one, Result.FAILED, error.for_operator()))
        for line in self.plan.lines:
            yield done[line] if line in done else _not_done(line)

    def _do(self, lines: Sequence[Line]) -> Iterator[Outcome]:
        self._look_again()
        action = lines[0].action
        if action is Action.FILL:
            glance_host.fill_in(self._image, self.plan.values)
            # What is there now is what the next change begins with.
            values: dict[str, Any] = {**self.plan.values}
            self._image = dataclasses.replace(self._image, **values)
        elif action is Action.DROP:
            copy = self._copy(lines[0].store)
            rewriting.check_still(copy, None, known.Way.NONE)
            self._check_good()
            glance_host.drop_location(self._image, copy)
            self._image = dataclasses.replace(self._image, copies=tuple(
                one for one in self._image.copies if one != copy))
        elif action is Action.DEACTIVATE:
            for copy in self._image.copies:
                if copy.store in self._found.entries:
                    rewriting.check_same(
                        copy, self._found.entries[copy.store])
            self._deactivate()
            yield Outcome(lines[0], Result.DONE, lines[0].detail)
            return
        else:
            yield from self._write(lines)
            return
        yield Outcome(lines[0], Result.MENDED, lines[0].detail)

    def _write(self, lines: Sequence[Line]) -> Iterator[Outcome]:
        if lines[0].destructive:
            self._check_good()
        writing = rewriting.Rewriting(
            self._image, STATUSES, self.plan.good, self._found.entries,
            {one.store: one.way for one in self._found.seen}, self._begin)
        by_store = {line.store: line for line in lines}
        for written in writing.write(list(by_store)):
            yield Outcome(
                by_store[written.store],
                Result.MENDED if written.done else Result.FAILED,
                written.detail)
        self._image = writing.image

    # Looked at again.

    def _look_again(self) -> None:
        """:raises LifecycleError: it is not as it was"""
        now = glance_host.stored_image(self._image.id)
        if now != self._image:
            raise exceptions.TransferCancelled(
                detail='the image was deleted' if now is None else
                'the image, or where it is stored, changed meanwhile')
        self._check_idle()

    def _check_idle(self) -> None:
        why = busy(self._image)
        if why:
            raise exceptions.ImageBusy(image=self._image.id, detail=why)

    def _check_good(self) -> None:
        """One copy at least is there that was read, and found good."""
        for store in self.plan.good:
            before = self._found.entries.get(store)
            now = examining.entry(self._copy(store))
            if before and now and before.identity == now.identity:
                return
        raise exceptions.ImageBusy(
            image=self._image.id, detail='the good copy changed meanwhile')

    def _copy(self, store: str) -> glance_host.StoredCopy:
        return next(copy for copy in self._image.copies
                    if copy.store == store)


def _not_done(line: Line) -> Outcome:
    left = line.bad or line.unclear
    return Outcome(line, Result.LEFT if left else Result.WELL, line.detail)
