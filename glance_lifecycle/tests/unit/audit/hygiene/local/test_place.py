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

from collections.abc import Iterator
import os

from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.tests.unit.audit.hygiene.local import case
from glance_lifecycle.transfer.backends import inventory


class Place(place.Files):
    """All is stale whose image is gone."""

    name = 'staging'
    opened = frozenset((listing.Kind.STAGED,))

    def files(self) -> Iterator[listing.File]:
        for name, status in listing.scan(self.path):
            image_id = inventory.image_id(name[:36])
            yield listing.made(
                self.path, name, status, listing.Kind.STAGED if image_id
                else listing.Kind.OTHER, image_id)

    def verdict(self, file: listing.File, facts: place.Facts
                ) -> found.Verdict | None:
        gone = facts.gone(file.image_id)
        return found.Verdict(found.STAGING, gone) if gone else None


class Changing(Place):
    """Something happens to each file after it was judged."""

    def verdict(self, file: listing.File, facts: place.Facts
                ) -> found.Verdict | None:
        os.chmod(file.where, 0o600)
        return super().verdict(file, facts)


class FilesTest(case.LocalCase):

    def test_gone(self) -> None:
        for name in (case.A, case.B, case.C, case.D.upper(), 'README'):
            self.put(name)
        found_ = self.items(Place(str(self.base)), case.Host(
            case.gone(case.A), case.image(case.B), case.image(case.D)))
        self.assertEqual([case.A, case.C], sorted(found_))
        self.assertIn(place.DELETED, found_[case.A].finding.evidence)
        self.assertIn(place.UNKNOWN, found_[case.C].finding.evidence)
        self.assertEqual(5, self.totals.objects)
        self.assertLessEqual(5 * 4096, self.totals.held)

    def test_large_letters(self) -> None:
        """A database may take them for small ones, or have them itself."""
        self.put(case.A)
        self.put(case.B.upper())
        self.assertEqual({}, self.items(Place(str(self.base)), case.Host(
            case.image(case.A), case.image(case.B.upper()))))

    def test_young(self) -> None:
        self.put(case.A)
        host = case.Host(case.gone(case.A, changed=self.times.now),
                         case.image(case.B))
        one = Place(str(self.base))
        self.assertEqual({}, self.items(one, host))
        self.times = judging.Times(self.times.now - 2 * case.DAY,
                                         case.DAY)
        self.assertEqual({}, self.items(one, case.Host(
            case.gone(case.A), case.image(case.B))))

    def test_open(self) -> None:
        path = self.put(case.A)
        host = case.Host(case.gone(case.A))
        with path.open('rb'):
            self.assertEqual({}, self.items(Place(str(self.base)), host))
        self.assertEqual([case.A], [*self.items(Place(str(self.base)), host)])

    def test_changed_meanwhile(self) -> None:
        self.put(case.A)
        self.assertEqual({}, self.items(
            Changing(str(self.base)), case.Host(case.gone(case.A))))

    def test_empty_database(self) -> None:
        """It is more likely to be the wrong one."""
        self.put(case.A)
        self.assertEqual({case.A: found.UNCLEAR}, self.said(
            Place(str(self.base)), case.Host()))

    def test_batches(self) -> None:
        for number in range(1000):
            self.put('%s.%d' % (case.A, number), b'')
        host = case.Host(case.gone(case.A))
        self.assertEqual(1000, len(self.items(Place(str(self.base)), host)))
        self.assertEqual([1, 1, 1], host.asked)
