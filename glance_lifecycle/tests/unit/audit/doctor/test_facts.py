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

"""Facts of the host on which this runs, and of one that is described."""

import os
import pathlib
import pwd
import tempfile
import unittest
from unittest import mock

from glance_lifecycle.audit.doctor import facts


class PlaceTest(unittest.TestCase):

    def test_lets(self) -> None:
        place = facts.Place('ext4', owner='glance', groups=('ceph',),
                            mode=0o740)
        for user, bits, lets in (
                ('root', 2, True), ('glance', 2, True), ('ceph', 4, True),
                ('ceph', 2, False), ('other', 4, False), ('', 2, None)):
            self.assertIs(lets, place.lets(user, bits), (user, bits))

    def test_cannot_be_told(self) -> None:
        self.assertIsNone(facts.Place('xfs', acl=True).lets('glance', 2))
        self.assertIsNone(facts.Place('nfs', looked=False).lets('glance', 2))


class ThisHostTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self.host = facts.ThisHost()

    def mounts(self, text: str) -> facts.ThisHost:
        path = self.work / 'mountinfo'
        path.write_text(text)
        patcher = mock.patch.object(facts, '_MOUNTS', path)
        patcher.start()
        self.addCleanup(patcher.stop)
        return facts.ThisHost()

    def test_there(self) -> None:
        place = self.host.place(str(self.work))
        assert place is not None
        self.assertTrue(place.exists and place.kind and place.size)
        self.assertEqual(pwd.getpwuid(os.getuid()).pw_name, place.owner)
        self.assertEqual(0o700, place.mode)

    def test_missing(self) -> None:
        """What would be made is described by where."""
        place = self.host.place('%s/a/b' % self.work)
        assert place is not None
        self.assertFalse(place.exists)
        self.assertEqual(os.stat(self.work).st_dev, place.device)

    def test_hostile(self) -> None:
        for path in ('', 'relative', '/a\0b', '/' + 'x' * 9999,
                     '/proc/self/fd/0/x', '/proc/self/environ'):
            self.host.place(path)
            self.assertIn(self.host.files(path), (None, []))

    def test_network(self) -> None:
        """A server that is away would be waited for: nothing is touched."""
        host = self.mounts(
            '1 0 8:1 / / rw - ext4 /dev/sda rw\n'
            '2 1 0:5 / /srv/with\\040space rw shared:1 - nfs4 nas:/x rw\n'
            'nonsense\n - \n')
        with mock.patch('os.stat') as stat:
            place = host.place('/srv/with space/images')
            stat.assert_not_called()
        self.assertEqual(facts.Place('nfs4', looked=False), place)
        self.assertIsNone(host.files('/srv/with space/images'))

    def test_kind(self) -> None:
        """The last that is mounted at the longest path counts."""
        host = self.mounts(
            '1 0 8:1 / / rw - ext4 x rw\n'
            '2 1 0:5 / %s rw - xfs x rw\n'
            '3 2 0:6 / %s rw - tmpfs x rw\n' % (self.work, self.work))
        place = host.place('%s/x' % self.work)
        assert place is not None
        self.assertEqual('tmpfs', place.kind)
        place = host.place('%sx' % self.work)
        assert place is not None
        self.assertEqual('ext4', place.kind)

    def test_no_mounts(self) -> None:
        with mock.patch.object(facts, '_MOUNTS', self.work / 'none'):
            place = self.host.place(str(self.work))
        assert place is not None
        self.assertEqual('', place.kind)

    def test_files(self) -> None:
        (self.work / 'a').write_bytes(b'xyz')
        (self.work / 'b').symlink_to('a')
        (self.work / 'c').mkdir()
        os.utime(self.work / 'a', (0, 0))
        found = self.host.files(str(self.work))
        assert found is not None
        self.assertEqual([('a', 3)], [(one.name, one.size) for one in found])
        self.assertGreater(found[0].age, 1e9)
        self.assertIsNone(self.host.files('%s/none' % self.work))

    def test_memory(self) -> None:
        self.assertGreater(self.host.memory, 1 << 20)
        path = self.work / 'meminfo'
        for text in ('', 'MemTotal:', 'MemTotal: x kB'):
            path.write_text(text)
            with mock.patch.object(facts, '_MEMORY', path):
                self.assertEqual(0, facts.ThisHost().memory)

    def test_plugin(self) -> None:
        with mock.patch('importlib.util.find_spec', return_value=None):
            self.assertIsNone(self.host.plugin('lifecycle'))
        with mock.patch('importlib.util.find_spec'):
            self.assertEqual('it is not installed',
                             self.host.plugin('nobody_has_it'))
            entry = mock.Mock()
            with mock.patch('importlib.metadata.entry_points',
                            return_value=(entry,)):
                self.assertEqual('', self.host.plugin('x'))
                entry.load.side_effect = ImportError('s3cr3t')
                self.assertEqual('it fails with ImportError',
                                 self.host.plugin('x'))


class ToldTest(unittest.TestCase):

    def test_told(self) -> None:
        host = facts.Told({
            'places': {'/a': {'mode': '1777'}}, 'plugins': {'x': 'y'},
            'files': {'/a': [['n', 1, 2]]}})
        self.assertEqual(facts.Place('ext4', owner='glance', mode=0o1777),
                         host.place('/a/'))
        self.assertIsNone(host.place('/b'))
        self.assertEqual([facts.File('n', 1, 2)], host.files('/a'))
        self.assertIsNone(host.files('/b'))
        self.assertEqual('y', host.plugin('x'))
        self.assertIsNone(host.plugin('z'))
