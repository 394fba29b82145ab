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

from glance_lifecycle.audit.hygiene.local import cache
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.tests.unit.audit.hygiene.local import case


class CacheTest(case.LocalCase):

    def setUp(self) -> None:
        super().setUp()
        self.place = cache.Cache(str(self.base), case.DAY)
        self.host = case.Host(case.gone(case.A), case.image(case.B),
                              case.image(case.C, 'deactivated'))

    def test_all(self) -> None:
        for directory in ('.', 'incomplete', 'invalid', 'queue'):
            for name in (case.A, case.B, case.C, case.D):
                self.put('%s/%s' % (directory, name))
        for name in ('cache.db', 'stranger', 'invalid/stranger',
                     'other/' + case.A):
            self.put(name)
        found_ = self.items(self.place, self.host)
        self.assertEqual(
            {case.A, case.D, 'queue/' + case.A, 'queue/' + case.D, *(
                '%s/%s' % (directory, name)
                for directory in ('incomplete', 'invalid')
                for name in (case.A, case.B, case.C, case.D))}, {*found_})
        self.assertEqual({found.CACHE}, {
            one.slug for one in found_.values()})
        self.assertIn('cached image delete ' + case.A,
                      found_[case.A].finding.remedy)
        # What is a directory is one name.
        self.assertEqual(16 + 7, self.totals.objects)

    def test_being_fetched(self) -> None:
        path = self.put('incomplete/' + case.B)
        with path.open('ab'):
            self.assertEqual({}, self.items(self.place, self.host))
        slow = cache.Cache(str(self.base), 3 * case.DAY)
        self.assertEqual({}, self.items(slow, self.host))
        self.assertEqual(1, len(self.items(self.place, self.host)))

    def test_links(self) -> None:
        self.put('elsewhere/' + case.A)
        (self.base / 'incomplete').symlink_to(self.base / 'elsewhere')
        with self.assertRaises(OSError):
            self.items(self.place, self.host)
