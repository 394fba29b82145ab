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

"""What every sink must do, as a mix-in: one small class for each sink."""

import gc
import os
import threading

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.stores import matrix_whose
from glance_lifecycle.tests.unit.transfer.backends import helpers


class Matrix(matrix_whose.Whose):
    """All tests of one sink: see ``MatrixCase`` for what it has to say."""

    def test_layouts(self) -> None:
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                self.check_stored(image)

    def test_sizes(self) -> None:
        unit = self.unit
        for size in (0, 1, unit - 1, unit, unit + 1, 2 * unit - 1, 2 * unit,
                     3 * unit + 7):
            with self.subTest(size):
                self.check_stored(helpers.Image(helpers.noise(size))
                                  if size else helpers.Image())
            with self.subTest(size, kind='zeros'):
                self.check_stored(helpers.Image(size))

    def test_nothing_is_visible_before_commit(self) -> None:
        if not self.hides:
            self.skipTest('its driver shows what it writes')
        for image in (self.some, helpers.Image(b'small', 7, b'x')):
            sink = self.begun(image, 3)
            self.assertTrue(self.content() is None)
            sink.commit()
            self.assert_content(image.content)
            self.assertEqual(self.keeps, self.matrix_undo())

    def test_abort_at_every_call(self) -> None:
        for until in range(4):
            with self.subTest(until):
                sink = self.begun(self.some, until)
                sink.abort()
                sink.abort()
                self.assertTrue(self.content() is None)
                self.assert_empty()

    def test_abort_before_begin(self) -> None:
        self.matrix_sink().abort()
        self.assert_empty()

    def test_abort_after_commit_keeps_it(self) -> None:
        sink = self.matrix_sink()
        helpers.store(sink, self.some)
        sink.abort()
        self.assert_content(self.some.content)
        self.matrix_undo()
        self.assert_empty()

    def test_nothing_is_left_running(self) -> None:
        if not self.keeps:
            return

        def state() -> tuple[int, int]:
            # urllib3 leaves its sockets to the collector.
            gc.collect()
            return (threading.active_count(),
                    len(os.listdir('/proc/self/fd')))

        # Libraries keep some for themselves, once.
        self.check_stored(self.some)
        threads, files = state()
        for _ in range(4):
            self.check_stored(self.some)
            self.begun(self.some, 1).abort()

        def closed() -> bool:
            # What a service keeps in this process ends a little later.
            more_threads, more_files = state()
            return more_threads - threads < 3 and more_files - files < 3
        transfer.until('what was open is closed', closed,
                       interval=0.2)

    def test_too_few_bytes(self) -> None:
        if not self.keeps:
            return
        sink = self.begun(self.some, 2)
        self.assertRaises(exceptions.InternalError, sink.commit)
        sink.abort()
        self.assert_empty()

    def test_existing(self) -> None:
        if not self.keeps:
            return
        self.put_foreign(b'theirs')
        sink = self.matrix_sink()
        with self.assertRaises(exceptions.StoreDuplicate) as caught:
            sink.begin(len(self.some.content))
        self.assertEqual('one', caught.exception.store)
        sink.abort()
        self.assertFalse(self.matrix_undo())
        self.assert_content(b'theirs')
        self.remove_foreign()
        self.assert_empty()

    def test_killed_and_undone(self) -> None:
        if not self.keeps:
            return
        for until in range(4):
            with self.subTest(until):
                self.assertTrue(self.kill_child(until))
                self.matrix_undo()
                self.assertTrue(self.content() is None)
                self.assert_empty()

    def test_killed_and_begun_anew(self) -> None:
        if not self.keeps:
            return
        if not self.hides:
            self.skipTest('what its driver leaves cannot be told from what '
                          'is whole, until it is undone')
        self.assertTrue(self.kill_child(2))
        self.check_stored(self.some)

    def test_alive(self) -> None:
        if not self.keeps:
            return
        if not self.tells_living:
            self.skipTest('its driver does not know')
        first = self.begun(self.some, 2)
        second = self.matrix_sink()
        self.assertRaises(exceptions.StoreDuplicate, second.begin, 10)
        second.abort()
        self.assertRaises(exceptions.StoreError, self.matrix_undo)
        start = len(self.some.content) - 4
        first.write(start, memoryview(b'tail'))
        first.commit()
        self.assert_content(self.some.content)
        self.assertTrue(self.matrix_undo())
        self.assert_empty()
