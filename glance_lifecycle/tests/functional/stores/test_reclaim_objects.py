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

"""From a plan to the purge, and back, with object stores of a real Glance."""

import abc
import pathlib
from typing import Any

from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import reclaim_case
from glance_lifecycle.tests.functional.stores import test_hygiene_objects
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.object_store import quarantined

PLACE = test_hygiene_objects.PLACE


class BothPlacesCase(
        test_hygiene_objects.ObjectHygieneCase, reclaim_case.ReclaimCase):
    """Whoever took it was killed when it was copied."""

    @abc.abstractmethod
    def copied(self, name: str, to: str) -> None:
        """The service copies an object."""

    def revive(self, image_id: str) -> None:
        """Deleted by mistake, and brought back by hand."""
        self.api.sql("update images set status = 'active', deleted = 0 "
                     f"where id = '{image_id}'")
        self.api.sql("update image_locations set deleted = 0, status = "
                     f"'active' where image_id = '{image_id}'")

    def killed(self, image_id: str, name: str) -> pathlib.Path:
        """It has copied one image of a plan."""
        path = self.plan(name=name)
        self.copied(image_id, quarantined.name(
            plans.load(path.read_bytes()).id, image_id))
        return path

    def in_both_places(self) -> None:
        """The original goes, unless a location leads to it again."""
        self.new_images()
        image_id = self.new_image(b'g' * 500)
        self.drop(image_id)
        plan = self.killed(image_id, 'needed')
        self.revive(image_id)
        self.assertEqual(
            {image_id: 'restored'},
            self.outcomes(self.reclaim('apply', str(plan), code=3)))
        self.assertEqual(b'g' * 500, self.admin.download(image_id))
        self.assertEqual([], self.found(code=0))
        self.drop(image_id)
        plan = self.killed(image_id, 'needless')
        for result in ('quarantined', 'in quarantine'):
            self.assertEqual(
                {image_id: result},
                self.outcomes(self.reclaim('apply', str(plan))))
        self.assertEqual({'GLC038': [image_id]},
                         self.about(self.found(code=0)))


class SwiftReclaimTest(  # type: ignore[misc] # "put" is of that store
        test_hygiene_objects.SwiftHygieneCase, BothPlacesCase):

    def copied(self, name: str, to: str) -> None:
        self.client.copy_object(PLACE, name, f'/{PLACE}/{to}')

    def test_in_both_places(self) -> None:
        self.in_both_places()

    def look(self, name: Any) -> Any:
        return self.client.get_object(PLACE, str(name))[1]

    def test_whole_way(self) -> None:
        kept = [*self.new_images(), self.large()]
        small, large, hollow = (
            self.new_image(b's' * 500), self.large(), self.large())
        for image_id in (small, large, hollow):
            self.drop(image_id)
        self.client.delete_object(PLACE, hollow)
        before = [self.look(one) for one in (small, large, hollow + '-00001')]
        there = self.service.everything()
        plan = self.plan()
        orphans = (small, large, hollow)
        self.assertEqual(set(orphans), {
            row['Image'] for row in self.planned.json})
        self.assertEqual(dict.fromkeys(orphans, 'quarantined'),
                         self.outcomes(self.reclaim('apply', str(plan))))
        self.assertEqual({'GLC038': sorted(orphans)},
                         self.about(self.found(code=0)))
        self.assertEqual(dict.fromkeys(orphans, 'restored'),
                         self.outcomes(self.reclaim('undo', str(plan))))
        self.assertEqual(there, self.service.everything())
        self.assertEqual(before, [
            self.look(one) for one in (small, large, hollow + '-00001')])
        # They have been written since.
        plan = self.plan(name='again')
        self.reclaim('apply', str(plan))
        self.assertEqual(
            dict.fromkeys(orphans, 'purged'), self.outcomes(
                self.reclaim('apply', str(plan), '--purge', '--yes')))
        self.assertEqual([], self.found(code=0))
        self.assertEqual([], [one for one in self.service.everything()
                              if any(image_id in one
                                     for image_id in orphans)])
        for image_id in kept:
            self.assertTrue(self.admin.download(image_id))


class S3ReclaimTest(  # type: ignore[misc]
        test_hygiene_objects.S3HygieneCase, BothPlacesCase):

    def copied(self, name: str, to: str) -> None:
        self.client.copy_object(Bucket=PLACE, Key=to, CopySource={
            'Bucket': PLACE, 'Key': name})

    def test_in_both_places(self) -> None:
        self.in_both_places()

    def reclaim(self, what: str, *argv: str, code: int = 0
                ) -> openstack.Answer:
        # Swift's S3 API rounds the time of a change up.
        waiting.next_second()
        return super().reclaim(what, *argv, code=code)

    def test_whole_way(self) -> None:
        kept = self.new_images()
        gone = self.new_image(b'g' * 500)
        self.drop(gone)
        plan = self.plan()
        self.assertEqual({gone: 'quarantined'},
                         self.outcomes(self.reclaim('apply', str(plan))))
        self.assertEqual({'GLC038': [gone]},
                         self.about(self.found(code=0)))
        self.assertEqual({gone: 'restored'},
                         self.outcomes(self.reclaim('undo', str(plan))))
        self.assertEqual(b'g' * 500, self.client.get_object(
            Bucket=PLACE, Key=gone)['Body'].read())
        # The same bytes, and a copy that is younger than the plan knows.
        plan = self.plan(name='again')
        self.assertEqual({gone: 'quarantined'},
                         self.outcomes(self.reclaim('apply', str(plan))))
        self.assertEqual(
            {gone: 'purged'}, self.outcomes(
                self.reclaim('apply', str(plan), '--purge', '--yes')))
        self.assertEqual([], self.found(code=0))
        for image_id in kept:
            self.assertTrue(self.admin.download(image_id))


class VersionsReclaimTest(  # type: ignore[misc]
        test_hygiene_objects.RadosGwHygieneCase, reclaim_case.ReclaimCase):
    """A bucket that keeps versions: what is promised comes back."""

    def held(self) -> int:
        """Bytes of all versions."""
        found = self.client.list_object_versions(Bucket=PLACE)
        return sum(one['Size'] for one in found.get('Versions', ()))

    def test_whole_way(self) -> None:
        self.keep_versions()
        kept = self.new_images()
        # This one Glance has deleted, as far as the bucket lets it.
        self.admin.delete(self.new_image(b'o' * 300))
        before = self.held()
        gone = self.new_image(b'g' * 500)
        self.drop(gone)
        plan = self.plan()
        self.assertEqual(500, sum(row['Bytes'] for row in self.planned.json))
        self.assertEqual({gone: 'quarantined'},
                         self.outcomes(self.reclaim('apply', str(plan))))
        # Once, and not as an old version besides.
        self.assertEqual(before + 500, self.held())
        self.assertEqual({gone: 'restored'},
                         self.outcomes(self.reclaim('undo', str(plan))))
        self.assertEqual(b'g' * 500, self.client.get_object(
            Bucket=PLACE, Key=gone)['Body'].read())
        plan = self.plan(name='again')
        self.assertEqual({gone: 'quarantined'},
                         self.outcomes(self.reclaim('apply', str(plan))))
        self.assertEqual(
            {gone: 'purged'}, self.outcomes(
                self.reclaim('apply', str(plan), '--purge', '--yes')))
        self.assertEqual(before, self.held())
        row = self.only(self.found(code=0), 'GLC130')
        self.assertEqual(300, row['Bytes'])
        for image_id in kept:
            self.assertTrue(self.admin.download(image_id))
