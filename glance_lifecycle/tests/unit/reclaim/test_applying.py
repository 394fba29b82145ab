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

"""Steps are carried out in real directories, and judged before and after."""

import os
import pathlib
import time
from typing import Any
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import brake
from glance_lifecycle.reclaim import outcome
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.reclaim import undoing
from glance_lifecycle.tests.unit.audit.hygiene import helpers as hygiene
from glance_lifecycle.tests.unit.reclaim import applying_case
from glance_lifecycle.transfer.backends.file import kept as keeping
from glance_lifecycle.transfer.backends.file import quarantine as file

A, B, C = applying_case.A, applying_case.B, applying_case.C
Result = outcome.Result


class ApplyingTest(applying_case.ApplyingCase):

    def test_another_has_it(self) -> None:
        """An image of another id was registered with it since."""
        plan = self.plan(self.orphan())
        self.rescued()
        for wishes in ({}, {'purge': True}):
            self.assert_becomes(Result.LEFT, plan, 'A location leads to it.',
                                **wishes)
        self.assertTrue(self.there())

    def test_another_has_it_in_quarantine(self) -> None:
        """It comes back, and is not purged; also once A is forgotten."""
        for forgotten in (False, True):
            plan = self.plan(self.orphan())
            self.assert_becomes(Result.QUARANTINED, plan)
            self.rescued()
            if forgotten:
                del self.database.now[A]
            self.assert_becomes(Result.RESTORED, plan,
                                'A location leads to it.', purge=True)
            self.assertTrue(self.there())
            del self.database.now[B]

    def test_not_readable(self) -> None:
        """A location of any image may lead to it."""
        plan = self.plan(self.orphan())
        unreadable = self.alive(B, locations=(hygiene.Location(''),))
        self.database.now[B] = unreadable
        self.assert_becomes(Result.LEFT, plan, 'cannot be decrypted')
        del self.database.now[B]
        self.assert_becomes(Result.QUARANTINED, plan)
        self.database.now[B] = unreadable
        for forgotten in (False, True):
            if forgotten:
                del self.database.now[A]
            self.assert_becomes(Result.KEPT, plan, purge=True)

    def test_phases(self) -> None:
        plan = self.plan(self.orphan())
        for dry_run in (True, False):
            self.assertTrue(self.there())
            self.assert_becomes(Result.QUARANTINED, plan, dry_run=dry_run,
                                purge=True)
        self.assertFalse(self.there())
        self.assert_becomes(Result.KEPT, plan, 'by the plan ' + plan.id)
        for dry_run in (True, False):
            self.assertEqual(1, len(list(self.found.kept())))
            self.assert_becomes(Result.PURGED, plan, dry_run=dry_run,
                                purge=True)
        self.assertEqual([], list(self.found.kept()))
        self.assert_becomes(Result.GONE, plan, purge=True)

    def test_kept_for_a_while(self) -> None:
        plan = self.plan(self.orphan(), keep=60.0)
        self.apply(plan)
        self.assert_becomes(Result.KEPT, plan, purge=True)

    def test_kept_for_longer(self) -> None:
        """Than the plan says, by whoever applies it."""
        plan = self.plan(self.orphan())
        self.apply(plan)
        self.assert_becomes(Result.KEPT, plan, purge=True, keep=60.0)
        self.assert_becomes(Result.PURGED, plan, purge=True, keep=0.0)

    def test_no_more_is_taken(self) -> None:
        """And what is in quarantine is looked at as ever."""
        one, other = self.orphan(), self.orphan(B)
        plan = self.plan(one, other, most=1)
        self.apply(plan)
        found = self.apply(plan, take=False)
        self.assertEqual([Result.KEPT, Result.BRAKED],
                         [each.result for each in found])
        self.assertTrue(self.there(B))
        self.database.now[A] = self.alive()
        found = self.apply(plan, take=False, purge=True)
        self.assertEqual([Result.RESTORED, Result.BRAKED],
                         [each.result for each in found])

    def test_one_brake_of_several(self) -> None:
        """Plans of one run take no more than one may."""
        first = self.plan(self.orphan())
        second = self.plan(self.orphan(B), made='later')
        limits = brake.Brake(first.stores, 1, 100.0)
        self.assertEqual([Result.QUARANTINED], [
            one.result for one in self.apply(first, limits=limits)])
        self.assertEqual([Result.BRAKED], [
            one.result for one in self.apply(second, limits=limits)])

    def test_needed_before(self) -> None:
        plan = self.plan(self.orphan())
        for image, why in (
                (self.alive(), 'A location leads to it.'),
                (self.alive(size=1), 'Glance says 1.'),
                (self.alive(locations=(), busy=True), 'being imported'),
                (self.alive(locations=(), status='queued'), 'is queued'),
                (self.gone(created=time.time() + 10 ** 5), 'older than')):
            self.database.now[A] = image
            self.assert_becomes(Result.LEFT, plan, why)
        self.database.now[A] = self.gone()
        self.database.tasks.add(A)
        self.assert_becomes(Result.LEFT, plan, 'journal')
        self.database.tasks.clear()
        self.database.now.clear()
        self.assert_becomes(Result.LEFT, plan, 'gone from the database')
        self.assert_becomes(Result.LEFT, plan, 'Another Glance', needed={A})
        self.assertTrue(self.there())
        self.assertEqual([], list(self.found.kept()))

    def test_young(self) -> None:
        plan = self.plan(self.orphan(), grace=3600.0)
        self.assert_becomes(Result.LEFT, plan, 'changed lately')

    def test_changed(self) -> None:
        plan = self.plan(self.orphan())
        self.orphan(data=b'another')
        self.assert_becomes(Result.LEFT, plan, 'another thing by now')
        (self.top / A).unlink()
        self.assert_becomes(Result.GONE, plan)

    def test_another_directory(self) -> None:
        """After a restart, a device may have another number."""
        plan = self.plan(self.orphan())
        again = pathlib.Path(self.path, 'again')
        os.rename(self.top, again)
        self.found.close()
        self.top.mkdir()
        self.found = file.FileQuarantine(
            's1', {'datadirs': [[str(self.top), 0]]})
        self.assert_becomes(Result.LEFT, plan, 'another number')

    def test_kept_elsewhere(self) -> None:
        """What is in quarantine is known by its name, then."""
        plan = self.plan(self.orphan())
        self.apply(plan)
        again = pathlib.Path(self.path, 'again')
        again.mkdir()
        (self.top / keeping.DIRECTORY).rename(again / keeping.DIRECTORY)
        self.found = file.FileQuarantine(
            's1', {'datadirs': [[str(again), 0]]})
        self.addCleanup(self.found.close)
        self.assert_becomes(Result.KEPT, plan)
        self.assert_becomes(Result.PURGED, plan, purge=True)

    def test_one_name_in_two_directories(self) -> None:
        more = pathlib.Path(self.path, 'more')
        more.mkdir()
        self.found.close()
        self.found = file.FileQuarantine(
            's1', {'datadirs': [[str(self.top), 0], [str(more), 0]]})
        self.addCleanup(self.found.close)
        self.orphan()
        (more / A).write_bytes(b'm' * 5000)
        plan = self.plan(*self.found.entries(), most=1)
        for expected in ({'quarantined', 'not yet'},
                         {'in quarantine', 'quarantined'}):
            self.assertEqual(expected, {
                str(one.result) for one in self.apply(plan)})
        self.assertEqual(2, len(list(self.found.kept())))

    def test_needed_after(self) -> None:
        """A location, an import, a copy, that began in between."""
        for image, why in (
                (self.alive(), 'A location leads to it.'),
                (self.alive(locations=(), busy=True), 'being imported'),
                (self.gone(changed=time.time() + 10), 'changed lately')):
            plan = self.plan(self.orphan())
            before = (self.top / A).stat()
            self.database.after, self.database.then = 1, {A: image}
            self.assert_becomes(Result.RESTORED, plan, why)
            after = (self.top / A).stat()
            self.assertEqual((before.st_ino, before.st_mtime_ns),
                             (after.st_ino, after.st_mtime_ns))
            self.database.then = None

    def test_database_fails_after(self) -> None:
        plan = self.plan(self.orphan())
        self.database.after = 1
        self.database.then = exceptions.DatabaseError(detail='it is away')
        self.assertRaises(exceptions.DatabaseError, self.apply, plan)
        self.assertTrue(self.there())
        self.assertEqual([], list(self.found.kept()))

    def test_stuck_when_the_database_fails(self) -> None:
        """What cannot be brought back is said, and so is why it should."""
        plan = self.plan(self.orphan())
        self.database.then = exceptions.DatabaseError(detail='it is away')
        with mock.patch.object(
                self.found, 'restore', side_effect=exceptions.StoreError(
                    store='s1', detail='it is read-only')):
            one, = self.apply(plan)
        self.assertIs(Result.FAILED, one.result)
        for said in ('it is away.', 'brought back: it is read-only.',
                     '"hygiene undo"'):
            self.assertIn(said, one.detail.replace('It is', 'it is'))
        self.assertEqual(1, len(list(self.found.kept(plan.id))))

    def test_needed_while_kept(self) -> None:
        for wishes in ({}, {'purge': True}):
            plan = self.plan(self.orphan())
            self.apply(plan)
            self.database.now[A] = self.alive()
            self.assert_becomes(Result.RESTORED, plan, 'A location', **wishes)
            self.assertTrue(self.there())

    def test_unclear_while_kept(self) -> None:
        plan = self.plan(self.orphan())
        self.apply(plan)
        self.database.tasks.add(A)
        self.assert_becomes(Result.KEPT, plan, 'journal', purge=True)

    def test_forgotten_while_kept(self) -> None:
        """Rows of deleted images are purged, too."""
        plan = self.plan(self.orphan())
        self.apply(plan)
        self.database.now = {B: self.alive(B)}
        self.assert_becomes(Result.RESTORED, plan, 'Another Glance',
                            needed={A}, dry_run=True)
        self.assert_becomes(Result.PURGED, plan, purge=True)

    def test_another_database_while_kept(self) -> None:
        """One that is empty, or of a Glance that does not use the store."""
        plan = self.plan(self.orphan())
        self.apply(plan)
        for images in ({}, {B: self.alive(B, locations=(hygiene.Location(
                f'file://{self.path}/elsewhere/{B}', 's2'),))}, {
                    B: self.gone(B, locations=(hygiene.Location(
                        f'file://{self.top}/{B}', status='deleted'),))}):
            self.database.now = images
            self.assert_becomes(Result.KEPT, plan, 'gone from the database',
                                purge=True)
        self.assertEqual(1, len(list(self.found.kept(plan.id))))

    def test_name_taken_while_kept(self) -> None:
        plan = self.plan(self.orphan())
        self.apply(plan)
        self.orphan(data=b'n' * 5000)
        self.database.now[A] = self.alive(size=5001)
        self.assert_becomes(Result.KEPT, plan, 'Another object', purge=True)
        # Its location leads to what is whole.
        self.database.now[A] = self.alive()
        self.assert_becomes(Result.PURGED, plan, purge=True)
        self.assertEqual(b'n' * 5000, (self.top / A).read_bytes())

    def test_brake(self) -> None:
        entries = [self.orphan(one) for one in (A, B, C)]
        plan = self.plan(*entries, most=2)
        for expected in (['quarantined', 'quarantined', 'not yet'],
                         ['in quarantine', 'in quarantine', 'quarantined']):
            self.assertEqual(expected, [
                str(one.result) for one in self.apply(plan)])
        for expected in (['purged', 'purged', 'not yet'],
                         ['gone', 'gone', 'purged']):
            self.assertEqual(expected, [
                str(one.result) for one in self.apply(plan, purge=True)])

    def test_brake_of_bytes(self) -> None:
        entries = [self.orphan(one) for one in (A, B, C)]
        plan = self.plan(*entries, percent=20.0, stores=(
            plans.Store('s1', 10, entries[0].held * 12),))
        found = self.apply(plan)
        self.assertEqual(['quarantined', 'quarantined', 'not yet'], [
            str(one.result) for one in found])
        self.assertIn('20 percent', found[-1].detail)

    def test_store_failed(self) -> None:
        plan = self.plan(self.orphan())
        self.assert_becomes(Result.FAILED, plan, 'It is away',
                            failed={'s1': 'It is away'})

    def undo(self, plan: str, **other: Any) -> list[outcome.Outcome]:
        return list(undoing.undo(plan, {'s1': self.found, 'again': self.found},
                                 **{'failed': {}, **other}))

    def test_undo(self) -> None:
        plan = self.plan(self.orphan(), self.orphan(B))
        self.apply(plan)
        self.assertEqual([], self.undo('0' * 16))
        self.assertEqual(2, len(self.undo(plan.id, dry_run=True)))
        self.assertFalse(self.there())
        self.orphan(B)
        found = {one.entry.name: one for one in self.undo(
            plan.id, failed={'s9': 'it is away'}) if one.entry}
        self.assertEqual({A: Result.RESTORED, B: Result.FAILED}, {
            name: one.result for name, one in found.items()})
        self.assertTrue(self.there())
        self.assertEqual(['s9', 's1'], [one.store for one in self.undo(
            plan.id, failed={'s9': 'it is away'})])
