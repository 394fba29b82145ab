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

"""For how long nothing has needed an image: unknown is not unused."""

from collections.abc import Iterator
import datetime
import json
from typing import Any
import unittest

from glance_lifecycle.dependents import base
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import uses
from glance_lifecycle.worker import usage

DAY = 86400
SERVER = image_api.image_id(99)


def nothing(_since: Any) -> list[str]:
    """It is in use."""
    return []


class UsageTest(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.now = datetime.datetime.now(datetime.UTC)
        self.usage = usage.Usage(self.database, datetime.timedelta(days=3))

    def watched(self, since: float, last: float = 0) -> None:
        """As if somebody had, so many days ago."""
        marks.set(self.database, 'use', json.dumps({
            'since': self.ago(since).isoformat(),
            'last': self.ago(last).isoformat()}))

    def ago(self, days: float) -> datetime.datetime:
        return self.now - datetime.timedelta(days=days)

    def image(self, number: int = 1, **changes: Any) -> dict[str, Any]:
        return image_api.image(number, **{
            'created_at': self.ago(500).isoformat(), **changes})

    def unused(self, image: Any = None, found: usage.Unused | None = None
               ) -> float | None:
        """Days."""
        seconds = (found or self.usage.unused)(image or self.image(),
                                               self.now)
        return None if seconds is None else seconds / DAY

    def test_never_watched(self) -> None:
        self.assertIsNone(self.unused())
        self.assertIsNone(self.unused(found=usage.unknown))

    def test_since(self) -> None:
        """From when it was first looked at, or made, or last used."""
        self.watched(90)
        self.assertEqual(90, self.unused())
        self.assertEqual(5, self.unused(self.image(
            created_at=self.ago(5).isoformat())))
        uses.saw(self.database, [image_api.image_id(1)], self.ago(20))
        self.assertEqual(20, self.unused())
        self.assertEqual(90, self.unused(self.image(2)))
        self.usage.saw(image_api.image_id(2))
        self.assertEqual(0, self.unused(self.image(2)))
        for created in ('yesterday', None, '2026-01-01T00:00:00'):
            self.assertIsNone(self.unused(self.image(created_at=created)))

    def test_until(self) -> None:
        """What was since it was last listed is not known."""
        self.watched(90, 2)
        self.assertEqual(88, self.unused())
        self.assertEqual(0, self.unused(self.image(
            created_at=self.ago(1).isoformat())))

    def test_shelved(self) -> None:
        """The disk of a server that is shelved."""
        self.watched(90)
        uses.saw(self.database, [SERVER], self.ago(20))
        image = self.image(name='vm-shelved', instance_uuid=SERVER)
        self.assertEqual(20, self.unused(image))
        self.assertEqual(90, self.unused(image | {'name': 'vm'}))

    def test_watched(self) -> None:
        """What is listed is written down; the time goes on."""
        self.watched(90, 1)
        found = self.usage.watched(lambda _since: [image_api.image_id(1)])
        for answer in (found, None):
            self.assertEqual(0, self.unused(found=answer))
            self.assertEqual(90, self.unused(self.image(2), answer))

    def test_since_the_last_time(self) -> None:
        """It is asked for what was used, and is gone by now."""
        asked = []

        def in_use(since: Any) -> list[str]:
            asked.append(since)
            return []
        self.usage.watched(in_use)
        self.watched(90, 1)
        self.usage.watched(in_use)
        self.watched(90, 4)
        self.usage.watched(in_use)
        self.assertEqual([None, self.ago(1), None], asked)

    def test_gap(self) -> None:
        """After a long time without a listing it counts anew."""
        self.watched(90, 3.1)
        self.assertIsNone(self.unused())
        found = self.usage.watched(nothing)
        for answer in (found, None):
            self.assertEqual(0, self.unused(found=answer))

    def test_not_listed(self) -> None:
        """A listing that breaks off is none."""
        self.watched(90, 1)

        def broken(_since: Any) -> Iterator[str]:
            yield image_api.image_id(1)
            raise base.NotAsked(detail='Nova is away')
        unittest.TestCase.assertRaises(self, base.NotAsked,
                                       self.usage.watched, broken)
        self.assertEqual({}, uses.listed(self.database))
        # What was known may be so no more.
        self.assertIsNone(self.unused())
        for found in (self.usage.watched(nothing), None):
            self.assertEqual(90, self.unused(found=found))

    def test_not_listed_at_first(self) -> None:
        """Nor is that the beginning of anything."""
        def broken(_since: Any) -> Iterator[str]:
            raise base.NotAsked(detail='Nova is away')
            yield
        unittest.TestCase.assertRaises(self, base.NotAsked,
                                       self.usage.watched, broken)
        self.assertIsNone(marks.get(self.database, 'use'))

    def test_clock(self) -> None:
        """A time to come is none that was watched."""
        self.watched(90, -1)
        self.assertIsNone(self.unused())

    def test_no_mark_of_ours(self) -> None:
        for value in ('', '[]', '{}', '{"since": 1, "last": 2}',
                      '{"since": "x", "last": "y"}', 'null',
                      '{"since": "2026-01-01", "last": "2026-01-01"}'):
            marks.set(self.database, 'use', value)
            self.assertIsNone(self.unused())

    def test_forgotten(self) -> None:
        """What is forgotten was not watched."""
        longest = wants.LONGEST_UNUSED / DAY
        uses.saw(self.database, [image_api.image_id(1)],
                 self.ago(longest + 1))
        self.watched(longest + 100)
        self.usage.watched(nothing)
        self.assertEqual({}, uses.listed(self.database))
        self.assertAlmostEqual(longest, self.unused(self.image(
            created_at='2000-01-01T00:00:00Z')) or 0, places=2)
