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


import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.null import sink as null_sink


class NullSinkTest(unittest.TestCase):

    def test_counts(self) -> None:
        sink = null_sink.NullSink('none', helpers.IMAGE,
                                  null_sink.NullSink.describe(None, 'none'))
        stored = helpers.store(sink, helpers.Image(b'abc', 5, b'd'))
        self.assertEqual(4, sink.bytes_written)
        self.assertEqual({'store': 'none'}, stored.metadata)
        self.assertEqual(['begin', 'write', 'zero', 'write', 'commit'],
                         sink.calls)
        self.assertFalse(null_sink.NullSink.undo('none', helpers.IMAGE, {},
                                                 []))
        self.assertEqual({'absent': True},
                         null_sink.NullSink.absent('none', helpers.IMAGE, {}))

    def test_fails_at(self) -> None:
        sink = null_sink.NullSink('none', helpers.IMAGE,
                                  {'fail_at': 6, 'error': 'StoreFull'})
        sink.begin(9)
        sink.write(0, memoryview(b'abc'))
        self.assertRaises(exceptions.StoreFull, sink.zero, 3, 5)

    def test_fails_in(self) -> None:
        for method in ('begin', 'commit'):
            sink = null_sink.NullSink('none', helpers.IMAGE,
                                      {'fail_in': method})
            self.assertRaises(exceptions.StoreError, helpers.store, sink,
                              helpers.Image(b'abc'))
