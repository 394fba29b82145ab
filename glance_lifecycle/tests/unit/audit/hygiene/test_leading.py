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

"""Which images lead to what bears the id of another."""

from collections.abc import Container
from collections.abc import Iterator

import testtools

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import leading
from glance_lifecycle.tests.unit.audit.hygiene import helpers

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D
HOUR = 3600.0


def image(image_id: str, *urls: str) -> helpers.Image:
    return helpers.Image(image_id, locations=[
        helpers.Location(url) for url in urls])


class Host(helpers.Host):
    """Which tells since when it was asked."""

    def __init__(self, *images: helpers.Image) -> None:
        super().__init__(*images)
        self.asked: list[float | None] = []

    def locations(self, since: float | None = None
                  ) -> Iterator[tuple[str, str]]:
        self.asked.append(since)
        yield from super().locations(since)


class LeadingTest(testtools.TestCase):

    def known(self, *images: helpers.Image,
                wanted: Container[str] | None = None) -> leading.Leading:
        found = leading.Leading(Host(*images), helpers.store(), str, wanted)
        found.refresh()
        return found

    def to(self, found: leading.Leading, subject: str) -> list[str]:
        return sorted(one.id for one in found.to(subject))

    def test_another(self) -> None:
        found = self.known(
            image(A, helpers.URL + A), image(B, helpers.URL + A),
            image(C, helpers.URL + C, helpers.URL + A),
            image(D, helpers.URL + D))
        self.assertEqual([B, C], self.to(found, A))
        self.assertEqual([], self.to(found, D))
        self.assertEqual('', found.unreadable())

    def test_named(self) -> None:
        """By a location that nobody here can follow."""
        found = self.known(image(B, f'file:///alias/{A}'),
                             image(C, f'file:///other/{A}'))
        self.assertEqual([B], self.to(found, A))

    def test_wanted(self) -> None:
        images = image(B, helpers.URL + A), image(D, helpers.URL + C)
        found = self.known(*images, wanted=frozenset([C]))
        self.assertEqual(([], [D]), (self.to(found, A), self.to(found, C)))

    def test_many(self) -> None:
        """All of them are asked for: one of them needs it."""
        found = self.known(*(
            image('%08x%s' % (number, B[8:]), helpers.URL + A)
            for number in range(1100)))
        self.assertEqual(1100, len(self.to(found, A)))

    def test_as_it_is_now(self) -> None:
        host = Host(image(B, helpers.URL + A, ''))
        found = leading.Leading(host, helpers.store(), str)
        found.refresh()
        self.assertEqual(([B], B), (self.to(found, A), found.unreadable()))
        host._later.clear()
        self.assertEqual(([], ''), (self.to(found, A), found.unreadable()))

    def test_very_many_unreadable(self) -> None:
        """Then the key is wrong: they are not looked at one by one."""
        host = Host(*(image('%08x%s' % (number, B[8:]), '')
                      for number in range(1000)))
        found = leading.Leading(host, helpers.store(), str)
        found.refresh()
        host._later.clear()
        self.assertNotEqual('', found.unreadable())

    def test_noted(self) -> None:
        """By who has read all images itself."""
        host = Host(image(A, ''))
        found = leading.Leading(host, helpers.store(), str, since=9 * HOUR)
        found.note_unreadable(A)
        self.assertEqual(A, found.unreadable())
        self.assertEqual([], host.asked)

    def test_gone(self) -> None:
        """Of what is deleted, nobody has to know where it was."""
        host = Host(helpers.Image(A, locations=[
            helpers.Location('', status=claims.GONE)]))
        found = leading.Leading(host, helpers.store(), str)
        found.note_unreadable(A)
        self.assertEqual('', found.unreadable())

    def test_anywhere(self) -> None:
        """Whether the database knows of the store at all."""
        self.assertFalse(self.known().anywhere())
        self.assertFalse(self.known(image(A, 'file:///other/' + A)
                                    ).anywhere())
        self.assertTrue(self.known(image(A, helpers.URL + A)).anywhere())

    def test_since(self) -> None:
        """All of them once, and with other clocks' hour after that."""
        host = Host()
        found = leading.Leading(host, helpers.store(), str)
        found.refresh()
        found.refresh()
        first, second = host.asked
        self.assertIsNone(first)
        assert second is not None
        host.asked.clear()
        found = leading.Leading(host, helpers.store(), str, since=9 * HOUR)
        found.refresh()
        self.assertEqual([8 * HOUR], host.asked)
