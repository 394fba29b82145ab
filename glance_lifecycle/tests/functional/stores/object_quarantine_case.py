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

"""What holds for the quarantine of any object store."""

from collections.abc import Callable
import contextlib
import dataclasses
import hashlib
import os
import signal
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends import quarantine

IMAGE = helpers.IMAGE
PLAN, OTHER = '0123456789abcdef', 'fedcba9876543210'
AWAY = quarantined.name(PLAN, IMAGE)
DATA = helpers.noise(700_000)
Kind = inventory.Kind


class Steps(pace.Pace):
    """Something happens just before each of the requests.

    :param happens: gets the request's number, counted from 1
    """

    def __init__(self, happens: Callable[[int], object] = lambda _number: None
                 ) -> None:
        self._number = 0
        self._happens = happens

    def wait(self) -> None:
        self._number += 1
        self._happens(self._number)


def at(last: int, happens: Callable[[], object]) -> Callable[[int], None]:
    """It happens before that request."""
    def called(number: int) -> None:
        if number == last:
            happens()
    return called


class QuarantineTests(unittest.TestCase):
    """What holds for both; the rest is for a case to say."""

    maxDiff = 2000

    def opened(self) -> Any:
        """To be closed."""
        raise NotImplementedError

    def set_pace(self, opened: Any, stop: pace.Pace) -> None:
        raise NotImplementedError

    def snapshot(self) -> dict[str, Any]:
        """All there is: name -> bytes and all that is known of it."""
        raise NotImplementedError

    def all_names(self) -> list[str]:
        raise NotImplementedError

    def store(self, name: str = IMAGE, data: bytes = DATA) -> None:
        """With metadata."""
        raise NotImplementedError

    # Tools.

    def setUp(self) -> None:
        super().setUp()
        # One for this process, and one for those that it forks: it has no
        # connection yet, which they could not share.
        self.mine, self.theirs = self.opened(), self.opened()
        for one in (self.mine, self.theirs):
            self.addCleanup(one.close)

    def ready(self, happens: Callable[[int], object] = lambda _number: None
              ) -> Any:
        self.set_pace(self.mine, Steps(happens))
        return self.mine

    def entry(self, kind: Kind) -> inventory.Entry:
        opened = self.ready()
        found, = (one for one in opened.entries() if one.kind is kind)
        looked = opened.look(found)
        assert isinstance(looked, inventory.Entry)
        return looked

    def kept(self) -> quarantine.Kept:
        found, = self.ready().kept(PLAN)
        assert isinstance(found, quarantine.Kept)
        return found

    def changes(self, call: Callable[[Any], bool]) -> list[int]:
        """The requests before which something was changed by the last one."""
        seen, found = [self.all_names()], []

        def look(number: int) -> None:
            names = self.all_names()
            if names != seen[-1]:
                seen.append(names)
                found.append(number)
        self.assertTrue(call(self.ready(look)))
        return found

    def kill_at(self, last: int, call: Callable[[Any], bool]) -> None:
        """A process makes the call, and is killed before that request."""
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                self.set_pace(self.theirs, Steps(at(last, lambda: os.kill(
                    os.getpid(), signal.SIGKILL))))
                call(self.theirs)
            os._exit(1)
        status = os.waitpid(child, 0)[1]
        self.assertEqual(-signal.SIGKILL, os.waitstatus_to_exitcode(status))

    def assert_whole(self, call: Callable[[Any], bool],
                     back: Callable[[], None], lost: Callable[[], None]
                     ) -> None:
        """Killed between any two changes, and called again.

        :param back: undo all
        :param lost: fails if anything is lost by then
        """
        points = self.changes(call)
        back()
        for number in points:
            with self.subTest(number):
                self.kill_at(number, call)
                lost()
                self.assertTrue(call(self.ready()))
            back()

    def assert_round(self, kind: Kind) -> None:
        """There and back, and again, with a death at each step."""
        before = self.snapshot()
        entry = self.entry(kind)
        self.assertTrue(self.ready().put(entry, PLAN))
        away = self.snapshot()
        self.assertNotEqual(before, away)
        self.assertTrue(self.ready().put(entry, PLAN))
        self.assertEqual(away, self.snapshot())
        kept = self.kept()
        self.assertEqual(PLAN, kept.plan)
        self.assertEqual((entry.spot, IMAGE, entry.size), (
            kept.entry.spot, kept.entry.image_id, kept.entry.size))
        self.assertEqual([], list(self.ready().kept(OTHER)))
        self.assertEqual([kept], list(self.ready().kept()))
        listed = list(self.ready().entries())
        self.assertEqual([(Kind.QUARANTINED, entry.name, entry.size)],
                         [(one.kind, one.name, one.size) for one in listed])
        self.assertRegex(listed[0].note, 'It is in quarantine since 20.*'
                         f'00:00, by the plan {PLAN}.')
        self.assertIsNone(self.ready().look(entry))
        self.assertEqual(kept.entry.identity,
                         self.ready().look(kept.entry).identity)
        self.assertTrue(self.ready().restore(kept))
        self.assertEqual(before, self.snapshot())
        self.assertEqual([], list(self.ready().kept()))

    def assert_killed(self, kind: Kind, fill: Callable[[], None]) -> None:
        """:param fill: as it is in the beginning"""
        before = self.snapshot()

        def lost() -> None:
            self.assertEqual(self.bytes_of(before) | self.bytes_of(
                self.snapshot()), self.bytes_of(self.snapshot()))

        entry: list[inventory.Entry] = [self.entry(kind)]
        kept: list[quarantine.Kept] = []

        def back() -> None:
            self.assertTrue(self.ready().restore(self.kept()))
            self.assertEqual(before, self.snapshot())
            entry[:] = [self.entry(kind)]

        self.assert_whole(lambda opened: opened.put(entry[0], PLAN), back,
                          lost)

        def away_again() -> None:
            self.assertEqual(before, self.snapshot())
            self.assertTrue(self.ready().put(self.entry(kind), PLAN))
            kept[:] = [self.kept()]

        away_again()
        self.assert_whole(lambda opened: opened.restore(kept[0]), away_again,
                          lost)

        def anew() -> None:
            self.assertEqual([], self.all_names())
            fill()
            away_again()

        self.assert_whole(lambda opened: opened.purge(kept[0]), anew,
                          lambda: None)
        self.assertTrue(self.ready().purge(kept[0]))
        self.assertTrue(self.ready().purge(kept[0]))
        self.assertEqual([], self.all_names())

    @staticmethod
    def bytes_of(snapshot: dict[str, Any]) -> set[str]:
        return {str(one[0]) for one in snapshot.values()}

    # What holds for both.

    def test_another_place(self) -> None:
        """A plan may name any."""
        self.store()
        entry = dataclasses.replace(self.entry(Kind.IMAGE), place='other')
        before = self.snapshot()
        self.assertFalse(self.ready().put(entry, PLAN))
        self.assertEqual(before, self.snapshot())

    def test_replaced(self) -> None:
        """By another, after it was copied."""
        self.store()
        entry = self.entry(Kind.IMAGE)
        copied = self.changes(lambda opened: opened.put(entry, PLAN))[0]
        self.assertTrue(self.ready().restore(self.kept()))
        entry = self.entry(Kind.IMAGE)
        self.assertFalse(self.ready(at(
            copied, lambda: self.store(data=b'new'))).put(entry, PLAN))
        self.assertEqual([IMAGE], self.all_names())
        self.assertEqual({hashlib.sha256(b'new').hexdigest()},
                         self.bytes_of(self.snapshot()))
        # It is not what was looked at.
        self.assertFalse(self.ready().put(entry, PLAN))
        self.assertFalse(self.ready().put(entry, 'no plan'))
        self.assertEqual([IMAGE], self.all_names())

    def test_name_taken(self) -> None:
        self.store()
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        kept = self.kept()
        self.store(data=b'new')
        before = self.snapshot()
        self.assertFalse(self.ready().restore(kept))
        self.assertEqual(before, self.snapshot())
        self.assertEqual({Kind.IMAGE: 3, Kind.QUARANTINED: len(DATA)}, {
            one.kind: one.size for one in self.ready().entries()})
        # Nor is what has the name in quarantine removed for another.
        self.store(AWAY, b'other')
        before = self.snapshot()
        self.assertFalse(self.ready().purge(kept))
        self.assertFalse(self.ready().restore(kept))
        self.assertFalse(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertEqual(before, self.snapshot())
        # The same bytes are as good as back.
        self.store(AWAY, b'new')
        self.assertTrue(self.ready().restore(self.kept()))
        self.assertEqual([IMAGE], self.all_names())
        with self.assertRaisesRegex(exceptions.StoreError, 'not in quar'):
            self.ready().restore(kept)

    def test_hostile_names(self) -> None:
        prefix = quarantined.PREFIX
        names = [prefix + name for name in (
            'x', f'{PLAN}/x', f'{PLAN}/{IMAGE}/x', f'{PLAN}/{IMAGE}-',
            f'{PLAN}/{IMAGE}-1', f'{PLAN}/{IMAGE}\x01',
            f'{PLAN.upper()}/{IMAGE}', f'{IMAGE}', f'{PLAN}//{IMAGE}',
            f'{PLAN}/{IMAGE} \u20ac')]
        for name in names:
            self.store(name, b'x')
        self.assertEqual([], list(self.ready().kept()))
        self.assertEqual([], list(self.ready().kept('../x')))
        self.assertEqual({(Kind.FOREIGN, name) for name in names}, {
            (one.kind, one.name) for one in self.ready().entries()})
        self.store()
        before = self.snapshot()
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertTrue(self.ready().restore(self.kept()))
        self.assertEqual(before, self.snapshot())

    def test_claimed(self) -> None:
        """A transfer of this host writes the image."""
        self.store()
        entry = self.entry(Kind.IMAGE)
        sink: Any = self.new_sink()
        sink._claim.take_to_write()
        self.assertFalse(self.ready().put(entry, PLAN))
        sink.abort()
        self.assertTrue(self.ready().put(entry, PLAN))

    def new_sink(self) -> Any:
        """Of the image."""
        raise NotImplementedError


class GoneTests:
    """The service ends in the middle, and comes back."""

    def test_gone(self: Any) -> None:
        self.store()
        before = self.snapshot()
        pauses = mock.patch.object(patience, '_PAUSES', (0.01, 0.02))
        pauses.start()
        self.addCleanup(pauses.stop)
        entry = self.entry(Kind.IMAGE)
        self.goes_on(lambda opened: opened.put(entry, PLAN))
        self.assertNotIn(IMAGE, self.all_names())
        kept = self.kept()
        self.goes_on(lambda opened: opened.restore(kept))
        self.assertEqual(before, self.snapshot())

    def goes_on(self: Any, call: Callable[[Any], bool]) -> None:
        """It fails at one request after the other, and is called again."""
        service = self.running()
        for last in (1, 4, 5):
            with self.assertRaises(exceptions.StoreError) as caught:
                call(self.ready(at(last, service.kill)))
            self.assertNotIn('secret', str(caught.exception))
            service.restart()
        self.assertTrue(call(self.ready()))
