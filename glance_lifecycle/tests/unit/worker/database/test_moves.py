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

"""Migrations in the database: each step is made once, whoever makes it."""

import dataclasses
from typing import Any

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import moves

Step, State = moves.Step, moves.State


class MovesTest(cases.DatabaseTestCase):

    def begin(self, name: str = 'one', count: int = 130, **more: Any
              ) -> moves.Move:
        """In two waves; the newest has the latest letter."""
        moves.begin(
            self.database, name, 'a', 'b', {'parallel': 4},
            [moves.Wave(1, True, 1.5), moves.Wave(2, False, 2.5)],
            [moves.Image('image-%03d' % n, 'n\u00e4me', 'p', 1 + n % 2, n, 10)
             for n in range(count)], actor='me', now=cases.at(ord(name[0])),
            **more)
        return moves.get(self.database, name)

    def images(self, *states: moves.Step) -> list[moves.Image]:
        return moves.images(self.database, 'one', states=states)

    def test_as_it_was_begun(self) -> None:
        move = self.begin()
        self.assertEqual(
            ('a', 'b', {'parallel': 4}, State.RUNNING, 1, moves.Phase.COPY),
            (move.source, move.target, move.settings, move.state, move.wave,
             move.phase))
        self.assertEqual(cases.at(ord('o')), move.phase_at)
        found = self.images()
        self.assertEqual([1] * 65 + [2] * 65, [one.wave for one in found])
        self.assertEqual(('n\u00e4me', True, None, Step.WAITING), (
            found[0].image_name, found[0].drops, found[0].made,
            found[0].state))
        self.assertEqual({1: {Step.WAITING: (65, 650)},
                          2: {Step.WAITING: (65, 650)}},
                         moves.counts(self.database, 'one'))
        self.assertEqual([True, False], [
            wave.canary for wave in moves.waves(self.database, 'one')])

    def test_moving(self) -> None:
        """Those of an active migration that are not where they should be."""
        self.assertEqual(frozenset(), moves.moving(self.database))
        move = self.begin(count=3)
        first, second, third = self.images()
        moves.step(self.database, 'one', first, Step.GONE)
        moves.step(self.database, 'one', second, Step.COPYING)
        self.assertEqual({second.image_id, third.image_id},
                         moves.moving(self.database))
        moves.turn_to(self.database, move, State.STOPPED)
        self.assertEqual(frozenset(), moves.moving(self.database))

    def test_step(self) -> None:
        self.begin(count=2)
        image = self.images()[0]

        def step(**values: Any) -> bool:
            return moves.step(self.database, 'one', image, Step.COPYING,
                              **values)
        self.assertTrue(step(made=True, job_id='job'))
        self.assertFalse(step(), 'it is not as it was read')
        image = self.images(Step.COPYING)[0]
        self.assertEqual((True, 'job'), (image.made, image.job_id))
        self.assertFalse(moves.step(
            self.database, 'one', dataclasses.replace(image, job_id=None),
            Step.COPIED))

    def test_as_it_was_read(self) -> None:
        """Not if it was there before, and has come there again."""
        move = self.begin(count=1)
        image, = self.images()
        moves.step(self.database, 'one', image, Step.FAILED)
        moves.turn_to(self.database, move, State.STOPPED)
        self.assertTrue(moves.try_again(self.database, moves.get(
            self.database, 'one')))
        self.assertFalse(moves.enter(self.database, move, moves.Phase.DROP,
                                     1))
        self.assertTrue(moves.enter(
            self.database, moves.get(self.database, 'one'), moves.Phase.DROP,
            1))

    def test_one_at_a_time(self) -> None:
        move = self.begin(count=1)
        for name in ('one', 'two'):
            self.assertRaises(errors.MoveStateError, self.begin, name)
        moves.turn_to(self.database, move, State.STOPPED, 'Too many.')
        self.begin('two', count=1)
        self.assertRaises(errors.MoveStateError, moves.try_again,
                          self.database, moves.get(self.database, 'one'))
        self.assertEqual(['two', 'one'], [
            one.id for one in moves.listed(self.database)])

    def test_undoes(self) -> None:
        move = self.begin(count=1)
        moves.turn_to(self.database, move, State.PAUSED)
        paused = moves.get(self.database, 'one')
        moves.try_again(self.database, paused)
        running = moves.get(self.database, 'one')
        moves.turn_to(self.database, running, State.PAUSED)
        # It has gone on meanwhile, and is paused again.
        self.assertRaises(errors.MoveStateError, self.begin, 'undo', count=1,
                          undoes=paused)
        self.assertEqual(1, len(moves.listed(self.database)))
        self.begin('undo', count=1,
                   undoes=moves.get(self.database, 'one'))
        self.assertEqual(State.UNDONE,
                         moves.get(self.database, 'one').state)

    def test_open(self) -> None:
        """What runs; and what does not, as long as something goes on."""
        move = self.begin(count=1)
        self.assertEqual(['one'], [
            one.id for one in moves.open_moves(self.database)])
        image, = self.images()
        moves.step(self.database, 'one', image, Step.COPYING)
        moves.turn_to(self.database, move, State.STOPPED)
        self.assertEqual(1, len(moves.open_moves(self.database)))
        image, = self.images()
        moves.step(self.database, 'one', image, Step.FAILED, detail='It.')
        self.assertEqual([], moves.open_moves(self.database))

    def test_try_again(self) -> None:
        """From the first wave that has something to do."""
        self.begin(count=4)
        for image in self.images():
            moves.step(self.database, 'one', image, Step.FAILED
                       if image.wave == 2 else Step.MOVED)
        move = moves.get(self.database, 'one')
        moves.turn_to(self.database, move, State.DONE)
        move = moves.get(self.database, 'one')
        self.assertTrue(moves.try_again(self.database, move))
        self.assertFalse(moves.try_again(self.database, move))
        move = moves.get(self.database, 'one')
        self.assertEqual((State.RUNNING, 2), (move.state, move.wave))
        self.assertEqual(2, len(self.images(Step.WAITING)))

    def test_rename_store(self) -> None:
        self.begin('two', undoes=self.begin('one'))
        self.assertEqual(2, moves.rename_store(self.database, 'b', 'fast'))
        self.assertEqual(0, moves.rename_store(self.database, 'b', 'fast'))
        self.assertEqual(2, moves.rename_store(self.database, 'a', 'slow'))
        self.assertEqual({('slow', 'fast')}, {
            (move.source, move.target)
            for move in moves.listed(self.database)})

    def test_waves(self) -> None:
        self.begin(count=1)
        moves.end_wave(self.database, 'one', 1, 7.5, cases.at(3))
        first, _second = moves.waves(self.database, 'one')
        self.assertEqual((None, cases.at(3), 7.5), (
            first.begun_at, first.ended_at, first.actual))

    def test_none(self) -> None:
        self.assertRaises(errors.MoveNotFound, moves.get, self.database, 'x')
