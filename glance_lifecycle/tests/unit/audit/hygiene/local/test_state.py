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

import fcntl
import os
import uuid

from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import state
from glance_lifecycle.copies import verified
from glance_lifecycle.tests.unit.audit.hygiene.local import case
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import journal_record


class StateTest(case.LocalCase):

    def setUp(self) -> None:
        super().setUp()
        self.handed: set[str] = set()
        self.place = state.StateDir(str(self.base), self.has_worker,
                                    verified)
        self.host = case.Host(case.image(case.A), case.gone(case.B))

    def has_worker(self, record: journal_record.Record) -> bool:
        return record.task_id in self.handed

    def journal(self, name: str, image_id: str = case.A) -> journal.Journal:
        made = journal.create(str(self.base), name, image_id)
        self.addCleanup(made.close)
        return made

    def test_journals(self) -> None:
        self.journal('alive')
        for name, image_id in (('dead', case.A), ('gone', case.B),
                               ('handed', case.A), ('awaited', case.A),
                               ('odd', '\x1b[31m')):
            self.journal(name, image_id).close()
        self.handed.add('handed')
        fd = journal.awaited(str(self.base), 'awaited')
        found_ = self.items(self.place, self.host)
        self.assertEqual(
            dict.fromkeys(('transfers/dead.json', 'transfers/gone.json',
                           'transfers/odd.json'), found.JOURNAL),
            {name: one.slug for name, one in found_.items()})
        self.assertEqual(case.A, found_[
            'transfers/dead.json'].finding.subject)
        self.assertNotIn('\x1b', found_['transfers/odd.json'].finding.subject)
        os.close(fd)
        self.assertIn('transfers/awaited.json',
                      self.said(self.place, self.host))
        # None of it was taken.
        self.assertIsNotNone(journal.take(str(self.base), 'dead'))

    def test_locks(self) -> None:
        alive, dead = (str(uuid.uuid4()) for _ in range(2))
        held = [self.put('workers/' + alive).open('ab'),
                self.put('transfers/b.awaited').open('ab'),
                self.put('transfers/.d.new').open('ab')]
        for one in held:
            fcntl.flock(one, fcntl.LOCK_EX)
            self.addCleanup(one.close)
        for name in ('workers/' + dead, 'transfers/a.awaited',
                     'transfers/.c.new', 'workers/x', 'reclaim.lock',
                     'dependents/servers.lock', 'worker.db'):
            self.put(name, b'')
        (self.base / 'workers' / str(uuid.uuid4())).symlink_to('/dev/zero')
        self.assertEqual(
            dict.fromkeys(('workers/' + dead, 'transfers/a.awaited',
                           'transfers/.c.new'), found.LOCK),
            self.said(self.place, self.host))

    def test_awaited_goes_with_its_journal(self) -> None:
        self.journal('a').close()
        os.close(journal.awaited(str(self.base), 'a'))
        self.assertEqual(['transfers/a.json'],
                         [*self.said(self.place, self.host)])

    def test_records(self) -> None:
        record = verified.now('sha512:ab', 'url', 'f')
        for image_id in (case.A, case.B, case.C):
            verified.write(str(self.base), image_id, 's1', record)
        self.put('verified/tmpabc')
        self.put('verified/README')
        self.assertEqual(
            dict.fromkeys(('verified/%s.s1.json' % case.B,
                           'verified/%s.s1.json' % case.C,
                           'verified/tmpabc'), found.RECORD),
            self.said(self.place, self.host))

    def test_empty(self) -> None:
        self.assertEqual({}, self.said(self.place, self.host))
