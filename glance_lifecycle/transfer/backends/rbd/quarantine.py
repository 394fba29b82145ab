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


"""The quarantine of a pool: the trash that Ceph itself has.

An image in the trash keeps its id, its snapshots and all else, and clones of
it go on; only its name has gone. It is marked before it is moved. Nobody else
removes it while it has a snapshot, or within ``trash.DELAY``.

What was in the trash before stays there: it only gets a mark.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import functools
import logging
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.rbd import dependents
from glance_lifecycle.transfer.backends.rbd import in_flight
from glance_lifecycle.transfer.backends.rbd import inventory as rbd_inventory
from glance_lifecycle.transfer.backends.rbd import plan_mark
from glance_lifecycle.transfer.backends.rbd import snapshots
from glance_lifecycle.transfer.backends.rbd import trash
from glance_lifecycle.transfer.backends.rbd import unfinished

LOG = logging.getLogger(__name__)

_WATCH_INTERVAL = 0.25


class RbdQuarantine(rbd_inventory.RbdInventory, quarantine.Quarantine):
    """Of one pool, without its name spaces.

    What has a name and nothing behind it cannot be taken: there is nothing to
    mark. Nor can images of the first format, which no trash holds.
    """

    kinds = frozenset((inventory.Kind.IMAGE, inventory.Kind.UNFINISHED,
                       inventory.Kind.TRASH))

    # In.

    def put(self, entry: inventory.Entry, plan: str) -> bool:
        if entry.place != self._place('') or not entry.identity or (
                entry.kind not in self.kinds):
            return False
        if trash.settle(self._cluster, entry.identity, entry.name):
            return self._keep(entry, plan)
        if entry.kind is inventory.Kind.TRASH:
            return False
        return self._take(entry, plan)

    def _take(self, entry: inventory.Entry, plan: str) -> bool:
        self._wait_for_dead(entry.identity)
        if not self._is_free(entry.identity, entry):
            return False
        # Another host may be at the same.
        before = self._mark(entry.identity, None)
        mark = plan_mark.Mark(plan, entry.identity, time.time())
        plan_mark.write(self._cluster, mark)
        if trash.move(self._cluster, entry.name, entry.identity):
            if self._mark(entry.identity, None) != mark:
                # It has put its own mark there, or removed it; it was we who
                # moved the image.
                plan_mark.write(self._cluster, mark)
            return self._is_well(entry, mark)
        self._unmark(mark, before)
        return False

    def _unmark(self, mark: plan_mark.Mark, before: plan_mark.Mark | None
                ) -> None:
        """It could not be moved, perhaps because another host has done so.

        Then that one's mark has to stay, or its "hygiene undo" finds nothing.
        Where ours has replaced one that nobody knows, ours is the only thing
        that tells of the quarantine.
        """
        there = trash.get(self._cluster, mark.image)
        if there is None:
            plan_mark.remove(self._cluster, mark)
        elif self._mark(mark.image, None) == mark and before is not None and (
                before.is_of(mark.image, rbd_inventory.seconds(
                    there['deletion_time']))):
            plan_mark.write(self._cluster, before)

    def _is_well(self, entry: inventory.Entry, mark: plan_mark.Mark) -> bool:
        """Whether it can stay; if not, it is as it was.

        A clone, or somebody who opens it, may have come in between.
        """
        if self._is_free(entry.identity) and trash.get(
                self._cluster, entry.identity):
            return True
        if not self._let_go(entry.identity, entry.name, mark):
            raise exceptions.StoreError(
                store=self.store, detail='image %s is in use, and cannot be '
                'brought back from the trash, because another image has its '
                'name by now; its id is %s' % (entry.name, entry.identity))
        return False

    def _keep(self, entry: inventory.Entry, plan: str) -> bool:
        """What is in the trash already, because of us or of others."""
        there = trash.get(self._cluster, entry.identity)
        mark = self._mark(entry.identity, there)
        if there is None or there['source'] != trash.BY_USERS:
            return False
        if mark is None:
            # If it was not there before, somebody else has moved it.
            if entry.kind is not inventory.Kind.TRASH or not self._is_free(
                    entry.identity):
                return False
            mark = plan_mark.Mark(plan, entry.identity, time.time(), True)
            plan_mark.write(self._cluster, mark)
        return mark.plan == plan and self._is_well(entry, mark)

    def _is_free(self, image_id: str,
                 like: inventory.Entry | None = None) -> bool:
        """Whether it is there and nothing hangs on it.

        :param like: and it is as it was when it was looked at
        """
        def look(image: Any) -> tuple[str, dict[str, Any]]:
            facts = self._look_at(image)
            facts['marked'] = rbd_inventory.is_marked(image)
            return dependents.of(self._cluster, image), facts

        found = self._of(image_id, 'looking at the image', look)
        if found is None:
            return False
        hangs, facts = found
        if like is not None and not _is_same(like, facts):
            hangs = 'a change'
        if hangs:
            LOG.info('Store %s: image %s is not taken away: there is %s.',
                     self.store, image_id, hangs)
        return not hangs

    # Looking.

    def _of(self, image_id: str, doing: str,
            look: Callable[[Any], Any]) -> Any:
        """Of an image, wherever it is; None where it is nowhere."""
        cluster = self._cluster

        def opened() -> Any:
            try:
                image = cluster.rbd.Image(cluster.ioctx, image_id=image_id,
                                          read_only=True)
            except cluster.rbd.ImageNotFound:
                return None
            with image:
                return look(image)
        return cluster.call(doing, opened)

    def _mark(self, image_id: str, there: dict[str, Any] | None
              ) -> plan_mark.Mark | None:
        """Of an image in the trash, or elsewhere.

        :param there: what the trash knows of it
        """
        mark: plan_mark.Mark | None = self._of(
            image_id, 'looking for the mark', plan_mark.read)
        if mark and there and not mark.is_of(
                image_id, rbd_inventory.seconds(there['deletion_time'])):
            return None
        return mark

    def _wait_for_dead(self, image_id: str) -> None:
        """If a call of ours was broken off, until its watch has ended too."""
        deadline = time.monotonic() + unfinished.WATCH_LASTS

        def ask(image: Any) -> bool:
            return bool(plan_mark.read(image) is not None
                        and list(image.watchers_list()))
        while self._of(image_id, 'looking who has it open', ask) and (
                time.monotonic() < deadline):
            time.sleep(_WATCH_INTERVAL)

    @contextlib.contextmanager
    def _opened(self, image_id: str) -> Iterator[Any]:
        image = self._cluster.call(
            'opening the image', self._cluster.rbd.Image,
            self._cluster.ioctx, image_id=image_id)
        try:
            yield image
        finally:
            self._cluster.close_image(image)

    def kept(self, plan: str = '') -> Iterator[quarantine.Kept]:
        rbd = self._cluster.rbd.RBD()
        listed = self._cluster.call('looking at the trash', lambda: list(
            rbd.trash_list(self._cluster.ioctx)))
        for found in in_flight.each(listed, functools.partial(
                self._in_trash, '')):
            if found is None:
                continue
            entry, mark = found
            if mark is not None and plan in ('', mark.plan):
                yield quarantine.Kept(mark.plan, entry, entry.changed or 0.0)

    # Back.

    def restore(self, kept: quarantine.Kept) -> bool:
        name, image_id = kept.entry.name, kept.entry.identity
        there = trash.get(self._cluster, image_id)
        mark = self._mark(image_id, there)
        if mark is not None and mark.plan != kept.plan:
            return False
        if there is not None and mark is not None:
            return self._let_go(image_id, name, mark)
        is_called = self._of(image_id, 'looking at the image',
                             lambda image: str(image.get_name()))
        if is_called is None:
            raise self._lost(name, 'it has gone, or its removal has begun')
        if there is None and is_called != name:
            raise self._lost(name, 'somebody has brought it back under '
                             'another name; its id is %s' % image_id)
        if mark is not None:
            self._clean(image_id, mark)
        return True

    def _let_go(self, image_id: str, name: str,
                mark: plan_mark.Mark) -> bool:
        """Out of quarantine, and what was in the trash before stays there."""
        lost = self._of(image_id, 'looking at the snapshots',
                        lambda image: snapshots.gone(image, mark))
        if lost:
            raise self._lost(name, 'its removal has begun, and a snapshot '
                             'has gone')
        if not mark.trashed and not trash.restore(self._cluster, image_id,
                                                  name):
            return False
        self._clean(image_id, mark)
        return True

    def _clean(self, image_id: str, mark: plan_mark.Mark) -> None:
        """Take back all that was done to it in quarantine."""
        if mark.removing is not None:
            self._wait_for_dead(image_id)
            with self._opened(image_id) as image:
                snapshots.put_back(self._cluster, image, mark)
        plan_mark.remove(self._cluster, mark)

    def _lost(self, name: str, why: str) -> exceptions.StoreError:
        return exceptions.StoreError(
            store=self.store, detail='image %s cannot be brought back: %s' % (
                name, why))

    # For good.

    def purge(self, kept: quarantine.Kept) -> bool:
        name, image_id = kept.entry.name, kept.entry.identity
        there = (trash.get(self._cluster, image_id)
                 if trash.settle(self._cluster, image_id, name) else None)
        is_there = self._of(image_id, 'looking at the image',
                            lambda _image: True)
        if there is None:
            return not is_there
        if not is_there:
            # A removal was broken off when nothing but its name was left.
            return trash.remove(self._cluster, image_id, name)
        mark = self._mark(image_id, there)
        if mark is None or mark.plan != kept.plan or (
                there['source'] != trash.BY_USERS):
            return False
        if mark.trashed and rbd_inventory.seconds(
                there['deferment_end_time']) > time.time():
            # Whoever moved it there wants it to be kept for longer.
            return False
        if mark.removing is not None:
            self._wait_for_dead(image_id)
        if self._is_free(image_id) and self._remove(image_id, name, mark):
            return True
        self._put_back(image_id, there)
        return False

    def _remove(self, image_id: str, name: str,
                mark: plan_mark.Mark) -> bool:
        cluster = self._cluster
        with self._opened(image_id) as image:
            if mark.removing is None:
                removing, same = snapshots.recorded(cluster, image)
                mark = dataclasses.replace(mark, removing=removing, same=same)
                cluster.call('marking the image', image.metadata_set,
                             plan_mark.KEY, mark.to_text())
            if not snapshots.remove(cluster, image, mark.removing or ()):
                return False
        return trash.remove(cluster, image_id, name)

    def _put_back(self, image_id: str, there: dict[str, Any]) -> None:
        """It stays, in quarantine, and has its snapshots again."""
        mark = self._mark(image_id, there)
        if mark is None or mark.removing is None:
            return
        lost = self._of(image_id, 'looking at the snapshots',
                        lambda image: snapshots.gone(image, mark))
        if lost:
            LOG.warning('Store %s: the removal of image %s had to end, after '
                        'a snapshot of it had gone.', self.store, image_id)
            return
        with self._opened(image_id) as image:
            snapshots.put_back(self._cluster, image, mark)
        plan_mark.write(self._cluster, dataclasses.replace(
            mark, removing=None, same=''))


def _is_same(like: inventory.Entry, facts: dict[str, Any]) -> bool:
    unfinished_now = facts['marked'] or not facts['usable']
    return (unfinished_now == (like.kind is inventory.Kind.UNFINISHED)
            and like.size in (None, facts['size'])
            and like.changed in (None, facts['changed'])
            and like.hangs.snapshots in (None, facts['hangs'].snapshots))
