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

"""A step whose object is in quarantine, and where it was before."""

from typing import Any
from unittest import mock

from glance_lifecycle.reclaim import outcome
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.tests.unit.reclaim import applying_case
from glance_lifecycle.transfer.backends import inventory

A = applying_case.A
Result = outcome.Result


class BothPlacesTest(applying_case.ApplyingCase):

    def taken(self) -> tuple[inventory.Entry, plans.Plan]:
        entry = self.orphan()
        plan = self.plan(entry)
        self.apply(plan)
        return entry, plan

    def test_in_both_places(self) -> None:
        """Whoever took it was killed when it was copied."""
        entry, plan = self.taken()
        with mock.patch.object(self.found, 'look', return_value=entry), (
                mock.patch.object(self.found, 'put', return_value=True)
                ) as put:
            for dry_run in (True, False):
                put.assert_not_called()
                self.assert_becomes(Result.QUARANTINED, plan, purge=True,
                                    dry_run=dry_run)
            put.assert_called_once_with(plan.steps[0].entry, plan.id)
            # Somebody uses what has the name by now.
            put.return_value = False
            self.assert_becomes(Result.PURGED, plan, purge=True)

    def test_needed_in_both_places(self) -> None:
        """It is the original that stays, and the copy is left over."""
        entry, plan = self.taken()
        for image in (self.gone(size=5000), self.alive()):
            self.rescued()
            self.database.now[A] = image
            with mock.patch.object(self.found, 'look', return_value=entry), (
                    mock.patch.object(self.found, 'put')) as put, (
                    mock.patch.object(self.found, 'restore')) as restore:
                for dry_run in (True, False):
                    restore.assert_not_called()
                    self.assert_becomes(
                        Result.RESTORED, plan, 'A location leads to it.',
                        purge=True, dry_run=dry_run)
                put.assert_not_called()
                self.assertEqual(A, restore.call_args.args[0].entry.name)

    def test_unclear_in_both_places(self) -> None:
        entry, plan = self.taken()
        with mock.patch.object(self.found, 'look', return_value=entry), (
                mock.patch.object(self.found, 'put', return_value=True)
                ) as put:
            # Its row is purged in the meantime.
            self.database.now.clear()
            self.assert_becomes(Result.KEPT, plan, 'gone', purge=True)
            put.assert_not_called()

    def test_needed_after_both_places(self) -> None:
        """A location came while the original was removed."""
        entry, plan = self.taken()

        def put(*_args: Any) -> bool:
            self.database.now[A] = self.alive()
            looked.return_value = None
            return True
        with mock.patch.object(self.found, 'look', return_value=entry
                               ) as looked, mock.patch.object(
                                   self.found, 'put', side_effect=put):
            self.assert_becomes(Result.RESTORED, plan, 'A location')
        self.assertTrue(self.there())
