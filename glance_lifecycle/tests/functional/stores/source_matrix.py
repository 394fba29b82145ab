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

"""What every source of stored copies must do, as a mix-in."""

import gc
import hashlib
import os
import threading

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.stores import source_case
from glance_lifecycle.tests.unit.transfer.backends import helpers

MIB = source_case.MIB
SECRET = source_case.SECRET


class SourceMatrix(source_case.SourceCase):

    def check_read(self, image: helpers.Image) -> None:
        size = len(image.content)
        with self.opened(self.put(image), size) as source:
            self.assertEqual(size, source.virtual_size)
            self.assertEqual(hashlib.sha512(image.content).hexdigest(),
                             self.digest(source))
            if self.holes:
                self.assertLess(source.bytes_read,
                                image.data_size + 2 * self.unit + 1)
            else:
                self.assertEqual(size, source.bytes_read)

    # What is there.

    def test_layouts(self) -> None:
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                self.check_read(image)

    def test_sizes(self) -> None:
        unit = self.unit
        for size in (1, unit - 1, unit, unit + 1, 3 * unit + 7, 9 * MIB):
            with self.subTest(size):
                self.check_read(helpers.Image(helpers.noise(size)))

    def test_holes(self) -> None:
        if self.holes:
            self.check_read(helpers.Image(helpers.noise(MIB), 200 * MIB,
                                          b'end'))

    def test_size(self) -> None:
        url = self.put(helpers.Image(b'12345'))
        with self.opened(url) as source:
            self.assertEqual(5, source.virtual_size)
        for size in (4, 6):
            with self.assertRaisesRegex(exceptions.CopyCorrupt, '5 bytes'):
                with self.opened(url, size):
                    pass

    def test_fingerprint(self) -> None:
        url = self.put(helpers.Image(b'12345'))
        found = []
        for _ in range(2):
            with self.opened(url) as source:
                found.append(source.fingerprint)
        self.assertEqual(found[0], found[1])
        url = self.put(helpers.Image(b'54321'))
        with self.opened(url) as source:
            # One that cannot tell says nothing.
            self.assertTrue(not source.fingerprint or
                            source.fingerprint != found[0])

    # What is not, or not any more.

    def test_missing(self) -> None:
        url = self.put(helpers.Image(b'12345'))
        self.remove()
        with self.assertRaises(exceptions.CopyMissing) as caught:
            with self.opened(url, 5):
                pass
        self.assertEqual('one', caught.exception.store)
        self.assertNotIn('secret', str(caught.exception))

    def test_replaced_while_it_is_read(self) -> None:
        """It is never a mixture of two versions."""
        first = helpers.noise(5 * MIB, 1)
        with self.opened(self.put(helpers.Image(first)),
                         len(first)) as source:
            buffer = memoryview(bytearray(MIB))
            source.read_into(0, buffer)
            self.put(helpers.Image(helpers.noise(5 * MIB, 2)))
            try:
                for offset in range(MIB, 5 * MIB, MIB):
                    source.read_into(offset, buffer)
                    self.assertTrue(buffer == first[offset:offset + MIB])
            except exceptions.CopyCorrupt as error:
                self.assertIn('was replaced while it was read', str(error))

    def test_removed_while_it_is_read(self) -> None:
        with self.opened(self.put(helpers.Image(helpers.noise(9 * MIB)))
                         ) as source:
            source.read_into(0, memoryview(bytearray(MIB)))
            self.remove()
            if self.whole:
                # Whoever has a file open, or a stream, reads on.
                return
            with self.assertRaisesRegex(exceptions.CopyMissing,
                                        'was removed while it was read'):
                source.read_into(4 * MIB, memoryview(bytearray(MIB)))

    def test_locations_of_others(self) -> None:
        for url in ('', 'x', *self.foreign()):
            with self.subTest(url), self.assertRaises(
                    exceptions.LifecycleError) as caught:
                with self.opened(url):
                    pass
            self.assertNotIn(SECRET, str(caught.exception))
            self.assertNotIn('shadow', str(caught.exception))

    def test_refused(self) -> None:
        url = self.put(helpers.Image(b'12345'))
        for text, options in self.refused().items():
            with self.subTest(text), self.assertRaisesRegex(
                    exceptions.StoreError, text) as caught:
                with self.opened(url, 5, *options):
                    pass
            self.assertNotIn(SECRET, str(caught.exception))
        # There is but one file of options.
        self.source_conf()

    def test_nothing_is_left_running(self) -> None:

        def state() -> tuple[int, int]:
            # urllib3 leaves its sockets to the collector.
            gc.collect()
            return (threading.active_count(),
                    len(os.listdir('/proc/self/fd')))

        url = self.put(helpers.Image(helpers.noise(5 * MIB)))

        def use() -> None:
            with self.opened(url) as source:
                self.digest(source)
            with self.opened(url):
                pass

        # Libraries keep some for themselves, once.
        use()
        threads, files = state()
        for _ in range(4):
            use()

        def closed() -> bool:
            # What a service keeps in this process ends a little later.
            more_threads, more_files = state()
            return more_threads <= threads and more_files <= files + 1
        transfer.until('all is closed', closed)
