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

"""What holds for the repair of copies in any object store."""

import abc
import os
import signal
import subprocess
from typing import Any
from typing import ClassVar

from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import repair_case
from glance_lifecycle.tests.functional.stores import test_hygiene_objects

MIB = images.MIB

# Three parts, the last of which is a short one.
SIZE = 12 * MIB


class ObjectRepairCase(repair_case.RepairCase,
                       test_hygiene_objects.ObjectHygieneCase):
    """Each image has a copy in files, which is good, and one in the store.

    :cvar store: its name
    :cvar destructive: a large copy that is wrong has to go first
    """

    store: ClassVar[str]
    destructive: ClassVar[bool]

    def setUp(self) -> None:
        super().setUp()
        self.source = self.noise(SIZE)
        self.expected = images.digests(self.source)
        # The store is known to be the right one by it.
        self.neighbour = self.copied(self.noise(MIB, 'neighbour'))
        self.beside = self.everything()
        self.image_id = self.copied(self.source)

    def copied(self, path: Any) -> str:
        image_id = self.new_image(path)
        self.rows('copy', image_id, '--to', self.store)
        return image_id

    @abc.abstractmethod
    def put(self, name: str, data: bytes = b'') -> None:
        """In one piece."""

    @abc.abstractmethod
    def remove(self, name: str) -> None:
        """It, and nothing else."""

    @abc.abstractmethod
    def got(self, name: str) -> bytes:
        ...

    @abc.abstractmethod
    def everything(self) -> list[str]:
        """Names of objects, and of uploads."""

    @abc.abstractmethod
    def limit(self, size: int | None) -> None:
        """Bytes for all that is stored."""

    @abc.abstractmethod
    def of_image(self) -> list[str]:
        """All objects that its copy consists of."""

    def found_and_done(self, code: int = 0) -> tuple[str, str, str]:
        return self.brief(self.repaired(self.image_id, code=code))[self.store]

    def assert_whole(self) -> None:
        """As if nothing had happened, and so it looks."""
        path = self.work / 'got'
        path.write_bytes(self.got(self.image_id))
        self.assertEqual(self.expected, images.digests(path))
        self.assertEqual(sorted([*self.of_image(), *self.beside]),
                         self.everything())
        self.assertEqual(('good', 'none', 'well'), self.found_and_done())
        self.assertEqual(sorted(('files', self.store)),
                         self.stores_of(self.image_id))
        self.assertEqual([], self.found(code=0))

    def test_missing(self) -> None:
        for name in self.of_image():
            self.remove(name)
        answer = self.repair(self.image_id, '--dry-run')
        self.assertEqual(1, answer.code, str(answer))
        self.assertNotIn('DESTRUCTIVE', answer.stderr)
        self.assertEqual(self.beside, self.everything())
        self.assertEqual(('missing', 'write', 'mended'),
                         self.found_and_done())
        self.assert_whole()

    def test_wrong(self) -> None:
        """As large, and in one piece."""
        for name in self.of_image():
            self.remove(name)
        self.put(self.image_id, os.urandom(SIZE))
        answer = self.repair(self.image_id, '--dry-run')
        self.assertNotIn('DESTRUCTIVE', answer.stderr)
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())
        self.assert_whole()

    def test_short(self) -> None:
        for name in self.of_image():
            self.remove(name)
        self.put(self.image_id, b'short')
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())
        self.assert_whole()

    def spoil(self) -> None:
        """The copy, which stays large, and in parts."""
        raise NotImplementedError

    def test_large_and_wrong(self) -> None:
        self.spoil()
        answer = self.repair(self.image_id, '--dry-run')
        self.assertEqual(1, answer.code, str(answer))
        self.assertEqual(self.destructive, 'DESTRUCTIVE' in answer.stderr,
                         answer.stderr)
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())
        self.assert_whole()

    def begin_repair(self) -> subprocess.Popen[str]:
        process = self.operator().popen(*self.words_of(
            self.image_id, '--yes'))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def kill_when_it_writes(self) -> None:
        before = set(self.everything())

        def writes() -> set[str]:
            found = set(self.everything())
            new = found - before
            # What goes may come again, by the same name.
            before.intersection_update(found)
            return new
        command = self.begin_repair()
        # One reads what is there before another one writes.
        child = transfer.run_until(
            lambda: transfer.look_below(command.pid), 'it writes', writes)
        command.kill()
        command.wait()
        os.kill(child, signal.SIGKILL)
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))

    def test_killed_while_it_writes_what_is_missing(self) -> None:
        names = self.of_image()
        for name in names:
            self.remove(name)
        # Swift brings its listings up to date when it can.
        transfer.until('they are in no listing', lambda: not (
            set(names) & set(self.everything())))
        self.kill_when_it_writes()
        self.assertEqual(sorted(('files', self.store)),
                         self.stores_of(self.image_id))
        # The last request of the killed child may have ended it.
        self.assertIn(self.mended_at_last()[2], ('mended', 'well'))
        self.forget_late()
        self.assert_whole()

    def forget_late(self) -> None:
        """Remove what that request began after recovery had looked.

        ``hygiene list`` names it, as an upload that is not complete.
        """

    def test_killed_while_it_replaces(self) -> None:
        self.spoil()
        self.kill_when_it_writes()
        self.mended_at_last()
        self.assert_whole()

    def mended_at_last(self) -> tuple[str, str, str]:
        """What the killed child had asked for may have come meanwhile."""
        found: list[tuple[str, str, str]] = []

        def mended() -> bool:
            answer = self.repair(self.image_id, '--yes')
            found.extend(
                (row['Found'], row['Action'], row['Result'])
                for row in answer.json if row['Store'] == self.store)
            return bool(answer.code == 0)
        transfer.until('it is mended', mended)
        return found[-1]

    def test_full(self) -> None:
        for name in self.of_image():
            self.remove(name)
        self.limit(2 * MIB)
        rows = self.repaired(self.image_id, code=1)
        self.assertEqual(('missing', 'write', 'failed'),
                         self.brief(rows)[self.store])
        self.assertIn('quota', rows[self.store]['Detail'])
        self.assertEqual(self.beside, self.everything())
        self.assertEqual(sorted(('files', self.store)),
                         self.stores_of(self.image_id))
        self.limit(None)
        self.assertEqual(('missing', 'write', 'mended'),
                         self.found_and_done())
        self.assert_whole()

    def test_full_when_it_is_wrong(self) -> None:
        """What is there stays, or the room that it had is used."""
        for name in self.of_image():
            self.remove(name)
        self.put(self.image_id, b'w' * 1000)
        self.limit(2 * MIB)
        rows = self.repaired(self.image_id, code=1)
        self.assertEqual('failed', rows[self.store]['Result'])
        self.assertEqual(b'w' * 1000, self.got(self.image_id))
        self.assertEqual(sorted((self.image_id, *self.beside)),
                         self.everything())
        self.limit(None)
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())

    def test_service_away(self) -> None:
        for name in self.of_image():
            self.remove(name)
        self.service.kill()
        self.api.configure(lifecycle_transfer={'object_store_timeout': 5})
        found = self.found_and_done(code=3)
        self.assertEqual(('unclear', 'leave', 'left'), found)
        self.service.restart()
        self.api.configure(lifecycle_transfer=glance_conf.PATIENT)
        self.assertEqual(('missing', 'write', 'mended'),
                         self.found_and_done())
        self.assert_whole()
