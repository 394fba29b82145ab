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


"""Stores as a whole: another's, not mounted, broken off, the same twice."""

from typing import Any

import testtools

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D


def strangers(number: int) -> list[inventory.Entry]:
    return [helpers.entry('%08x-0000-4000-8000-000000000000' % one)
            for one in range(number)]


class ExaminationTest(testtools.TestCase):

    def examine(self, host: helpers.Host, *inventories: helpers.Inventory,
                failed: Any = None) -> list[wording.Item]:
        stores = {f's{number}': one
                  for number, one in enumerate(inventories, 1)}
        self.examination = examination.Examination(
            host, stores, [*stores, *(failed or {})], failed or {},
            helpers.TIMES)
        return list(self.examination.items())

    def found(self, host: helpers.Host, *inventories: helpers.Inventory,
              **other: Any) -> list[tuple[str, str]]:
        return [(one.slug, one.finding.subject) for one in self.examine(
            host, *inventories, **other)]

    def test_all(self) -> None:
        host = helpers.Host(
            helpers.stored(A), helpers.gone(B), helpers.stored(C),
            helpers.Image(D, size=None, locations=()))
        items = self.examine(host, helpers.Inventory(
            helpers.entry(A), helpers.entry(B),
            helpers.entry('volume-1', inventory.Kind.FOREIGN)))
        self.assertEqual(
            [('orphan-object', B, 4096), ('missing-object', C, 0),
             ('foreign-objects', 's1', 4096)],
            [(one.slug, one.finding.subject, one.held) for one in items])
        totals = self.examination.totals['s1']
        self.assertEqual((3, 3 * 4096), (totals.objects, totals.held))
        self.assertEqual((1, 4096), totals.found['orphan-object'])

    def test_another_may_need_it(self) -> None:
        """By a location that cannot be followed, or not even be read."""
        good = [f'{number:08d}{A[8:]}' for number in range(3)]
        listed = helpers.Inventory(*map(helpers.entry, (A, *good)))
        for url, word in ((f'file:///alias/{A}', 'object-unclear'),
                          ('', 'object-unclear'),
                          (f'file:///alias/{C}', 'orphan-object')):
            host = helpers.Host(
                helpers.gone(A), *map(helpers.stored, good),
                helpers.Image(B, locations=(helpers.Location(url),)))
            found = self.examine(host, listed)
            self.assertIn((word, A), [
                (one.slug, one.where.rpartition('/')[2]) for one in found])
        self.assertIn(B, next(
            one.finding.evidence for one in self.examine(helpers.Host(
                helpers.gone(A), *map(helpers.stored, good), helpers.Image(
                    B, locations=(helpers.Location(''),))), listed)
            if one.slug == 'object-unclear'))

    def test_images(self) -> None:
        host = helpers.Host(
            helpers.Image(A), helpers.Image(B, size=0),
            helpers.Image(C, 'queued'), helpers.stored(D, hashed=False),
            helpers.gone(B))
        self.assertEqual(
            [('image-without-location', A), ('image-without-hash', D)],
            self.found(host, helpers.Inventory(helpers.entry(D))))

    def test_few_of_others(self) -> None:
        host = helpers.Host(helpers.stored(A), helpers.stored(B),
                            helpers.gone(C))
        entries = [helpers.entry(one) for one in (A, B, C)]
        found = self.found(host, helpers.Inventory(*entries, *strangers(2)))
        self.assertEqual(
            [('object-of-unknown-image', one.name) for one in strangers(2)]
            + [('orphan-object', C)], found)

    def test_most_of_others(self) -> None:
        """None is judged, and none is looked at again."""
        host = helpers.Host(helpers.stored(A), helpers.stored(B),
                            helpers.gone(C))
        listed = helpers.Inventory(*(helpers.entry(one) for one in (A, B, C)),
                                   *strangers(3))
        self.assertEqual([('store-of-another', 's1')],
                         self.found(host, listed))
        self.assertEqual([], listed.looked)

    def test_own_locations_of_a_shared_store(self) -> None:
        host = helpers.Host(helpers.stored(A), helpers.stored(B),
                            helpers.gone(C))
        listed = helpers.Inventory(helpers.entry(A), helpers.entry(C),
                                   *strangers(9))
        self.assertEqual([('store-of-another', 's1'), ('missing-object', B)],
                         self.found(host, listed))

    def test_not_mounted(self) -> None:
        host = helpers.Host(helpers.stored(A), helpers.gone(B))
        self.assertEqual([('store-not-the-one', 's1')],
                         self.found(host, helpers.Inventory()))
        self.assertEqual(
            [('store-not-the-one', 's1')],
            self.found(host, helpers.Inventory(helpers.entry(B))))

    def test_empty(self) -> None:
        self.assertEqual([], self.found(helpers.Host(helpers.gone(A)),
                                        helpers.Inventory()))

    def test_no_database(self) -> None:
        self.assertEqual([('store-of-another', 's1')], self.found(
            helpers.Host(), helpers.Inventory(*strangers(1))))

    def test_broken_off(self) -> None:
        host = helpers.Host(helpers.stored(A), helpers.gone(B))
        items = self.examine(
            host, helpers.Inventory(helpers.entry(B), broken=True),
            failed={'s2': 'it is\x1b[31m away'})
        self.assertEqual([('store-not-listed', 's1'),
                          ('store-not-listed', 's2')],
                         [(one.slug, one.finding.subject) for one in items])
        self.assertIn('as it was told to.', items[0].finding.evidence)
        self.assertNotIn('\x1b', items[1].finding.evidence)

    def test_the_same_twice(self) -> None:
        host = helpers.Host(helpers.gone(A))
        listed = [helpers.Inventory(helpers.entry(A)) for _ in range(2)]
        self.assertEqual([('orphan-object', A)], self.found(host, *listed))

    def test_endless(self) -> None:
        class Endless(helpers.Inventory):
            def bounded(self, found):  # type: ignore[no-untyped-def]
                yield from super().bounded(iter(strangers(5)))

        with testtools.ExpectedException(AssertionError):
            # It is this very number that bounds it.
            self.assertLess(inventory.MOST, 5)
        self.addCleanup(setattr, inventory, 'MOST', inventory.MOST)
        inventory.MOST = 4
        found = self.examine(helpers.Host(), Endless())
        self.assertEqual(['store-not-listed'], [one.slug for one in found])
        self.assertIn('more than 4 entries', found[0].finding.evidence)

    def test_nothing_stays(self) -> None:
        """Whoever stops half way leaves nothing open."""
        items = examination.Examination(
            helpers.Host(helpers.gone(A), helpers.gone(B)),
            {'s1': helpers.Inventory(helpers.entry(A), helpers.entry(B))},
            ['s1'], {}, helpers.TIMES).items()
        next(items)
        del items
