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

"""What "ceph df" says of a pool."""

import pathlib
import tempfile
import unittest
from unittest import mock

from glance_lifecycle.audit.cloud import room


class RoomTest(unittest.TestCase):

    def test_shared(self) -> None:
        """What two stores have together is noted, and no other."""
        here = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ('a', 'b'):
            (here / name).mkdir()
        notes: list[str] = []
        kinds = {'a': 'file', 'b': 'file', 'c': 'rbd', 'd': 'rbd', 'e': 'rbd'}
        with mock.patch.multiple(
                room, glance_host=mock.Mock(
                    store_kinds=lambda: kinds),
                file_options=mock.Mock(describe=lambda _conf, name: {
                    'datadirs': [(str(here / name), 1)]}),
                _rbd=lambda name: {'fsid': 'f2' if name == 'd' else 'f1'}):
            found = room.of(kinds, notes.append)
            self.assertEqual({*kinds}, {*found})
            self.assertEqual(found['a'].keys(), {'free', 'capacity'})
            self.assertEqual(['Stores a, b are', 'Stores c, e are'], [
                note.partition(' in ')[0] for note in notes])
            notes.clear()
            room.of(['a', 'c', 'd'], notes.append)
            self.assertEqual([], notes)

    def test_room(self) -> None:
        for usage, quota, expected in (
                ({'stored': 30, 'max_avail': 70}, 0, (100, 70)),
                ({'stored': 30, 'max_avail': 70}, 50, (50, 20)),
                ({'stored': 30, 'max_avail': 70}, 10, (30, 0)),
                ({'stored': 0, 'max_avail': 7}, 0, (7, 7)),
                # Without a manager nothing is known.
                ({'stored': 0, 'max_avail': 0}, 0, None), ({}, 0, None),
                ({'stored': 'x', 'max_avail': 7}, 0, None)):
            with self.subTest(usage=usage, quota=quota):
                found = room.room(usage, quota)
                self.assertEqual(expected, (
                    found['capacity']['value'], found['free']['value']
                ) if found else None)
