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


"""Services that list badly are not listed for ever."""

from collections.abc import Sequence

import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.null import inventory as null
from glance_lifecycle.transfer.backends.object_store import listing


class AscendingTest(testtools.TestCase):

    def listed(self, *pages: Sequence[str]) -> list[str]:
        """:param pages: what the service answers, the last one for ever"""
        left = list(pages)
        self.asked: list[str] = []

        def page(after: str) -> Sequence[str]:
            self.asked.append(after)
            return left.pop(0) if len(left) > 1 else left[0]
        return list(listing.ascending(page, lambda name: name))

    def test_pages(self) -> None:
        self.assertEqual(['a', 'b', 'c'], self.listed(['a', 'b'], ['c'], []))
        self.assertEqual(['', 'b', 'c'], self.asked)
        self.assertEqual([], self.listed([]))

    def test_endless(self) -> None:
        for pages in ([['a']], [['b'], ['a'], []], [['a', 'a'], []],
                      [['b', 'a'], []], [[''], []]):
            with testtools.ExpectedException(listing.Endless,
                                             '.*order of names'):
                self.listed(*pages)

    def test_too_long(self) -> None:
        with testtools.ExpectedException(listing.Endless, 'a page has'):
            self.listed(['x'] * (listing.LONGEST + 1))

    def test_bytes(self) -> None:
        """As services have it, and not by what JSON or UTF-16 makes of it."""
        names = ['\uffff', '\U00010000']
        self.assertEqual(names, self.listed(names, []))
        self.assertEqual(['\ud800'], self.listed(['\ud800'], []))


class UnderstoodTest(testtools.TestCase):

    def test_size(self) -> None:
        for value in (0, '5', 2 ** 63 - 1):
            self.assertEqual(int(value), listing.size(value))
        for value in (-1, 2 ** 63, '9' * 100):
            self.assertRaises(listing.Endless, listing.size, value)

    def test_errors(self) -> None:
        store = null.NullInventory('s1', {})
        for error in (listing.Endless('so'), KeyError('Key'), ValueError(),
                      AttributeError(), OverflowError(), TypeError()):
            with testtools.ExpectedException(exceptions.StoreError,
                                             '.*the listing broke off'):
                with listing.understood(store):
                    raise error
        with testtools.ExpectedException(exceptions.StoreError, '.*away'):
            with listing.understood(store):
                raise exceptions.StoreError(store='s1', detail='it is away')
