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

"""What a mess came from does not matter: what is needed stays, bit for bit."""

import json
import pathlib

from glance_lifecycle.tests.functional import history_case
from glance_lifecycle.tests.functional import mess
from glance_lifecycle.tests.functional import mess_case


class HistoryTest(history_case.HistoryCase):

    def history(self, seed: int) -> None:
        """From the mess to the purge, and half of it back and forth."""
        chance = self.seeded(seed)
        cloud = self.mess(seed)
        made = cloud.manifest
        needless = {one.path for one in made.needless}
        before = mess_case.tree(self.api)
        kept = {path: one for path, one in before.items()
                if path not in needless}
        most = str(chance.choice((5, 7, 100)))
        plan = self.plan_all(needless, most, 'first')
        self.assertEqual(dict.fromkeys(needless, 'quarantined'), {
            path: 'quarantined' for path in self.applied(plan)})
        self.assert_is(kept)
        self.reclaim('undo', json.loads(plan.read_text())['digest'][:16])
        self.assert_is(before)
        self.assertEqual(sorted(needless), sorted(mess.left(made)))
        # Somebody else is at work meanwhile.
        more = self.new_image(b'meanwhile')
        kept[str(self.path(more))] = mess_case.tree(self.api)[
            str(self.path(more))]
        # What came back has just changed: after the export of then.
        self.plan(*self.heeding, name='too-early')
        self.assertEqual([], self.planned.json)
        cloud.export()
        plan = self.plan_all(needless, most, 'second')
        self.applied(plan)
        self.assert_is(kept)
        result = self.applied(plan, '--purge', '--yes')
        self.assertEqual(set(), set(result.values()) - {'purged', 'gone'})
        self.assert_is(kept)
        for store in self.api.stores:
            self.assertEqual([], self.kept(store))
        self.assertEqual(([], []), (mess.wrong(made), mess.left(made)))
        rows = self.found(*self.heeding, code=1)
        self.assertEqual(sorted(made.missing), self.about(rows)['GLC030'])
        self.assertEqual({'GLC030', 'GLC031', 'GLC029', 'GLC039'},
                         set(self.about(rows)))

    def test_history_1(self) -> None:
        self.history(1)

    def test_history_2(self) -> None:
        self.history(2)

    def test_history_3(self) -> None:
        self.history(3)

    def test_the_same_seed(self) -> None:
        first = self.mess(7, number=1).manifest
        for one in (*first.stay, *first.needless):
            pathlib.Path(one.path).unlink(missing_ok=True)
        self.api.sql('delete from images')
        second = self.mess(7, number=1).manifest
        self.assertEqual(first.to_json(), second.to_json())
        self.assertEqual(first, mess.load(second.to_json()))

    def test_stores_of_another(self) -> None:
        """Nothing but one image is made, and that is deleted."""
        stores = {'s1': self.work, 's2': self.api.store_dir('s2')}
        self.assertRaises(
            mess.NotTheOne, mess.Mess(
                mess_case.Cloud(self.admin), stores,
                mess.Wishes(1, 1, self.exported)).make)
        self.assertEqual([], self.admin.list_images())
        self.assertEqual([], list(self.work.iterdir()))
        self.assertEqual({}, mess_case.tree(self.api))
