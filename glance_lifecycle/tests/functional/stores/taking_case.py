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
"""A worker that takes back what the policy lets go, in any store."""

import abc
from typing import ClassVar

from glance_lifecycle.tests.functional import hygiene_case
from glance_lifecycle.tests.functional.worker import looking_case
from glance_lifecycle.tests import waiting


class TakingCase(looking_case.LookingCase):
    """:cvar store: in which all images are"""

    store: ClassVar[str]

    @abc.abstractmethod
    def names(self) -> list[str]:
        """Of all that is where images are."""

    def gone(self) -> str:
        image_id = self.new_image(b'o' * 5000)
        hygiene_case.drop(self.api, image_id)
        return image_id

    def test_whole_way(self) -> None:
        """Taken, brought back by an operator, taken again, and purged."""
        images = self.new_images()
        gone = self.gone()
        before = self.names()
        kept = [name for name in before if name != gone]
        # Swift's S3 API rounds the time of a change up.
        waiting.next_second()
        daemon = self.looks(looking_case.policy(self.store))
        self.until_ended(daemon)
        self.assertEqual(kept, self.names())
        plan = self.plans()[self.store][1]
        self.assertIn(f'quarantined by plan {plan.id}',
                      str(daemon.story(gone)))
        self.assertEqual({gone: 'restored'}, self.outcomes(
            self.reclaim('undo', plan.id)))
        self.assertEqual(before, self.names())
        waiting.next_second()
        daemon.set_policy(looking_case.policy(
            self.store, more=', purge: {after: 0 seconds}'))
        self.again(daemon)
        waiting.until('that it has gone for good is told', lambda: (
            'purged by plan' in str(daemon.story(gone))))
        self.assertEqual(kept, self.names())
        self.assertEqual([], self.found(code=0))
        for image_id in images:
            self.assertTrue(self.admin.download(image_id))
