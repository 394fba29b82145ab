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

"""What this host remembers of verifications."""

import os
import tempfile
import unittest

from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions

IMAGE = 'b4c9a8a2-6b4d-4a52-8c39-0f5f1f0f5e5d'
URL = 'swift://user:hunter2@host/c/o'


class VerifiedTest(unittest.TestCase):

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.state = holder.name

    def write(self, store: str = 's1') -> verified.Record:
        record = verified.now('sha512:ab', URL, 'f1')
        verified.write(self.state, IMAGE, store, record)
        return record

    def test_again(self) -> None:
        for store in ('s1', 'a/../../b', 'ä'):
            record = self.write(store)
            self.assertEqual(record, verified.read(self.state, IMAGE, store))
        directory = os.path.join(self.state, verified.DIRECTORY)
        self.assertEqual([verified.DIRECTORY], os.listdir(self.state))
        self.assertEqual(3, len(os.listdir(directory)))
        for name in os.listdir(directory):
            with open(os.path.join(directory, name)) as stream:
                self.assertNotIn('hunter2', stream.read())

    def test_of_another_copy(self) -> None:
        record = self.write()
        self.assertTrue(verified.is_of(record, 'sha512:ab', URL, 'f1'))
        for other in (('sha512:ac', URL, 'f1'), ('sha512:ab', 'x', 'f1'),
                      ('sha512:ab', URL, 'f2')):
            self.assertFalse(verified.is_of(record, *other))

    def test_another_location(self) -> None:
        """Of the same copy: after its credentials were changed."""
        self.write()
        other = URL.replace('hunter2', 'hunter3')
        verified.rename(self.state, IMAGE, 's1', 'another', other)
        self.assert_known(URL, 's1')
        verified.rename(self.state, IMAGE, 's1', URL, other)
        self.assert_known(other, 's1')
        verified.rename(self.state, IMAGE, 's2', URL, other)
        self.assertIsNone(verified.read(self.state, IMAGE, 's2'))

    def test_another_name(self) -> None:
        self.write()
        for _time in range(2):
            verified.move(self.state, IMAGE, 's1', 'fast')
            self.assert_known(URL, 'fast')
            self.assertIsNone(verified.read(self.state, IMAGE, 's1'))

    def assert_known(self, url: str, store: str) -> None:
        record = verified.read(self.state, IMAGE, store)
        assert record is not None
        self.assertTrue(verified.is_of(record, 'sha512:ab', url, 'f1'))

    def test_none(self) -> None:
        self.assertIsNone(verified.read(self.state, IMAGE, 's1'))
        self.write()
        verified.forget(self.state, IMAGE, 's1')
        verified.forget(self.state, IMAGE, 's1')
        self.assertIsNone(verified.read(self.state, IMAGE, 's1'))

    def test_listed(self) -> None:
        self.assertEqual({}, verified.listed(self.state))
        verified.remove_temporary(self.state)
        for store in ('s1', 's2'):
            self.write(store)
        directory = os.path.join(self.state, verified.DIRECTORY)
        for name in ('x.json', IMAGE, 'tmpold', 'tmpnew'):
            with open(os.path.join(directory, name), 'w') as stream:
                stream.write('x')
        os.utime(os.path.join(directory, 'tmpold'), (0, 0))
        names = verified.listed(self.state)[IMAGE]
        self.assertEqual([f'{IMAGE}.s1.json', f'{IMAGE}.s2.json'],
                         sorted(names))
        verified.remove_temporary(self.state)
        for name in names:
            self.assertLess(100, verified.size(self.state, name))
            verified.remove(self.state, name)
            verified.remove(self.state, name)
            self.assertEqual(0, verified.size(self.state, name))
        self.assertEqual([IMAGE, 'tmpnew', 'x.json'],
                         sorted(os.listdir(directory)))

    def test_broken(self) -> None:
        self.write()
        directory = os.path.join(self.state, verified.DIRECTORY)
        path = os.path.join(directory, os.listdir(directory)[0])
        for text in ('', '{', '[]', '{"x": 1}', '{"when": 1}'):
            with open(path, 'w') as stream:
                stream.write(text)
            self.assertIsNone(verified.read(self.state, IMAGE, 's1'))

    def test_no_state_dir(self) -> None:
        path = os.path.join(self.state, 'file')
        with open(path, 'w'):
            pass
        with self.assertRaises(exceptions.ConfigurationError) as caught:
            verified.write(path, IMAGE, 's1', verified.now('', '', ''))
        self.assertIn('state_dir', str(caught.exception))

    def test_no_image(self) -> None:
        self.assertRaises(ValueError, verified.read, self.state, '../x',
                          's1')
