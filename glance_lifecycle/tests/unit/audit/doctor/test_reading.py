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

import os

from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.tests.unit.audit.doctor import cases


class ReadingTest(cases.DoctorTestCase):

    def refused(self, name: str) -> str:
        with self.assertRaises(reading.Unreadable) as caught:
            reading.text(self.work / name, self.work)
        return caught.exception.reason

    def test_good(self) -> None:
        (self.work / 'f').write_bytes(b'a\r\nb\n')
        self.assertEqual('a\nb\n', reading.text(self.work / 'f', None))
        with self.assertRaises(FileNotFoundError):
            reading.text(self.work / 'g', self.work)

    def test_hostile(self) -> None:
        (self.work / 'binary').write_bytes(bytes(range(256)))
        self.assertIn('no text', self.refused('binary'))
        with (self.work / 'huge').open('wb') as file:
            file.truncate(10 * 1024 ** 4)
        self.assertIn('more than', self.refused('huge'))
        os.mkfifo(self.work / 'fifo')
        self.assertIn('not a file', self.refused('fifo'))
        (self.work / 'directory').mkdir()
        self.assertIn('not a file', self.refused('directory'))

    def test_links(self) -> None:
        (self.work / 'loop').symlink_to('loop')
        self.assertIn('links', self.refused('loop'))
        (self.work / 'nothing').symlink_to('nowhere')
        self.assertIn('to nothing', self.refused('nothing'))
        (self.work / 'out').symlink_to('/etc/hostname')
        self.assertIn('outside', self.refused('out'))
        self.assertTrue(reading.read(self.work / 'out', None))
        (self.work / 'device').symlink_to('/dev/zero')
        with self.assertRaises(reading.Unreadable):
            reading.read(self.work / 'device', None)

    def test_denied(self) -> None:
        (self.work / 'denied').touch(0)
        if os.geteuid() == 0:
            # Who may read everything.
            self.work.chmod(0o755)
            self.addCleanup(os.seteuid, 0)
            os.seteuid(65534)
        self.assertIn('denied', self.refused('denied').lower())
