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

"""Two hosts of one cloud, step by step, with real journals and file stores.

Only Glance's database is a model.
"""

import pathlib
import types
from typing import Any
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.plugin import outcome
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.recovery import recovering
from glance_lifecycle.tests.unit.recovery import database_model
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import journal_record
from glance_lifecycle.transfer import journals
from glance_lifecycle.transfer import sink as sinks

IMAGE = helpers.IMAGE
STORES = database_model.STORES
HOSTS = ('a', 'b')


class Killed(BaseException):
    """The process dies here."""


class Transfer:
    """An import, or a copy of an active image, that one host runs."""

    def __init__(self, cloud: 'Cloud', host: str, task_id: str,
                 stores: tuple[str, ...]) -> None:
        self.cloud = cloud
        self.task_id = task_id
        self.stores = stores
        self.database = cloud.database
        self.sinks: list[sinks.Sink] = []
        self.stored: dict[str, str] = {}
        self.error: exceptions.LifecycleError | None = None
        self.alive = True
        self.host = host
        self._steps = [self.begin, self.note, self.open, self.write,
                       self.commit, self.register]

    def step(self) -> None:
        """Go one step on; the last one, and a failure, end it."""
        try:
            self._steps.pop(0)()
        except exceptions.LifecycleError as error:
            self.error = error
            for sink in self.sinks:
                sink.abort()
            self.end()
        else:
            if not self._steps:
                self.end()

    def begin(self) -> None:
        self.database.begin_import(self.task_id)
        self.journal = journal.create(self.cloud.state_dir(self.host),
                                      self.task_id, IMAGE)
        staged = self.cloud.root / self.host / 'staged'
        staged.write_bytes(b'staged')
        self.journal.note(method='glance-direct', stores=list(self.stores),
                          staged=str(staged))
        # Nobody does anything while it would wait.
        with mock.patch.object(journals, '_PATIENCE', 0.0):
            recovering.clear(self.cloud.state_dir(self.host), IMAGE,
                             self.task_id)

    def note(self) -> None:
        self.journal.note(targets=[self.cloud.target(s)
                                   for s in self.stores])

    def open(self) -> None:
        for target in self.journal.record.targets:
            sink = target.make(IMAGE, self.journal.created)
            self.sinks.append(sink)
            sink.begin(4)

    def die_opening(self) -> None:
        """The file is made, and its mark not yet on record."""
        def note(store: str, mark: sinks.Mark) -> None:
            raise Killed()
        sink = self.journal.record.targets[0].make(IMAGE, note)
        self.sinks.append(sink)
        try:
            sink.begin(4)
        except (Killed, exceptions.LifecycleError):
            pass
        self.kill()

    def write(self) -> None:
        for sink in self.sinks:
            sink.write(0, memoryview(b'ours'))

    def commit(self) -> None:
        for sink in self.sinks:
            self.stored[sink.store] = sink.commit().url

    def register(self) -> None:
        self.database.land()
        if not self.database.may_seal(self.task_id):
            raise exceptions.TransferCancelled(detail='it is not ours')
        self.database.seal(self.stored)

    def send(self) -> None:
        """Send the last commit, and die before there is an answer."""
        if self.database.may_seal(self.task_id):
            self.database.sent = lambda: self.database.seal(self.stored)
        self.kill()

    def ends(self, how: str) -> None:
        """It goes on, or dies now, or later, in the middle of a step."""
        left = {'opening': 4, 'send': 1}.get(how, 0)
        while self.alive and len(self._steps) > left > 0:
            self.step()
        if not self.alive or not how:
            return
        if how == 'opening' and len(self._steps) == 4:
            self.die_opening()
        elif how == 'send' and self.database.sent is None:
            self.send()
        else:
            self.kill()

    def kill(self) -> None:
        self.alive = False
        for sink in self.sinks:
            sink._close()  # type: ignore[attr-defined]
        self.journal.close()

    def end(self) -> None:
        """As ``outcome`` ends it."""
        session: Any = types.SimpleNamespace(
            journal=self.journal, error=self.error, leftovers=False,
            note=self.journal.note, glance=types.SimpleNamespace(
                image_id=IMAGE, task_id=self.task_id))
        image = self.database.image
        if self.error is not None:
            outcome.undo(session)
            if image and image.lock == self.task_id:
                self.database.land()
                image.status, image.importing = 'uploading', []
        else:
            state = self.database.image_state(IMAGE)
            if state is not None:
                outcome._forget_stored(session, state)
        self.database.drop_lock(IMAGE, self.task_id)
        self.database.end_task(self.task_id, failure='')
        self.alive = False
        if session.leftovers:
            self.journal.close()
        else:
            self.journal.remove()


