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


"""Containers as Swift lists them, and as it never should."""

from typing import Any
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.swift import inventory as swift

IMAGE = helpers.IMAGE
OTHER = 'a' + IMAGE[1:]
Kind = inventory.Kind


def row(name: str, size: int = 0, second: int = 0, **other: Any
        ) -> dict[str, Any]:
    return {'name': name, 'bytes': size, 'hash': 'h',
            'last_modified': '2026-01-01T00:00:%02d.123450' % second, **other}


class Service:
    """Answers with the pages that it is given; the last one for ever."""

    may_create = False

    def __init__(self, pages: Any) -> None:
        self.pages = list(pages)
        self.away = [row for page in self.pages for row in page
                     if isinstance(row, dict)
                     and str(row.get('name')).startswith(quarantined.PREFIX)]

    def has_container(self) -> bool:
        return True

    def call(self, doing: str, function: str, *args: Any, **kwargs: Any
             ) -> Any:
        if kwargs.get('prefix') == quarantined.PREFIX:
            away, self.away = self.away, []
            return {}, away
        return {}, (self.pages.pop(0) if len(self.pages) > 1
                    else self.pages[0])

    def close(self) -> None:
        pass


class Inventory(swift.SwiftInventory):

    def _service(self, container: str) -> Any:
        return self.fake

    fake: Any = None


