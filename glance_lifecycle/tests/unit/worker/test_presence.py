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

"""What workers tell of themselves."""

import os
import socket

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import presence

ID = '6f2d7f8e-8f4d-4a52-b6a5-0d8e3f0b7c11'


class PresenceTest(cases.DatabaseTestCase):

    def test_presence(self) -> None:
        mine = presence.Presence(self.database, ID, mode='observe')
        self.assertEqual([], presence.workers(self.database))
        mine.beat()
        first, = presence.workers(self.database)
        self.assertEqual((ID, socket.gethostname(), os.getpid(), 'observe'), (
            first.id, first.host, first.pid, first.mode))
        mine.beat()
        second, = presence.workers(self.database)
        self.assertEqual(first.started_at, second.started_at)
        self.assertGreater(second.seen_at, first.seen_at)
        mine.gone()
        self.assertEqual([], presence.workers(self.database))

    def test_imports(self) -> None:
        """A glance-api waits for no worker that runs none."""
        for number, runs in enumerate((False, True)):
            presence.Presence(self.database, ID[:-1] + str(number),
                              mode='act', imports=runs).beat()
        self.assertEqual([False, True], sorted(
            worker.imports for worker in presence.workers(self.database)))

    def test_unreadable(self) -> None:
        """One is ignored, and hides no other."""
        presence.Presence(self.database, ID, mode='act').beat()
        for name, value in (('a', '{'), ('b', '{}'), ('c', '[]'),
                            ('d', 'null')):
            marks.set(self.database, 'worker/' + name, value)
        self.assertEqual([ID], [
            worker.id for worker in presence.workers(self.database)])

    def test_forget(self) -> None:
        for name in (ID, ID[:-1] + '2'):
            presence.Presence(self.database, name, mode='act').beat()
        presence.forget(self.database, ID)
        presence.forget(self.database, ID)
        self.assertEqual([ID[:-1] + '2'], [
            worker.id for worker in presence.workers(self.database)])
