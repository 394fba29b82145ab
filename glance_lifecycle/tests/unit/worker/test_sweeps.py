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

"""What the marks of the last sweeps say."""

import datetime
from unittest import mock

from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import sweeps

FULL, CHANGES = sweeps.What.FULL, sweeps.What.CHANGES
POLICY = test_checks.policy(protect={'protected': True})
OTHER = test_checks.policy(visibility={'hidden': True})


def minute(number: int) -> datetime.datetime:
    return datetime.datetime(2026, 1, 1, 0, number, tzinfo=datetime.UTC)


def sweep(ended: int, good: int | None, *, failed: bool = False,
          images: int = 2) -> sweeps.Sweep:
    """By minutes."""
    return sweeps.Sweep(
        minute(ended), None if good is None else minute(good), 'policy',
        images, failed, True)


class SweepsTest(cases.DatabaseTestCase):

    def test_none(self) -> None:
        found = sweeps.read(self.database)
        self.assertEqual(
            (None, None, None, False, False),
            (found.full, found.ended_at, found.last_good, found.has_seen_all,
             found.well))
        self.assertEqual(1970, found.since(300).year)

    def test_well(self) -> None:
        """The last counts, of whichever kind."""
        for changes, well in ((sweep(9, 8), True),
                              (sweep(9, 8, failed=True), False),
                              (sweep(2, 1, failed=True), True)):
            found = sweeps.Sweeps({FULL: sweep(5, 4), CHANGES: changes})
            self.assertEqual(well, found.well)

    def test_last_good(self) -> None:
        """One that has failed since says nothing of what is there now."""
        found = sweeps.Sweeps({FULL: sweep(5, 4), CHANGES: sweep(9, 8)})
        self.assertEqual((minute(8), minute(9)),
                         (found.last_good, found.ended_at))
        found = sweeps.Sweeps({FULL: sweep(5, 4),
                               CHANGES: sweep(9, 8, failed=True)})
        self.assertEqual(minute(4), found.last_good)

    def test_has_seen_all(self) -> None:
        """Of no image at all, it may be a Glance that hides them."""
        for full, seen in ((sweep(5, 4), True), (sweep(5, None), False),
                           (sweep(5, 4, failed=True), False),
                           (sweep(5, 4, images=0), False)):
            found = sweeps.Sweeps({FULL: full, CHANGES: sweep(9, 8)})
            self.assertEqual(seen, found.has_seen_all)
        self.assertFalse(sweeps.Sweeps({CHANGES: sweep(9, 8)}).has_seen_all)

    def test_since(self) -> None:
        found = sweeps.Sweeps({FULL: sweep(5, 4), CHANGES: sweep(9, 8)})
        self.assertEqual(minute(3), found.since(300))

    def test_clock(self) -> None:
        """Whoever wrote it had one that was wrong."""
        to_come = datetime.datetime.now(datetime.UTC) + datetime.timedelta(
            days=1)
        found = sweeps.Sweeps({
            FULL: sweep(5, 4), CHANGES: sweeps.Sweep(
                to_come, to_come, 'policy', 2, False, True)})
        self.assertEqual(minute(4), found.since(0))

    def test_written(self) -> None:
        sweeps.write(self.database, FULL, minute(1), POLICY,
                     observing.Seen(images=7), '')
        full = sweeps.read(self.database).full
        assert full is not None
        self.assertEqual(
            (minute(1), POLICY.digest, 7, False, True),
            (full.good, full.policy, full.images, full.failed, full.noted))

    def test_failed(self) -> None:
        """What the last good one saw stays; of its policy, not of another."""
        for policy, digest in ((POLICY, POLICY.digest), (OTHER, '')):
            sweeps.write(self.database, FULL, minute(1), POLICY,
                         observing.Seen(images=7), '')
            sweeps.write(self.database, FULL, minute(2), policy, None, 'No.')
            full = sweeps.read(self.database).full
            assert full is not None
            self.assertEqual(
                (minute(1), digest, 7, True),
                (full.good, full.policy, full.images, full.failed))

    def test_one_query(self) -> None:
        """An idle worker asks each second."""
        sweeps.write(self.database, FULL, minute(1), POLICY,
                     observing.Seen(images=7), '')
        with mock.patch.object(self.database, 'read',
                               wraps=self.database.read) as asked:
            sweeps.read(self.database)
        asked.assert_called_once()

    def test_unreadable(self) -> None:
        for value in ('', '[]', '{}', '{"ended_at": "2026-01-01"}'):
            marks.set(self.database, FULL.mark, value)
            self.assertIsNone(sweeps.read(self.database).full)

    def test_other_marks(self) -> None:
        marks.set(self.database, 'sweep/unheard-of', '{}')
        self.assertEqual(sweeps.Sweeps(), sweeps.read(self.database))