class SwiftInventoryTest(helpers.TempDirTestCase):

    def opened(self, **options: Any) -> Inventory:
        return Inventory('one', {
            'container': 'images', 'seed': 0, 'address': 'there:5000/v3',
            'user': 'p:u', 'reference': '', **options})

    def listed(self, *pages: list[dict[str, Any]]) -> list[inventory.Entry]:
        found = self.opened()
        found.fake = Service(pages)
        return list(found.entries())

    def assert_listed(self, expected: list[tuple[str, Kind, int]],
                      *rows: dict[str, Any]) -> list[inventory.Entry]:
        """However the rows come in pages."""
        for pages in ([list(rows), []], [*([one] for one in rows), []]):
            found = self.listed(*pages)
            self.assertEqual(expected, [
                (one.name, one.kind, one.size) for one in found])
        return found

    def test_manifest(self) -> None:
        found = self.assert_listed(
            [(IMAGE, Kind.MANIFEST, 7)], row(IMAGE),
            row(IMAGE + '-00001', 5, 1), row(IMAGE + '-00002', 2, 2))
        self.assertEqual('1767225600.12345', found[0].identity)
        self.assertIn('in 2 segments', found[0].note)

    def test_others(self) -> None:
        self.assert_listed([(IMAGE, Kind.IMAGE, 5)], row(IMAGE, 5))
        self.assert_listed([(IMAGE, Kind.IMAGE, 0)], row(IMAGE))
        self.assert_listed([(IMAGE + '-', Kind.SEGMENT, 7)],
                           row(IMAGE + '-00001', 5), row(IMAGE + '-x', 2))
        # Segments beside an image that is in one piece.
        self.assert_listed(
            [(IMAGE, Kind.IMAGE, 5), (IMAGE + '-', Kind.SEGMENT, 2)],
            row(IMAGE, 5), row(IMAGE + '-00001', 2))

    def test_between(self) -> None:
        """What sorts between an image and its segments is none of it."""
        first, second = sorted((IMAGE, OTHER))
        self.assert_listed(
            [('+', Kind.FOREIGN, 1), (first + ' ', Kind.FOREIGN, 3),
             (first + '.', Kind.FOREIGN, 1), (first, Kind.MANIFEST, 5),
             (second, Kind.IMAGE, 4)],
            row('+', 1), row(first), row(first + ' ', 3),
            row(first + '-00001', 5), row(first + '.', 1), row(second, 4))

    def test_static(self) -> None:
        found = self.assert_listed(
            [(IMAGE, Kind.MANIFEST, 5)], row(IMAGE, 5, slo_etag='"x"'),
            row(IMAGE + '-00001', 5, 1))
        self.assertIn('in 1 segments', found[0].note)

    def test_quarantined(self) -> None:
        name = quarantined.name('0123456789abcdef', IMAGE)
        other = quarantined.name('f' * 16, IMAGE)
        # The segments of what is in quarantine are no orphans.
        self.assert_listed(
            [(IMAGE, Kind.QUARANTINED, 7)], row(IMAGE + '-00001', 5),
            row(IMAGE + '-00002', 2), row(name))
        self.assert_listed(
            [(IMAGE, Kind.IMAGE, 3), (IMAGE, Kind.QUARANTINED, 7)],
            row(IMAGE, 3), row(IMAGE + '-00001', 7),
            row(name, 7, slo_etag='"x"'))
        # Those of what is in one piece are.
        self.assert_listed(
            [(IMAGE + '-', Kind.SEGMENT, 5), (IMAGE, Kind.QUARANTINED, 7)],
            row(IMAGE + '-00001', 5), row(name, 7))
        # Each plan is of its own, and so are segments without a manifest.
        found = self.assert_listed(
            [(IMAGE, Kind.QUARANTINED, 1), (IMAGE + '-', Kind.QUARANTINED, 6),
             (IMAGE, Kind.QUARANTINED, 2)],
            row(name, 1), row(name + '-00001', 2), row(name + '-00002', 4, 3),
            row(other, 2))
        self.assertEqual('2 6 1767225603.12345', found[1].identity)

    def test_too_many_manifests(self) -> None:
        with mock.patch.object(swift, '_MOST_MANIFESTS', 1):
            with self.assertRaisesRegex(exceptions.StoreError, 'more than 1'):
                self.listed([row(quarantined.name('f' * 16, one)) for one in
                             sorted((IMAGE, OTHER))], [])

    def test_bad(self) -> None:
        for pages, why in (
                ([[row('a')]], 'order of names'),
                ([[row('b'), row('a')], []], 'order of names'),
                ([[row('a', -1)], []], '-1 bytes'),
                ([[row(IMAGE + '-1', 2 ** 70)], []], 'bytes'),
                ([[{'subdir': 'a/'}], []], 'KeyError'),
                ([[row('a', last_modified='then')], []], 'ValueError'),
                ([[row('a', bytes=None)], []], 'TypeError'),
                ([['a'], []], 'TypeError')):
            with self.assertRaisesRegex(
                    exceptions.StoreError, f'the listing broke off: .*{why}'):
                self.listed(*pages)

    def test_locations(self) -> None:
        old = f'swift+http://p%3Au:k@there:5000/v3/images/{IMAGE}'
        named = f'swift+config://mine/images/{IMAGE}'
        for options, url, spot in (
                ({}, old, True), ({}, named, False),
                ({}, old.replace('p%3A', 'q%3A'), False),
                ({}, old.replace('there', 'here'), False),
                ({}, old.replace('/images/', '/other/'), False),
                ({}, f'swift+https://there:5000/v3/images/{IMAGE}', False),
                ({'reference': 'mine'}, named, True),
                ({'reference': 'ours'}, named, False),
                ({}, f'file:///images/{IMAGE}', False), ({}, '', False)):
            found = self.opened(**options)
            self.assertEqual(
                inventory.Spot('images', IMAGE) if spot else None,
                found.spot(url), url)
            entry = inventory.Entry(IMAGE, Kind.IMAGE, 'images', IMAGE)
            # Where it leads nobody knows, it may lead here.
            self.assertEqual(url.startswith('swift') and '/other/' not in url,
                             found.leads(entry, url), url)

    def test_seed(self) -> None:
        found = self.opened(seed=2)
        url = f'swift+http://p%3Au:k@there:5000/v3/images_9d/{IMAGE}'
        self.assertEqual(('images_9d', IMAGE), found.spot(url))
        self.assertIsNone(found.spot(url.replace('images_9d', 'images')))

    def test_subject(self) -> None:
        found = self.opened()
        for name, subject in ((IMAGE, IMAGE), (IMAGE + '-', IMAGE),
                              ('x-', ''), ('x', 'x')):
            self.assertEqual(subject or name, found.subject(name))
