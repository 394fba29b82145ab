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

"""Whose an object is that a sink finds in its store: see ``matrix``."""

import time

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import matrix_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import sink as sinks

IMAGE = helpers.IMAGE


class Whose(matrix_case.MatrixCase):
    """Undone is what is ours, and nothing else."""

    def test_killed_at_every_mark(self) -> None:
        """Also in the moment after something was made, before it is noted.
        """
        if not self.keeps:
            return
        self.assertTrue(self.kill_child(3))
        marks = len(self.created)
        self.assertGreater(marks, 0)
        self.assertTrue(self.matrix_undo())
        self.assert_empty()
        for number in range(1, marks + 1):
            for noted_first in (False, True):
                with self.subTest(number, noted=noted_first):
                    self.created.clear()
                    self.assertTrue(self.kill_child(3, number, noted_first))
                    self.matrix_undo()
                    self.assert_empty()

    def test_foreign_object(self) -> None:
        """It stays, whatever transfer of ours ends however."""
        if not self.keeps:
            return
        self.assertTrue(self.kill_child(3))
        self.assertTrue(self.matrix_undo())
        helpers.store(self.matrix_sink(), self.some)
        marks = [mark for mark in self.created if 'absent' not in mark]
        self.assertTrue(self.matrix_undo())
        # The very bytes that were ours.
        self.put_foreign(self.some.content)
        left = self.left()
        for created in ([], marks, marks[:1],
                        [sinks.since(time.time() + 3600)]):
            self.assertFalse(self.matrix_undo(created))
        sink = self.matrix_sink()
        self.assertRaises(exceptions.StoreDuplicate, sink.begin,
                          len(self.some.content))
        sink.abort()
        self.assertFalse(self.matrix_undo(marks + list(sink.marks)))
        self.assertEqual(left, self.left())
        self.assert_content(self.some.content)
        self.remove_foreign()
        self.assert_empty()

    def test_foreign_object_while_ours_is_unfinished(self) -> None:
        if not (self.keeps and self.hides):
            return
        if not self.shares_name:
            self.skipTest('its name is taken from the beginning')
        for until in (0, 2):
            with self.subTest(until):
                self.assertTrue(self.kill_child(until))
                self.put_foreign(b'theirs')
                self.matrix_undo()
                self.assert_content(b'theirs')
                self.remove_foreign()
                self.assert_empty()

    def test_foreign_object_that_is_unfinished(self) -> None:
        if not self.keeps:
            return
        self.put_unfinished()
        left = self.left()
        if not left:
            self.skipTest('nothing of others can be seen there')
        sink = self.matrix_sink()
        try:
            helpers.store(sink, self.some)
        except exceptions.StoreDuplicate:
            sink.abort()
        else:
            self.assertTrue(self.matrix_undo())
        self.assertEqual(left, self.left())
        for until in (0, 2):
            sink = self.matrix_sink()
            try:
                sink.begin(len(self.some.content))
                helpers.feed(sink, self.some, until)
            except exceptions.StoreDuplicate:
                pass
            sink.abort()
            self.matrix_undo()
            self.assertEqual(left, self.left())
        self.assertFalse(self.matrix_undo([]))
        self.assertEqual(left, self.left())

    def test_vouched_for(self) -> None:
        """Written by Glance itself, which tells us no identity."""
        if not self.keeps:
            return
        mark = self.matrix_absent()
        self.assertIn('absent', mark)
        self.assertFalse(self.matrix_undo([mark]))
        for vouching in (mark, sinks.since(time.time() - 3600)):
            self.put_foreign(self.some.content)
            self.assertRaises(exceptions.StoreDuplicate, self.matrix_absent)
            self.assertFalse(self.matrix_undo([]))
            self.assertTrue(self.matrix_undo([vouching]))
            self.assert_empty()

    def test_away(self) -> None:
        """It is not taken for empty, and undone when it is back."""
        away = self.matrix_away()
        if away is None:
            self.skipTest('tested elsewhere')
        for mark in (None, self.matrix_absent()):
            helpers.store(self.matrix_sink(), self.some)
            created = self.created if mark is None else [mark]
            with self.assertRaises(exceptions.StoreError):
                jobs.load(self.entry).undo('one', IMAGE, away, created)
            self.assertTrue(self.matrix_undo(created))
            self.assert_empty()
        self.assertRaises(exceptions.StoreError,
                          jobs.load(self.entry).absent, 'one', IMAGE, away)