class Copy(Transfer):
    """``store copy``: takes no lock, and is in Glance only at its end."""

    def begin(self) -> None:
        self.journal = journal.create(self.cloud.state_dir(self.host),
                                      self.task_id, IMAGE)
        self.journal.note(method=recovery_plan.STORE_COPY)

    def register(self) -> None:
        self.database.land()
        if not self._may_register():
            raise exceptions.TransferCancelled(detail='the image changed')
        self._add()

    def _may_register(self) -> bool:
        image = self.database.image
        return (image is not None and image.status == 'active'
                and not set(self.stored) & set(image.locations))

    def _add(self) -> None:
        if self.database.image is not None:
            self.database.image.locations.update(self.stored)

    def send(self) -> None:
        if self._may_register():
            self.database.sent = self._add
        self.kill()


class Staged(Transfer):
    """Glance's own drivers write, in place, what we only vouch for."""

    def open(self) -> None:
        for target in self.journal.record.targets:
            self.journal.created(target.store, target.absent(IMAGE))

    def write(self) -> None:
        for store in self.stores:
            self.cloud.path(store).open('xb').close()

    def commit(self) -> None:
        for store in self.stores:
            path = self.cloud.path(store)
            path.write_bytes(b'ours')
            self.stored[store] = 'file://%s' % path

    def die_opening(self) -> None:
        self.kill()


class Cloud:
    """Two hosts, their stores, one image.

    :ivar foreign: store -> inode of the object of another Glance
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.database = database_model.Database()
        self.transfers: list[Transfer] = []
        self.foreign: dict[str, int] = {}
        self._number = 0
        for name in (*HOSTS, *STORES):
            (root / name).mkdir()

    def state_dir(self, host: str) -> str:
        return str(self.root / host)

    def path(self, store: str) -> pathlib.Path:
        return self.root / store / IMAGE

    def directory(self, store: str) -> pathlib.Path:
        """Where its files are, also while the store is away."""
        here = self.root / store
        return here if here.exists() else self.root / (store + '.away')

    def mounted(self, store: str) -> bool:
        return (self.root / store).exists()

    def mount(self, store: str, yes: bool) -> None:
        away = self.root / (store + '.away')
        if yes and away.exists():
            away.rename(self.root / store)
        elif not yes and self.mounted(store):
            (self.root / store).rename(away)

    def target(self, store: str) -> jobs.Target:
        return jobs.Target(store, '', helpers.file_options(
            str(self.root / store)), driver='file')

    def live(self) -> list[Transfer]:
        return [t for t in self.transfers if t.alive]

    def start(self, host: str, stores: tuple[str, ...],
              staged: bool) -> Transfer | None:
        """Begin what Glance lets one begin with the image now."""
        self.database.land()
        image = self.database.image
        if image is None:
            return None
        kind: type[Transfer] = Staged if staged else Transfer
        if image.status == 'active':
            kind = Copy
            stores = tuple(s for s in stores if s not in image.locations)
        if not stores or image.lock is not None or (
                image.status == 'importing'):
            return None
        self._number += 1
        made = kind(self, host, 'task-%d' % self._number, stores)
        self.transfers.append(made)
        made.step()
        return made

    def delete(self) -> None:
        """DELETE: Glance removes what it has a location of."""
        self.database.land()
        image = self.database.image
        if image is None or not all(map(self.mounted, image.locations)):
            return
        self.database.image = None
        for store in image.locations:
            self.path(store).unlink()

    def create(self) -> None:
        if self.database.image is None:
            self.database.image = database_model.Image()

    def foreign_write(self, store: str) -> None:
        """Another Glance stores an image with that id, in place.

        Not while we vouch for the name: that nobody could tell.
        """
        if self.mounted(store) and not self.path(store).exists() and not any(
                'absent' in mark for r in self.records()
                for mark in r.marks(store)):
            self.path(store).write_bytes(b'foreign')
            self.foreign[store] = self.path(store).stat().st_ino

    def foreign_remove(self, store: str) -> None:
        if store in self.foreign and self.mounted(store):
            self.path(store).unlink()
            del self.foreign[store]

    def records(self) -> list[journal_record.Record]:
        """All that is on record, of the living and of the dead."""
        return [record for host in HOSTS
                for record, _alive in journals.seen(str(self.root / host))]

    def check(self) -> None:
        """The three promises.

        :raises AssertionError: one is broken
        """
        image = self.database.image
        locations = image.locations if image else {}
        for store in locations:
            found = self.directory(store) / IMAGE
            assert found.exists() and found.read_bytes() == b'ours', (
                'a registered copy was removed from %s' % store)
        for store, inode in self.foreign.items():
            found = self.directory(store) / IMAGE
            assert found.exists() and found.stat().st_ino == inode, (
                'a foreign object was removed from %s' % store)
        known = {t.store for r in self.records() for t in r.targets}
        for store in STORES:
            for path in self.directory(store).iterdir():
                assert store in known or (path.name == IMAGE and (
                    store in locations or store in self.foreign)), (
                        '%s in %s was forgotten' % (path.name, store))
