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

import struct
import unittest

from glance_lifecycle.transfer.backends.rbd import headers
from glance_lifecycle.transfer.backends.rbd import plan_mark

# As Ceph Pacific has written it, of an image of 64 MiB with a snapshot.
SNAPSHOT = (
    b'\x08\x088\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00'
    b'snap\x00\x00\x00\x04\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00'
    b'\x01\x01\x04\x00\x00\x00\x00\x00\x00\x00\x9f\xab\nk%\x8d\x0f+\x00\x00'
    b'\x00\x00\x00')
TIME = b"\x9f\xab\nk\x0e\xdb\xbd'"
VALUES = {
    'access_timestamp': TIME, 'create_timestamp': TIME,
    'features': b'=\x00\x00\x00\x00\x00\x00\x00', 'modify_timestamp': TIME,
    'object_prefix': b'\x15\x00\x00\x00rbd_data.10047860eb58',
    'order': b'\x17', 'size': b'\x00\x00\x00\x04\x00\x00\x00\x00',
    'snap_seq': b'\x80\x00\x00\x00\x00\x00\x00\x00',
    'snapshot_0000000000000080': SNAPSHOT}
SECONDS = 1795861407.0


class ParsedTest(unittest.TestCase):

    def test_as_it_is(self) -> None:
        self.assertEqual(headers.Header(64 << 20, SECONDS, ('snap',)),
                         headers.parsed(VALUES))

    def test_without_snapshots(self) -> None:
        found = headers.parsed({key: value for key, value in VALUES.items()
                                if not key.startswith('snapshot_')})
        assert found is not None
        self.assertEqual((), found.snapshots)

    def test_written_to(self) -> None:
        found = headers.parsed({**VALUES, 'modify_timestamp': struct.pack(
            '<II', int(SECONDS) + 60, 5)})
        assert found is not None
        self.assertEqual(SECONDS + 60, found.changed)

    def test_mark(self) -> None:
        mark = plan_mark.Mark('0123456789abcdef', 'id', SECONDS)
        for value, expected in (
                (mark.to_text().encode(), mark), (b'', None), (b'{', None)):
            found = headers.parsed(
                {**VALUES, 'metadata_lifecycle_quarantine': value})
            assert found is not None
            self.assertEqual(expected, found.mark)
        self.assertIsNone(headers.parsed(
            {**VALUES, 'metadata_lifecycle_quarantine': b'\xff'}))

    def test_as_we_do_not_know_it(self) -> None:
        """Then the image is opened instead."""
        for key in ('size', 'create_timestamp', 'modify_timestamp'):
            with self.subTest(key):
                self.assertIsNone(headers.parsed(
                    {**VALUES, key: VALUES[key][:-1]}))
                self.assertIsNone(headers.parsed(
                    {**VALUES, key: VALUES[key] + b'x'}))
                self.assertIsNone(headers.parsed(
                    {name: value for name, value in VALUES.items()
                     if name != key}))

    def test_snapshot_as_we_do_not_know_it(self) -> None:
        for snapshot in (
                b'', SNAPSHOT[:17], SNAPSHOT[:-1], SNAPSHOT + b'x',
                # Nobody older may read it.
                SNAPSHOT[:1] + b'\x09' + SNAPSHOT[2:],
                # Its name is as long as all, or not text.
                SNAPSHOT[:14] + b'\xff\xff\xff\x7f' + SNAPSHOT[18:],
                SNAPSHOT.replace(b'snap', b's\xff\xfep')):
            with self.subTest(snapshot):
                self.assertIsNone(headers.parsed(
                    {**VALUES, 'snapshot_0000000000000080': snapshot}))

    def test_more_than_are_asked_for(self) -> None:
        more = {'metadata_%d' % number: b'' for number in range(300)}
        self.assertIsNone(headers.parsed({**VALUES, **more}))
